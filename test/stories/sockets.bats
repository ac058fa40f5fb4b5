#!/usr/bin/env bats
# Servers and clients that no library hook covers: seen by what passes through their sockets.

bats_require_minimum_version 1.5.0
load collecting
load serving
setup() {
	collecting_begin
	serving_begin
	PATH=$PATH:/usr/sbin
	WATCHED=("$BUILD/oriel" run --)
}
teardown() {
	serving_end
	collecting_end
}

needs() { command -v "$1" >/dev/null || skip "$1 is not here"; }

# spans FILTER: jq's filter is true of the list of all spans
spans() {
	api 'traces?limit=500' | jq -r '.traces[].trace_id' | while read -r id; do
		api "traces/$id"
	done | jq -se "[.[].spans[]] | $1"
}

# see FILTER: it becomes true soon
see() {
	wait_for 20 spans "$1" || {
		spans . || :
		false
	}
}

# Served: "METHOD path status bytes", sorted, as jq
SERVED='[.[] | select(.scope == "oriel.sockets" and .kind == "server") | .attributes
	| "\(."http.request.method") \(."url.path") \(."http.response.status_code") \(."http.response.body.size")"] | sort'

# What differs between two runs of the same server anyhow.
steady() { sed -E 's/^(Date|Last-Modified|ETag|Allow): .*//I' | tr -d '\r'; }

ask() { # METHOD PATH [MORE]
	raw "$1 $2 HTTP/1.1\r\nHost: localhost\r\n${3:-}Connection: close\r\n\r\n"
}

# The questions that every server gets.
exercise() {
	ask GET '/a.txt?x=1'
	ask HEAD /b.txt
	ask GET /nope
	raw 'GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
	ask GET /big.txt | sed '1,/^\r$/d' | sha256sum
	ask GET "/a.txt" 'Range: bytes=1-2\r\n'
	ask FOO /a.txt
	printf '\003\001\002nothing that is HTTP' | timeout 10 curl -s -m 3 "telnet://127.0.0.1:$PORT" || :
}

# same_answers NAME COMMAND...: plain and watched, to the byte. The watched one stays.
same_answers() {
	local name=$1
	shift
	serve_as "$name" "$@"
	exercise | steady >"$BATS_TEST_TMPDIR/plain"
	stop_last
	serve_as "$name" "${WATCHED[@]}" "$@"
	exercise | steady >"$BATS_TEST_TMPDIR/watched"
	diff "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/watched"
	grep -q aaa "$BATS_TEST_TMPDIR/watched"
}

# What was served is told as it was; all but the number of bytes of the servers' own error pages.
served_is() {
	local expected=$1
	see "$SERVED | map(if test(\" (20[06]) \") then . else sub(\" [^ ]*$\"; \"\") end) ==
		($expected | sort)"
}

ALL='["GET /a.txt 200 4", "HEAD /b.txt 200 0", "GET /nope 404", "GET /a.txt 200 4", "GET /b.txt 200 3",
	"GET /big.txt 200 588895", "GET /a.txt 206 2"'

@test "nginx" {
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	same_answers nginx nginx -c "$WWW/nginx.conf"
	served_is "$ALL, \"_OTHER /a.txt 405\"]"
	spans '[.[] | select(.attributes."url.query" == "x=1")][0] | .name == "GET" and .kind == "server"
		and .status == "unset" and (.attributes | del(.["network.peer.port"], .request_id)) == {
			"http.request.method": "GET", "http.response.status_code": 200,
			"http.response.body.size": 4, "url.path": "/a.txt", "url.scheme": "http",
			"url.query": "x=1", "server.address": "localhost", "server.port": 80,
			"client.address": "127.0.0.1", "network.peer.address": "127.0.0.1",
			"network.protocol.version": "1.1" }'
}

@test "Apache, a process for each connection" {
	needs apache2
	PORT=$(free_port)
	apache_conf prefork >"$WWW/apache.conf"
	same_answers apache apache2 -f "$WWW/apache.conf" -DFOREGROUND
	served_is "$ALL, \"_OTHER /a.txt 501\"]"
}

@test "Apache, events and threads" {
	needs apache2
	PORT=$(free_port)
	apache_conf event >"$WWW/apache.conf"
	same_answers apache apache2 -f "$WWW/apache.conf" -DFOREGROUND
	served_is "$ALL, \"_OTHER /a.txt 501\"]"
}

@test "lighttpd" {
	needs lighttpd
	PORT=$(free_port)
	lighttpd_conf >"$WWW/lighttpd.conf"
	same_answers lighttpd lighttpd -D -f "$WWW/lighttpd.conf"
	served_is "$ALL, \"_OTHER /a.txt 501\"]"
}

@test "HAProxy before another server" {
	needs haproxy
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	serve_as nginx nginx -c "$WWW/nginx.conf"
	local behind=$PORT
	PORT=$(free_port)
	haproxy_conf "$behind" >"$WWW/haproxy.cfg"
	same_answers haproxy haproxy -db -f "$WWW/haproxy.cfg"
	served_is "$ALL, \"_OTHER /a.txt 405\"]"
	see '[.[] | select(.kind == "client")] | length == 8'
	spans '(map({key: .span_id, value: .attributes."url.path"}) | from_entries) as $path
		| [.[] | select(.kind == "client") | . as $c | $path[.parent_id] as $p
			| $c.attributes."url.full" | sub("\\?.*"; "") | endswith($p)] | all'
}

@test "Python's http.server" {
	[ -x /usr/bin/python3 ] || skip "no python3"
	PORT=$(free_port)
	cd "$WWW"
	same_answers python /usr/bin/python3 -u -m http.server --bind 127.0.0.1 "$PORT"
	served_is '["GET /a.txt 200 4", "HEAD /b.txt 200 0", "GET /nope 404", "GET /a.txt 200 4",
		"GET /b.txt null", "GET /big.txt 200 588895", "GET /a.txt 200 4", "_OTHER /a.txt 501"]'
}

@test "PHP's built-in server" {
	needs php
	PORT=$(free_port)
	same_answers php php -S "127.0.0.1:$PORT" -t "$WWW"
	see "$SERVED | map(select(. == \"GET /a.txt 200 4\")) | length >= 2"
	see "$SERVED | index(\"GET /big.txt 200 588895\")"
}
