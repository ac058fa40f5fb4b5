# Watched programs in a story: a server of programs/ that is asked, and the spans that came of it.
#
#     load collecting
#     load watching
#     setup() { collecting_begin; }
#     teardown() { watching_end; }

# serve COMMAND...: a server of programs/ that prints its port and ends with its standard input
serve() {
	rm -f "$BATS_TEST_TMPDIR/out"
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$@" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- 4>&- &
	SERVER=$!
	exec 7>"$BATS_TEST_TMPDIR/in"
	wait_for 20 test -s "$BATS_TEST_TMPDIR/out"
	HERE=127.0.0.1:$(head -n 1 "$BATS_TEST_TMPDIR/out")
}

# Fails if it ended badly.
stop_server() {
	exec 7>&-
	wait "$SERVER"
	SERVER=
	rm "$BATS_TEST_TMPDIR/in"
}

watching_end() {
	[ -z "${SERVER:-}" ] || stop_server
	collecting_end
}

# say TEXT: on a connection of its own, descriptor 5
say() {
	exec 5<>"/dev/tcp/${HERE%:*}/${HERE#*:}"
	printf "$1" >&5
}

# spans FILTER [QUERY]: jq's filter is true of the list of all spans, of the traces that the query asks for
spans() {
	find_page || return 1
	curl -sf -m 10 "$PAGE/api/traces?limit=500${2:+&$2}" |
		jq -r --arg page "$PAGE" '.traces[] | "url = \"\($page)/api/traces/\(.trace_id)\""' |
		curl -sf -m 20 -K - | jq -se "[.[].spans[]] | $1"
}

# see FILTER [QUERY]: it becomes true soon
see() {
	wait_for 20 spans "$@" || {
		spans . "${2:-}" || :
		false
	}
}

# span of the path, as jq
at() { echo "[.[] | select(.attributes.\"url.path\" == \"$1\")]"; }

run_watched() { "$BUILD/oriel" run -- "$@"; }

# same COMMAND...: prints the same and ends the same, with and without
same() {
	local plain=0 watched=0
	rm -f "$BATS_TEST_TMPDIR"/*.db
	"$@" >"$BATS_TEST_TMPDIR/plain" 2>&1 || plain=$?
	rm -f "$BATS_TEST_TMPDIR"/*.db
	run_watched "$@" >"$BATS_TEST_TMPDIR/watched" 2>"$BATS_TEST_TMPDIR/err" || watched=$?
	diff "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/watched"
	[ "$plain" = "$watched" ]
}

# In a loop: which round it was.
fail_at() {
	echo "failed at $*"
	return 1
}
