# A real redis-server for a story, by TCP and by its socket; collecting_end stops it.
#
#     redis_start                      $REDIS is host:port, $SOCKET its socket

redis_start() {
	local port
	for port in 0 $((20000 + RANDOM % 20000)) $((20000 + RANDOM % 20000)); do
		[ $port != 0 ] || continue
		redis-server --bind 127.0.0.1 --port "$port" --unixsocket "$BATS_TEST_TMPDIR/redis.sock" \
			--save '' --appendonly no --dir "$BATS_TEST_TMPDIR" \
			>"$BATS_TEST_TMPDIR/redis.log" 2>&1 </dev/null 3>&- 4>&- &
		STARTED+=($!)
		REDIS=127.0.0.1:$port SOCKET=$BATS_TEST_TMPDIR/redis.sock
		wait_for 10 redis_answers "${STARTED[-1]}" && ! gone "${STARTED[-1]}" && return
	done
	cat "$BATS_TEST_TMPDIR/redis.log"
	return 1
}

redis_answers() { gone "$1" || redis-cli -s "$BATS_TEST_TMPDIR/redis.sock" ping | grep -q PONG; }
