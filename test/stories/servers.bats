#!/usr/bin/env bats
# HTTP servers in a program, by library: their requests' spans, routes, contexts and request ids.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

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
	seq 1 60 | sed "s|.*|url = \"http://$HERE/hops?&\"|" >"$BATS_TEST_TMPDIR/urls"
	curl -sZ --parallel-immediate --parallel-max 40 -K "$BATS_TEST_TMPDIR/urls" >"$BATS_TEST_TMPDIR/answers"
	diff <(sort -n "$BATS_TEST_TMPDIR/answers") <(seq 1 60)
	see '[.[] | select(.kind == "server" and (has("open") | not))] | length == 60'
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

@test "libmicrohttpd: each mode has whole requests, also suspended ones, and their ids" {
	for mode in select poll epoll pool threads external run-wait; do
		serve run_watched "$BUILD/programs/mhd-modes" "$mode"
		for path in /hello /stream /later /worker; do
			# A thread per connection: this MHD never wakes the one that was suspended.
			[[ $mode$path != threads/[lw]* ]] || continue
			[ "$(fields "$path" -H 'X-Request-ID: r-1')" = "r-1 " ]
		done
		[ "$(fields /own -H 'X-Request-ID: r-1')" = "mine " ]
		[ "$(fields /shared)$(fields /shared)" = "" ]
		[ "$mode" = threads ] || [ "$(curl -s "http://$HERE/later")$(curl -s "http://$HERE/worker")" = laterworker ]
		[ "$(head -c 300000 /dev/zero | curl -s "http://$HERE/upload" --data-binary @- -H Expect:)" = 300000 ]
		stop_server
	done
	see '[.[] | select(.kind == "server" and .attributes."http.response.status_code" == 200)] | length == 66'
	# Every query was made within a handler call or a content callback of its own request.
	spans '([.[] | select(.kind == "server") | .span_id]) as $s
		| [.[] | select(.scope == "oriel.sqlite")] | all(.[]; .parent_id as $p | any($s[]; . == $p))'
	for path in /later /stream /upload; do
		spans "([.[] | select(.scope == \"oriel.sqlite\") | .parent_id]) as \$p
			| $(at $path) | length >= 6 and all(.[]; .span_id as \$s | any(\$p[]; . == \$s))"
	done
}

@test "libmicrohttpd: a response that two requests share has neither's id" {
	serve run_watched "$BUILD/programs/mhd-modes" threads
	for turn in 1 2 3; do
		[ "$(fields /reused -H "X-Request-ID: a-$turn")$(fields /reused -H "X-Request-ID: b-$turn")" = "" ]
	done
}

@test "libmicrohttpd: TLS is https, and what it refuses by itself has a span and an id, too" {
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 \
		-keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" 2>/dev/null
	serve run_watched "$BUILD/programs/mhd-modes" epoll "$BATS_TEST_TMPDIR/key" "$BATS_TEST_TMPDIR/cert"
	[ "$(curl -sk "https://$HERE/hello")" = hello ]
	see '.[0].attributes."url.scheme" == "https"'
	stop_server
	for mode in epoll pool; do
		serve run_watched "$BUILD/programs/mhd-modes" "$mode"
		[[ $(fields "/$(head -c 40000 /dev/zero | tr '\0' a)") =~ $uuid ]]
		[[ $(fields /big -H "A: $(head -c 40000 /dev/zero | tr '\0' a)") =~ $uuid ]]
		stop_server
	done
	see 'length == 5'
	spans '[.[].attributes."http.response.status_code"] | sort == [200, 414, 414, 431, 431]'
}

@test "civetweb: routes, statuses and request ids, however a handler writes its answer" {
	serve run_watched "$BUILD/programs/civetweb-server"
	for path in /hello /ok /fields /pieces /error /sql /begun /none; do
		[ "$(fields "$path" -H 'X-Request-ID: r-1')" = "r-1 " ]
	done
	[ "$(fields /own -H 'X-Request-ID: r-1')" = "mine " ]
	[[ $(fields /hello/more -X FOO) =~ $uuid ]]
	[ "$(curl -s "http://$HERE/hello")$(curl -s "http://$HERE/pieces")" = hellopieces ]
	[ "$(curl -s "http://$HERE/sql" -d 'some text')" = "sql 9" ]
	run curl -s "http://$HERE/quiet"
	[ "$status" = 52 ]
	see '[.[] | select(.kind == "server")] | length == 14'
	spans "[$(at /hello)[] | [.name, .attributes.\"http.route\", .attributes.\"http.response.status_code\"]] | sort | .[0]
		== [\"GET /hello\", \"/hello\", 200]"
	see '[.[] | select(.kind == "server") | [.attributes."url.path", .attributes."http.route",
			.attributes."http.response.status_code"]] | sort == [
		[null, null, 400], ["/begun", null, 203], ["/error", "/error", 500], ["/fields", "/fields", 202],
		["/hello", "/hello", 200], ["/hello", "/hello", 200], ["/none", null, 404], ["/ok", "/ok", 200], ["/own", "/own", 200],
		["/pieces", "/pieces", 201], ["/pieces", "/pieces", 201], ["/quiet", "/quiet", null],
		["/sql", "/sql", 200], ["/sql", "/sql", 200]]'
	spans "$(at /quiet)[0].attributes.\"error.type\" == \"refused\""
	spans "($(at /sql) | map(.span_id) | sort) == ([.[] | select(.scope == \"oriel.sqlite\") | .parent_id] | sort)"
	stop_server
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/out") =~ ^begun\ ([0-9]+)\ ended\ ([0-9]+)\ closed$ ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "civetweb: what isn't a request, a client that goes away, and a websocket" {
	serve run_watched "$BUILD/programs/civetweb-server"
	say 'GARBAGE\r\n\r\n'
	grep -qi '^x-request-id: ' <&5
	exec 5>&-
	run curl -s -m 0.5 --limit-rate 1k -o /dev/null "http://$HERE/big"
	[ "$status" = 28 ]
	say 'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
	see "$(at /ws)[0] | .attributes.\"http.response.status_code\" == 101 and (has(\"open\") | not)"
	printf '\x81\x82\x00\x00\x00\x00hi' >&5
	timeout 10 grep -qaom 1 hi <&5
	exec 5>&-
	see '[.[] | select(.kind == "server" and (has("open") | not))] | length == 3'
	spans "$(at /big)[0].attributes.\"error.type\" == \"client_closed\""
	spans '[.[] | select(.attributes."http.response.status_code" == 400)] | length == 1'
	spans '[.[] | select(.scope == "oriel.sqlite") | has("parent_id")] == [false]'
}

# cgi PATH [NAME=VALUE...]: what the FastCGI program at $HERE answers
cgi() {
	local path=$1
	shift
	env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI="$path" SERVER_PROTOCOL=HTTP/1.1 REMOTE_ADDR=127.0.0.1 \
		HTTP_X_REQUEST_ID=r-1 HTTP_HOST=shop:8000 "$@" cgi-fcgi -bind -connect "$HERE" </dev/null
}

@test "FastCGI: requests by their environment, answers by what the program writes, with their ids" {
	serve run_watched "$BUILD/programs/fcgi-server"
	[ "$(cgi /hello | tr -d '\r')" = $'Content-Type: text/plain\nX-Request-ID: r-1\n\nhello' ]
	[ "$(cgi /status | tr -d '\r')" = $'Status: 503 Busy\nContent-Type: text/plain\nX-Request-ID: r-1\n\nbusy' ]
	[ "$(cgi /pieces | tr -d '\r')" = $'Content-Type: text/plain\nX-Request-ID: r-1\n\npieces' ]
	[ "$(cgi /own | tr -d '\r')" = $'x-request-id: mine\n\nown' ]
	[ "$(cgi /big | wc -c)" = $((100 * 1024 + 28 + 19)) ]
	[ "$(cgi /long | grep -c '^X-')" = 301 ]
	cgi '/sql?a=1&sig=x' HTTP_TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \
		DOCUMENT_URI=/sql HTTP_USER_AGENT=me
	cgi /nothing >/dev/null
	see '[.[] | select(.kind == "server" and (has("open") | not))] | length == 8'
	spans "$(at /sql)[0] | .parent_id == \"b7ad6b7169203331\" and .scope == \"oriel.fastcgi\" and .name == \"GET\"
		and .attributes == { \"http.request.method\": \"GET\", \"http.response.status_code\": 200,
			\"url.path\": \"/sql\", \"url.query\": \"a=1&sig=REDACTED\", \"url.scheme\": \"http\",
			\"server.address\": \"shop\", \"server.port\": 8000, \"client.address\": \"127.0.0.1\",
			\"network.peer.address\": \"127.0.0.1\", \"network.peer.port\": 0,
			\"network.protocol.version\": \"1.1\", \"user_agent.original\": \"me\", \"request_id\": \"r-1\" }"
	spans "$(at /status)[0] | .status == \"error\" and .attributes.\"error.type\" == \"503\""
	spans "$(at /nothing)[0] | .status == \"error\" and .attributes.\"error.type\" == \"refused\""
	spans "[$(at /sql)[0].span_id] == [.[] | select(.scope == \"oriel.sqlite\") | .parent_id]"
}

@test "FastCGI: many at once behind nginx, and a program on fcgi_stdio from spawn-fcgi" {
	serve run_watched "$BUILD/programs/fcgi-server" 4
	web=$BATS_TEST_TMPDIR/nginx
	mkdir -p "$web"
	cat >"$web/conf" <<-EOF
		daemon off; master_process off; pid $web/pid; error_log $web/error.log;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $web/1; proxy_temp_path $web/2; fastcgi_temp_path $web/3;
			uwsgi_temp_path $web/4; scgi_temp_path $web/5;
			server {
				listen unix:$web/socket;
				location / { fastcgi_pass $HERE; include /etc/nginx/fastcgi_params; }
			}
		}
	EOF
	/usr/sbin/nginx -e "$web/error.log" -c "$web/conf" >"$web/out" 2>&1 3>&- 4>&- 7>&- &
	STARTED+=($!)
	wait_for 10 curl -sf --unix-socket "$web/socket" http://shop/hello
	seq 1 30 | sed 's|.*|url = "http://shop/sql?&"|' >"$web/urls"
	curl -sZ --parallel-immediate --parallel-max 40 --unix-socket "$web/socket" -K "$web/urls" >"$web/answers"
	[ "$(grep -c hello "$web/answers")" = 30 ]
	curl -si --unix-socket "$web/socket" http://shop/status -H 'X-Request-ID: r-9' >"$web/answer"
	grep -q '^HTTP/1.1 503' "$web/answer"
	[ "$(tr -d '\r' <"$web/answer" | grep -ic '^x-request-id: r-9$')" = 1 ]
	see "($(at /sql) | map(.span_id) | length) == 30 and ($(at /sql) | map(.span_id) | sort) == ([.[] | select(.scope == \"oriel.sqlite\") | .parent_id] | sort)"
	stop_server

	HERE=$BATS_TEST_TMPDIR/fcgi.socket
	spawn-fcgi -n -s "$HERE" -- "$BUILD/oriel" run -- "$BUILD/programs/fcgi-server" stdio \
		>"$web/spawned" 2>&1 3>&- 4>&- 7>&- &
	spawned=$!
	wait_for 10 test -S "$HERE"
	[ "$(cgi /one | tr -d '\r')" = $'Content-Type: text/plain\nX-Request-ID: r-1\n\nstdio' ]
	cgi /end >/dev/null
	wait "$spawned"
	see "($(at /one) + $(at /end) | map(.span_id) | sort) as \$s
		| ([.[] | select(.scope == \"oriel.sqlite\") | .parent_id] | sort) as \$p | \$s - \$p == []"
}

@test "ulfius: the template of an endpoint is the route, whatever filters there are" {
	[ -x "$BUILD/programs/ulfius-server" ] || skip "libulfius.so.2.7 isn't there"
	serve run_watched "$BUILD/programs/ulfius-server"
	[ "$(curl -s "http://$HERE/shop/orders/17")$(curl -s "http://$HERE/hello")" = orderhello ]
	[ "$(fields /hello -H 'X-Request-ID: r-1')" = "r-1 " ]
	[ "$(fields /none -H 'X-Request-ID: r-1')" = "r-1 " ]
	see '[.[] | [.name, .attributes."http.route", .attributes."http.response.status_code"]] | sort == [
		["GET /*", "/*", 200], ["GET /hello", "/hello", 200], ["GET /hello", "/hello", 200],
		["GET /shop/orders/:id", "/shop/orders/:id", 200]]'
}

@test "evhttp: what its client asks is part of the trace, and so is what its callback does" {
	serve run_watched "$BUILD/programs/evhttp-server"
	[ "$(curl -s "http://$HERE/get?${HERE#*:}" -H 'X-Request-ID: r-1')" = 200 ]
	[ "$(curl -s "http://$HERE/get?1")" = 0 ]
	see '[.[] | select(.kind == "server" and (has("open") | not))] | length == 3'
	spans "[.[] | select(.scope != \"oriel.sqlite\" and .kind == \"client\")] | length == 2"
	spans "($(at /hello)[0]) as \$h | ([.[] | select(.span_id == \$h.parent_id)][0]) as \$c
		| ([.[] | select(.span_id == \$c.parent_id)][0]) as \$g
		| \$c.attributes.\"url.full\" == \"http://$HERE/hello?sig=REDACTED\" and \$c.scope == \"oriel.evhttp\"
		and \$c.attributes.\"http.response.status_code\" == 200
		and \$g.attributes.\"url.path\" == \"/get\" and \$h.attributes.request_id == \"r-1\"
		and ([.[] | select(.parent_id == \$g.span_id and .scope == \"oriel.sqlite\")] | length == 1)"
	spans '[.[] | select(.attributes."error.type" == "connection_error" and .kind == "client")] | length == 1'
}
