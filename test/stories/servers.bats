#!/usr/bin/env bats
# HTTP servers in a program, by library: their requests' spans, routes, contexts and request ids.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() {
	[ -z "${SERVER:-}" ] || stop_server
	collecting_end
}

# fields PATH [CURL'S ARGUMENTS]: how often the request id's field is in the answer, and its text
fields() {
	local path=$1
	shift
	curl -si -m 10 "http://$HERE$path" "$@" | tr -d '\r' | sed '/^$/q' |
		sed -n 's/^x-request-id: *//Ip' | tr '\n' ' '
}

uuid='^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} $'

@test "evhttp: routes, statuses and request ids, also of answers that no callback made" {
	serve run_watched "$BUILD/programs/evhttp-server"
	for path in /hello /error /later?1 /chunks /none /other; do
		[ "$(fields "$path" -H 'X-Request-ID: r-1')" = "r-1 " ]
	done
	[ "$(fields /own -H 'X-Request-ID: r-1')" = "mine " ]
	[[ $(fields /hello -X PUT) =~ $uuid ]]
	[[ $(fields /hello -X FOO) =~ $uuid ]]
	[[ $(fields /hello -H 'X-Request-ID: a.b') =~ $uuid ]]
	run curl -s "http://$HERE/close"
	[ "$status" = 52 ]
	see '[.[] | select(.kind == "server")] | length == 11'
	spans "[$(at /hello)[] | [.name, .attributes.\"http.route\", .attributes.\"http.response.status_code\"]] | sort == [
		[\"GET /hello\", \"/hello\", 200], [\"GET /hello\", \"/hello\", 200],
		[\"HTTP\", null, 501], [\"PUT\", null, 501]]"
	spans "$(at /error)[0] | .status == \"error\" and .attributes.\"error.type\" == \"500\" and .name == \"GET /error\""
	spans "$(at /none)[0] | .attributes.\"http.response.status_code\" == 404 and .name == \"GET\""
	spans "$(at /chunks)[0].attributes.\"http.response.status_code\" == 202"
	spans "$(at /close)[0].attributes.\"error.type\" == \"refused\""
	spans "$(at /hello)[0] | .scope == \"oriel.evhttp\" and .attributes.\"client.address\" == \"127.0.0.1\"
		and .attributes.\"network.protocol.version\" == \"1.1\""
	spans "([$(at /later)[0].span_id] | .[0]) as \$s | any(.[]; .parent_id == \$s and .scope == \"oriel.sqlite\")"
	stop_server
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = "begun 9 completed 8" ]
}

@test "evhttp: of many connections on one thread each request has its own callbacks' spans" {
	serve run_watched "$BUILD/programs/evhttp-server"
	seq 1 120 | sed "s|.*|url = \"http://$HERE/hops?&\"|" >"$BATS_TEST_TMPDIR/urls"
	curl -sZ --parallel-immediate --parallel-max 60 -K "$BATS_TEST_TMPDIR/urls" >"$BATS_TEST_TMPDIR/answers"
	diff <(sort -n "$BATS_TEST_TMPDIR/answers") <(seq 1 120)
	see '[.[] | select(.kind == "server" and (has("open") | not))] | length == 120'
	spans '([.[] | select(.scope == "oriel.sqlite") | .parent_id] | sort)
		== ([.[] | select(.kind == "server") | .span_id] | sort)'
}

@test "evhttp: a client that goes away before it has all of its answer is an error" {
	serve run_watched "$BUILD/programs/evhttp-server"
	run curl -s -m 0.5 --limit-rate 1k -o /dev/null "http://$HERE/big"
	[ "$status" = 28 ]
	see "$(at /big)[0] | .attributes.\"error.type\" == \"client_closed\" and .status == \"error\"
		and .attributes.\"http.response.status_code\" == 200"
	say 'POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'
	exec 5>&-
	[ "$(curl -s "http://$HERE/hello")" = hello ]
	see 'length == 2'
}
