#!/usr/bin/env bats
# OTEL_SDK_DISABLED=true: nothing is recorded and nothing is there, but trace context and baggage pass through a service
# that knows nothing of them.

bats_require_minimum_version 1.5.0
load collecting
load watching
load serving
setup() {
	collecting_begin
	serving_begin
	disabled=(env OTEL_SDK_DISABLED=true "$BUILD/oriel" run --)
}
teardown() {
	[ -z "${SERVER:-}" ] || stop_server
	serving_end
	collecting_end
}

# passed PATH [CASES]: what came in at the server is what goes out by the call that PATH leads to
passed() { timeout 60 python3 "$BATS_TEST_DIRNAME/propagation.py" "http://$HERE$1" "${2:-passed}"; }

# What a process has: threads, open files, signals that it catches or ignores
has() {
	ls "/proc/$SERVER/task" | wc -l
	ls "/proc/$SERVER/fd" | wc -l
	grep -E '^Sig(Cgt|Ign)' "/proc/$SERVER/status"
}

# Neither a collector nor a file of ours, nor a word.
nothing_is_there() {
	[ -z "$(ls "$ORIEL_RUN_DIR")" ]
	[ ! -e "$ORIEL_DATA_DIR" ]
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "libmicrohttpd and libcurl: what came in goes out as it came, and nothing else is there" {
	serve "$BUILD/programs/busy-server"
	plain=$(has)
	stop_server
	serve "${disabled[@]}" "$BUILD/programs/busy-server"
	[ "$(has)" = "$plain" ]
	passed /next
	passed /next passed_long
	stop_server
	nothing_is_there
}

@test "by the propagators that are asked for" {
	export OTEL_PROPAGATORS=b3
	serve "${disabled[@]}" "$BUILD/programs/busy-server"
	passed /next passed_b3
	stop_server
	nothing_is_there
}

@test "libevent: its server and its client" {
	serve "${disabled[@]}" "$BUILD/programs/evhttp-server"
	passed '/get?{port}'
	stop_server
	nothing_is_there
}

@test "plain sockets, if that is asked for" {
	export ORIEL_SOCKETS_INJECT=yes
	serve "${disabled[@]}" "$BUILD/programs/socket-server" threads
	passed '/call/{port}/x'
	stop_server
	unset ORIEL_SOCKETS_INJECT
	serve "${disabled[@]}" "$BUILD/programs/socket-server" threads
	run passed '/call/{port}/x'
	[ "$status" = 1 ]
	[[ $output == *"NOT ok: a parent"* && $output == *"ok: nothing again"* ]]
	stop_server
	nothing_is_there
}

@test "a trace goes on behind a service that records nothing" {
	local ports=()
	for off in false true false; do
		serve env OTEL_SDK_DISABLED=$off "$BUILD/oriel" run -- "$BUILD/programs/busy-server"
		ports+=("$HERE")
		SERVERS+=("$SERVER")
		rm "$BATS_TEST_TMPDIR/in"
		exec {held}>&7
	done
	SERVER=
	curl -sf -m 10 "http://${ports[0]}/next?http://${ports[1]}/next?http://${ports[2]}/sql" | grep -q next
	see 'length == 4 and ([.[].trace_id] | unique | length == 1)'
	spans '(.[] | select(.attributes."url.path" == "/sql")) as $last
		| (.[] | select(.kind == "client" and .scope == "oriel.libcurl")) as $call | $last.parent_id == $call.span_id'
}

@test "civetweb and FastCGI: what came in is current" {
	local given=00-12345678901234567890123456789012-1234567890123456-00
	serve "${disabled[@]}" "$BUILD/programs/civetweb-server"
	for want in "$given" none; do
		[ "$(curl -s -m 10 -H "traceparent: ${want#none}" "http://$HERE/context")" = "$want" ]
	done
	stop_server
	serve "${disabled[@]}" "$BUILD/programs/fcgi-server"
	for want in "$given" none; do
		env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI=/context HTTP_TRACEPARENT="${want#none}" \
			cgi-fcgi -bind -connect "$HERE" </dev/null | grep -qx "$want"
	done
	stop_server
	nothing_is_there
}

@test "threads and queued work have what was current when they were made" {
	local given=00-12345678901234567890123456789012-1234567890123456-00
	"${disabled[@]}" "$BUILD/programs/threads" "$given" | sort >"$BATS_TEST_TMPDIR/said"
	diff "$BATS_TEST_TMPDIR/said" <(
		{
			printf "%s: $given\n" small exit cancelled c11 'within own' 'pool at first' once 'after work' again 'after work'
			printf '%s: none\n' alone 'after work' 'pool later' waited waited waited waited waited 'nobody asked' stray
			echo 3
		} | sort)
	nothing_is_there
}

@test "librdkafka: a message takes it along, and it is current for who works on that" {
	local given=00-12345678901234567890123456789012-1234567890123456-00
	"${disabled[@]}" "$BUILD/programs/kafka-runs" "$given" </dev/null |
		sed -n 's/^current: //p' | sort | uniq -c >"$BATS_TEST_TMPDIR/said"
	diff -w "$BATS_TEST_TMPDIR/said" - <<-END
		1 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
		6 $given
	END
	nothing_is_there
}

@test "programs do what they do, and get no request ids" {
	export OTEL_SDK_DISABLED=true
	for program in early kafka-runs threads; do
		same "$BUILD/programs/$program"
	done
	for program in 'mhd-modes epoll' civetweb-server evhttp-server; do
		serve "${disabled[@]}" "$BUILD/programs/"$program
		curl -si -m 10 -H 'X-Request-ID: r-1' "http://$HERE/hello" >"$BATS_TEST_TMPDIR/answer"
		grep -q '^hello' "$BATS_TEST_TMPDIR/answer"
		not grep -qi request-id "$BATS_TEST_TMPDIR/answer"
		stop_server
	done
	nothing_is_there
}
