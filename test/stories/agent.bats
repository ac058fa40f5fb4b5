#!/usr/bin/env bats
# Programs that know nothing of Oriel, watched: what is seen, and that they can't tell.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

@test "a request is a server span in the words of the semantic conventions" {
	serve run_watched "$BUILD/programs/hello-server"
	curl -s "http://$HERE/a%20b?x=1&sig=secret" -H 'Host: [::1]:99' -A me \
		-H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
		-H 'tracestate: a=1' -H 'tracestate: b=2' -H 'x-request-id: r-1'
	see 'length == 1'
	spans '.[0] | .name == "GET" and .kind == "server" and .status == "unset"
		and .trace_id == "0af7651916cd43dd8448eb211c80319c" and .parent_id == "b7ad6b7169203331"
		and .trace_state == "a=1,b=2" and .scope == "oriel.libmicrohttpd"
		and (.attributes | del(.["network.peer.port"])) == {
			"http.request.method": "GET", "http.response.status_code": 200, "http.response.body.size": 6,
			"url.path": "/a%20b", "url.scheme": "http", "url.query": "x=1&sig=REDACTED",
			"server.address": "::1", "server.port": 99, "client.address": "127.0.0.1",
			"network.peer.address": "127.0.0.1", "network.protocol.version": "1.1",
			"user_agent.original": "me", "request_id": "r-1" }'
}

@test "odd requests are answered as ever, and labelled within bounds" {
	serve run_watched "$BUILD/programs/hello-server" threads
	[ "$(curl -s -X FOO "http://$HERE/foo" -H 'Host: a:b:c')" = no ]
	[ "$(curl -s "http://$HERE/error")" = broken ]
	run curl -s "http://$HERE/refuse"
	[ "$status" = 52 ]
	see 'length == 3'
	spans "$(at /foo)[0] | .name == \"HTTP\" and .attributes.\"http.request.method\" == \"_OTHER\"
		and .attributes.\"http.request.method_original\" == \"FOO\"
		and (.attributes | has(\"server.address\") | not)"
	spans "$(at /error)[0] | .status == \"error\" and .attributes.\"error.type\" == \"500\""
	spans "$(at /refuse)[0] | .status == \"error\" and .attributes.\"error.type\" == \"refused\""
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "http.server.request.duration" and .count > 0)
		| .attributes["http.request.method"]] | sort == ["GET", "GET", "_OTHER"]'
}

@test "the request id comes and goes in the fields that are asked for" {
	serve "$BUILD/oriel" run --request-id-headers 'X-Correlation-ID, X-Request-ID' -- "$BUILD/programs/hello-server"
	local answer
	answer=$(curl -si "http://$HERE/a" -H 'X-Correlation-ID: c-1' -H 'X-Request-ID: r-1')
	grep -qi '^X-Correlation-ID: c-1' <<<"$answer"
	not grep -qi '^X-Request-ID' <<<"$answer"
	curl -si "http://$HERE/b" -H 'X-Request-ID: r-1' | grep -qi '^X-Correlation-ID: r-1'
	see 'map(.attributes.request_id) | sort == ["c-1", "r-1"]'
}

@test "a client that goes away is an error of its own kind" {
	serve run_watched "$BUILD/programs/hello-server"
	say 'POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'
	wait_for 10 api_says in-flight '[.spans[].attributes["url.path"]] == ["/half"]'
	exec 5>&-
	# What stands behind a request that was answered has been read.
	say 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /early HTTP/1.1\r\n'
	grep -q hello <&5
	exec 5>&-
	see 'length == 3'
	spans "[.[] | select(.attributes.\"url.path\" != \"/\") | .status == \"error\" and .attributes.\"error.type\" == \"client_closed\"
		and .attributes.\"http.response.status_code\" == 499] == [true, true]"
	spans "$(at /early)[0].status_message | test(\"before the server could start\")"
	spans "$(at /half)[0].status_message | test(\"still processing\")"
}

@test "a server that uses all of libmicrohttpd, libcurl and SQLite gives whole traces" {
	serve run_watched "$BUILD/programs/busy-server"
	[ "$(curl -s "http://$HERE/sql")" = sql ]
	[ "$(curl -s "http://$HERE/later" -d x)" = later ]
	[ "$(curl -s -m 2 "http://$HERE/upgrade" -H 'Connection: Upgrade' -H 'Upgrade: raw')" = raw ]
	run curl -s -m 0.3 "http://$HERE/hang"
	[ "$status" = 28 ]
	see "$(at /later)[0].attributes.\"http.response.status_code\" == 202"
	see "$(at /upgrade)[0] | .attributes.\"http.response.status_code\" == 101 and (has(\"open\") | not)"
	wait_for 10 api_says in-flight '[.spans[].attributes["url.path"]] == ["/hang"]'
	see "($(at /sql)[0].span_id) as \$s | [.[] | select(.parent_id == \$s)] | length == 1 and (.[0] |
		.kind == \"client\" and .scope == \"oriel.sqlite\"
		and .attributes.\"db.query.text\" == \"SELECT ?, ?\")"
	stop_server
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = "begun 4 completed 4" ]
}

@test "a request to the next server is one trace through both" {
	serve run_watched "$BUILD/programs/hello-server"
	next=$HERE hello=$SERVER
	rm "$BATS_TEST_TMPDIR/in"
	exec 8>&7
	serve run_watched "$BUILD/programs/busy-server"
	[ "$(curl -s "http://$HERE/next?http://me:secret@$next/there")" = next ]
	see "$(at /there) | length == 1"
	spans "[.[].trace_id] | unique | length == 1"
	spans "($(at /next)[0].span_id) as \$s | ([.[] | select(.parent_id == \$s)][0]) as \$c
		| ($(at /there)[0].parent_id == \$c.span_id)
		and \$c.attributes.\"url.full\" == \"http://REDACTED:REDACTED@$next/there\"
		and \$c.scope == \"oriel.libcurl\""
	exec 8>&-
	stop_server
	wait "$hello"
}

@test "libcurl's programs get the answers that they would get, with their own headers" {
	serve "$BUILD/programs/hello-server"
	same "$BUILD/programs/curl-gets" "http://$HERE/a"
	see 'length == 7'
	spans '[.[].name] | sort == ["GET", "GET", "GET", "GET", "HEAD", "PATCH", "POST"]'
	spans '[.[] | select(.attributes."error.type" == "CURLE_COULDNT_CONNECT")][0]
		| .status == "error" and .attributes."url.full" ==
			"http://REDACTED:REDACTED@127.0.0.1:1/?sig=REDACTED&a=1"'
}

@test "a transfer over a socket in the file system has its path for a peer, and no port" {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("listens", flush=True)
c, _ = s.accept()
c.recv(4096)
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
c.recv(1)' "$BATS_TEST_TMPDIR/socket" >"$BATS_TEST_TMPDIR/listens" 2>&1 3>&- &
	wait_for 10 test -s "$BATS_TEST_TMPDIR/listens"
	[ "$(run_watched curl -s -m 10 --unix-socket "$BATS_TEST_TMPDIR/socket" http://there/)" = hi ]
	wait $!
	see '.[0].attributes | ."network.peer.address" == "'"$BATS_TEST_TMPDIR"'/socket" and (has("network.peer.port") | not)'
}

@test "transfers of curl's multi interface overlap, and each has its own callbacks' work" {
	serve "$BUILD/programs/hello-server"
	same "$BUILD/programs/curl-multi" "http://$HERE/m" 20
	see '[.[] | select(.scope == "oriel.libcurl")] | length == 44'
	spans '[.[] | select(.attributes."error.type" == "CURLE_ABORTED_BY_CALLBACK")] | length == 2'
	# A statement that transfer N ran is a child of the span of URL N, each time.
	spans '([.[] | select(.scope == "oriel.libcurl")
		| { key: .span_id, value: (.attributes."url.full" | capture("/(?<n>[0-9m]+)$").n) }] | from_entries) as $url
		| [.[] | select(.scope == "oriel.sqlite")
			| select($url[.parent_id] != (.attributes."db.query.text" | capture("_(?<n>[0-9]+)$").n))] == []'
	see '[.[] | select(.scope == "oriel.sqlite")] | length == 38'
}

@test "each run of a statement is one span, however it ends" {
	same "$BUILD/programs/sqlite-runs" "$BATS_TEST_TMPDIR/runs.db"
	see 'length == 17'
	spans '[.[] | select(has("open") or has("end"))] == []'
	spans '[.[].attributes."db.namespace"] | unique == ["runs.db"]'
	spans '[.[] | select(.status == "error") | .attributes."error.type"] | sort ==
		["SQLITE_BUSY", "SQLITE_CONSTRAINT"]'
	spans '[.[].attributes."db.query.text"] | join(" ") | test("Ann|42|secret") | not'
}

@test "a program that traces SQLite itself sees what it would see" {
	same "$BUILD/programs/sqlite-traced"
	see 'length == 8'
}

@test "libraries that only a plugin knows are watched, and may be unloaded" {
	serve "$BUILD/programs/hello-server"
	for flavour in openssl gnutls; do
		[ -e "$BUILD/programs/plugin-$flavour.so" ] || continue
		same "$BUILD/programs/plugin" "$BUILD/programs/plugin-$flavour.so" "http://$HERE/p"
		see '[.[] | select(.scope == "oriel.libcurl")] | length == 2'
		see '[.[] | select(.scope == "oriel.sqlite")] | length == 2'
		rm -rf "$ORIEL_DATA_DIR"
		pid=$(collector_pid)
		kill "$pid" && wait_for 10 gone "$pid"
	done
}

@test "watched functions may be called before main, after it, and on the smallest stacks" {
	same "$BUILD/programs/early"
	see '[.[] | select(.scope == "oriel.sqlite")] | length >= 100'
}

@test "ORIEL_INSTRUMENT=no and OTEL_SDK_DISABLED=true leave a program alone" {
	ORIEL_INSTRUMENT=no same "$BUILD/programs/sqlite-runs" "$BATS_TEST_TMPDIR/a.db"
	OTEL_SDK_DISABLED=true same "$BUILD/programs/sqlite-runs" "$BATS_TEST_TMPDIR/a.db"
	same "$BUILD/programs/sqlite-traced"
	see 'length == 8'
}
