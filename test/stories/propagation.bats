#!/usr/bin/env bats
# Trace context through a watched service that knows nothing of it: in by libmicrohttpd, out by libcurl.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }
teardown() {
	exec 7>&- || :
	[ -z "${SERVER:-}" ] || wait "$SERVER"
	collecting_end
}

# relay: a service that fetches what its query names
relay() {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$BUILD/oriel" run -- "$BUILD/programs/busy-server" <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- 4>&- &
	SERVER=$!
	exec 7>"$BATS_TEST_TMPDIR/in"
	wait_for 20 test -s "$BATS_TEST_TMPDIR/out"
	RELAY=http://127.0.0.1:$(head -n 1 "$BATS_TEST_TMPDIR/out")/next
}

@test "the vectors of W3C Trace Context, all of them" {
	relay
	timeout 60 python3 "$BATS_TEST_DIRNAME/propagation.py" "$RELAY" w3c
}

@test "the vectors of B3 in one field" {
	OTEL_PROPAGATORS=b3 relay
	timeout 60 python3 "$BATS_TEST_DIRNAME/propagation.py" "$RELAY" b3
}

@test "the vectors of B3 in several fields" {
	OTEL_PROPAGATORS=b3multi relay
	timeout 60 python3 "$BATS_TEST_DIRNAME/propagation.py" "$RELAY" b3multi
}
