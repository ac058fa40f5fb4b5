#!/usr/bin/env bats
# Bad input to watched servers: the same answers as without, and metrics within bounds.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

# unharmed KIND PATH PROGRAM...
unharmed() {
	local kind=$1 path=$2
	shift 2
	serve "$@"
	"$BATS_TEST_DIRNAME/hostile.py" "$kind" "$HERE" "$path" >"$BATS_TEST_TMPDIR/plain"
	stop_server
	serve run_watched "$@"
	"$BATS_TEST_DIRNAME/hostile.py" "$kind" "$HERE" "$path" >"$BATS_TEST_TMPDIR/watched"
	diff "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/watched"
	grep -q '^after aborts [1-9]' "$BATS_TEST_TMPDIR/watched"
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "http.server.request.duration" and .count > 0)]
		| (map(.count) | add) >= 2000 and length < 20
		and (map(.attributes["http.request.method"]) - ["GET", "_OTHER"] == [])
		and (map(.attributes | keys[]) | unique) - ["error.type", "http.request.method", "http.response.status_code",
			"http.route", "network.protocol.version", "url.scheme"] == []' || {
		api metrics
		false
	}
	stop_server
}

@test "libmicrohttpd is asked what no client should" {
	unharmed http /hello "$BUILD/programs/mhd-modes" epoll
}

@test "evhttp is asked what no client should" {
	unharmed evhttp /hello "$BUILD/programs/evhttp-server"
}

@test "civetweb is asked what no client should" {
	unharmed http /hello "$BUILD/programs/civetweb-server"
}

@test "ulfius is asked what no client should" {
	[ -x "$BUILD/programs/ulfius-server" ] || skip "libulfius.so.2.7 isn't there"
	unharmed http /hello "$BUILD/programs/ulfius-server"
}

@test "FastCGI is told what no web server should" {
	unharmed fastcgi /hello "$BUILD/programs/fcgi-server" 4
}
