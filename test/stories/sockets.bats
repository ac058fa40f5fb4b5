#!/usr/bin/env bats
# Servers and clients that no library hook covers: seen by what passes through their sockets.

bats_require_minimum_version 1.5.0
load collecting
load watching
load serving
setup() {
	collecting_begin
	serving_begin
	PATH=$PATH:/usr/sbin
}
teardown() {
	[ -z "${SERVER:-}" ] || stop_server
	serving_end
	collecting_end
}

needs() { command -v "$1" >/dev/null || skip "$1 is not here"; }

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
	# Who closes after one request resets the connection for the second, and loses the answer at times.
	[ -n "${ONE_EACH:-}" ] ||
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
	serve_as "$name" "$BUILD/oriel" run -- "$@"
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

@test "requests with the same fields on one connection have each its own method" {
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	serve_as nginx "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	local at="http://127.0.0.1:$PORT" odd='FOO /a.txt HTTP/1.1\r\nHost: x\r\n\r\n'
	curl -s "$at/a.txt" "$at/a.txt" "$at/b.txt" --next -sI "$at/a.txt" "$at/b.txt" --next -s "$at/b.txt"
	raw "${odd//FOO/HEAD}${odd//FOO/HEAD}${odd//FOO/HEAD}${odd//FOO/GET}${odd}GET /b.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	served_is '["GET /a.txt 200 4", "GET /a.txt 200 4", "GET /b.txt 200 3", "HEAD /a.txt 200 0",
		"HEAD /b.txt 200 0", "GET /b.txt 200 3", "HEAD /a.txt 200 0", "HEAD /a.txt 200 0",
		"HEAD /a.txt 200 0", "GET /a.txt 200 4", "_OTHER /a.txt 405", "GET /b.txt 200 3"]'
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

haproxy_before_nginx() { # haproxy is yet to be started
	needs haproxy
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	serve_as nginx nginx -c "$WWW/nginx.conf"
	local behind=$PORT
	PORT=$(free_port)
	haproxy_conf "$behind" >"$WWW/haproxy.cfg"
}

@test "HAProxy before another server" {
	haproxy_before_nginx
	same_answers haproxy haproxy -db -f "$WWW/haproxy.cfg"
	served_is "$ALL, \"_OTHER /a.txt 405\"]"
	see '[.[] | select(.kind == "client")] | length == 8'
	spans '(map({key: .span_id, value: .attributes."url.path"}) | from_entries) as $path
		| [.[] | select(.kind == "client") | . as $c | $path[.parent_id] as $p
			| $c.attributes."url.full" | sub("\\?.*"; "") | endswith($p)] | all'
}

# It reads what has come, of several connections, and works on it after that.
@test "HAProxy with many at once: each call is made for its own request" {
	haproxy_before_nginx
	serve_as haproxy "$BUILD/oriel" run -- haproxy -db -f "$WWW/haproxy.cfg"
	curl -s -m 10 -o /dev/null "http://127.0.0.1:$PORT/first"
	curl -s -m 20 -Z --parallel-immediate --parallel-max 40 -o /dev/null "http://127.0.0.1:$PORT/p[1-200]" 2>/dev/null
	see '[.[] | select(.kind == "client")] | length == 201'
	spans '([.[] | select(.kind == "server") | { key: .span_id, value: .attributes."url.path" }] | from_entries) as $path
		| [.[] | select(.kind == "client") | $path[.parent_id // ""] as $of
			| select(.attributes."url.full" | endswith($of // "nobody") | not)] == []'
}

@test "Python's http.server" {
	[ -x /usr/bin/python3 ] || skip "no python3"
	PORT=$(free_port)
	cd "$WWW"
	ONE_EACH=1
	same_answers python /usr/bin/python3 -u -m http.server --bind 127.0.0.1 "$PORT"
	served_is '["GET /a.txt 200 4", "HEAD /b.txt 200 0", "GET /nope 404",
		"GET /big.txt 200 588895", "GET /a.txt 200 4", "_OTHER /a.txt 501"]'
}

@test "PHP's built-in server" {
	needs php
	PORT=$(free_port)
	ONE_EACH=1
	same_answers php php -S "127.0.0.1:$PORT" -t "$WWW"
	see "$SERVED | map(select(. == \"GET /a.txt 200 4\")) | length >= 2"
	see "$SERVED | index(\"GET /big.txt 200 588895\")"
}

# on_port COMMAND...: a server of programs/, watched; its port is $PORT
on_port() {
	serve run_watched "$@"
	PORT=${HERE#*:}
}

one() { echo "[.[] | select(.kind == \"server\" and .attributes.\"url.path\" == \"$1\")] | length == 1 and (.[0] | $2)"; }
status_of() { one "$1" "has(\"open\") == false and .status == \"unset\" and .attributes.\"http.response.status_code\" == $2"; }

# talk TEXT N: send this, read N bytes, then send "more" and read as many: what an echo sends back
talk() {
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf "$1" >&9
	timeout 10 head -c "$2" <&9 >/dev/null
	printf more >&9
	timeout 10 head -c 4 <&9
	exec 9>&-
}

@test "a server that answers by dprintf" {
	local flags
	for flags in -O0 '-O2 -D_FORTIFY_SOURCE=2'; do
		cc -w $flags -o "$WWW/server" -xc - <<-'END'
			#include <netinet/in.h>
			#include <stdio.h>
			#include <stdlib.h>
			#include <sys/socket.h>
			#include <unistd.h>
			int main(int n, char **v)
			{
				struct sockaddr_in a = { AF_INET, htons(atoi(v[1])), { htonl(INADDR_LOOPBACK) } };
				int s = socket(AF_INET, SOCK_STREAM, 0), c, one = 1;
				char in[4096];
				setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
				if (bind(s, (void *)&a, sizeof(a)) || listen(s, 5))
					return 1;
				while ((c = accept(s, NULL, NULL)) >= 0) {
					while (read(c, in, sizeof(in)) > 0) {
						dprintf(c, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n", 200, "OK", 20000);
						dprintf(c, "%20000s", "end");
					}
					close(c);
				}
			}
		END
		PORT=$(free_port)
		serve_as printing "$BUILD/oriel" run -- "$WWW/server" "$PORT"
		[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/a" "http://127.0.0.1:$PORT/b" | wc -c)" = 40000 ]
		stop_last
	done
	served_is '["GET /a 200 20000", "GET /b 200 20000", "GET /a 200 20000", "GET /b 200 20000"]'
}

@test "upgrades, tunnels, pieces, interim answers, and bodies that end with their connection" {
	on_port "$BUILD/programs/socket-server" threads
	[ "$(talk 'GET /upgrade HTTP/1.1\r\nUpgrade: echo\r\n\r\n' 72)" = more ]
	[ "$(talk 'CONNECT x:1 HTTP/1.1\r\n\r\n' 26)" = more ]
	[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/pieces" "http://127.0.0.1:$PORT/interim")" = abcdeyes ]
	[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/until-close")" = 12345678 ]
	run curl -s -m 10 "http://127.0.0.1:$PORT/drop"
	[ "$status" = 52 ]
	see 'length == 6'
	spans "$(status_of /upgrade 101)"
	spans "$(status_of x:1 200)"
	spans "$(status_of /pieces 200)"
	spans "$(status_of /interim 200)"
	spans "$(one /until-close '.status == "unset" and .attributes."http.response.body.size" == 8')"
	spans "$(one /drop '.status == "error" and .attributes."error.type" == "connection_error"')"
}

@test "what a vfork child closes is not closed for its parent" {
	on_port "$BUILD/programs/socket-server" threads
	[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/vfork" "http://127.0.0.1:$PORT/hello")" = yesyes ]
	see 'length == 2'
	spans "$(status_of /vfork 200)"
	spans "$(status_of /hello 200)"
}

@test "a child that was forked for a connection tells of it" {
	on_port "$BUILD/programs/socket-server" forks
	[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/hello" "http://127.0.0.1:$PORT/pieces")" = yesabcde ]
	see 'length == 2'
	spans "$(status_of /hello 200)"
	spans "$(status_of /pieces 200)"
}

@test "a client that goes away is an error of its own kind" {
	on_port "$BUILD/programs/socket-server" threads
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'POST /hang HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc' >&9
	wait_for 10 api_says in-flight '[.spans[].attributes["url.path"]] == ["/hang"]'
	exec 9>&-
	see "$(one /hang '.status == "error" and .attributes."error.type" == "client_closed"
		and .attributes."http.response.status_code" == 499 and .attributes."http.request.body.size" == 3')"
}

@test "a call on a plain socket is a child of the request that it is made for, and the same trace there" {
	export ORIEL_SOCKETS_INJECT=yes
	on_port "$BUILD/programs/socket-server" threads
	local there=$PORT first=$SERVER
	rm "$BATS_TEST_TMPDIR/in"
	exec 8>&7
	on_port "$BUILD/programs/socket-server" threads
	curl -s -m 10 "http://127.0.0.1:$PORT/call/$there/hello" | grep -q '^yes'
	see 'length == 3 and ([.[].trace_id] | unique | length == 1)'
	spans '(.[] | select(.attributes."url.path" == "/hello")) as $there
		| (.[] | select(.kind == "client")) as $call | (.[] | select(.parent_id == null)) as $here
		| $there.parent_id == $call.span_id and $call.parent_id == $here.span_id
			and $call.attributes."url.full" == "http://there/hello"
			and $call.attributes."network.peer.port" == '"$there"' and $call.attributes."http.response.status_code" == 200'
	exec 8>&-
	stop_server
	wait "$first"
}

# As inetd does it, and systemd with Accept=yes.
@test "a connection that is there when the program starts" {
	cc -w -o "$WWW/stdin" -xc - <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		int main(void)
		{
			char in[4096];
			read(0, in, sizeof(in));
			return write(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 40) != 40;
		}
	END
	[ "$(python3 - "$BUILD/oriel" run -- "$WWW/stdin" <<-'END' 2>&1
		import socket, subprocess, sys
		s = socket.create_server(("127.0.0.1", 0))
		c = socket.create_connection(s.getsockname())
		c.sendall(b"GET /inetd HTTP/1.1\r\nHost: h\r\n\r\n")
		t, _ = s.accept()
		assert subprocess.run(sys.argv[1:], stdin=t, stdout=t, stderr=subprocess.DEVNULL).returncode == 0
		t.close()
		print(c.recv(100)[-2:].decode())
	END
	)" = hi ]
	served_is '["GET /inetd 200 2"]'
	spans '.[0].attributes."network.peer.address" == "127.0.0.1"'
}

@test "a connection that another process has taken and hands over" {
	PORT=$(free_port)
	serve_as hands "$BUILD/oriel" run -- python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
a, b = socket.socketpair()
if os.fork() == 0:
    a.close()
    while fds := socket.recv_fds(b, 1, 1)[1]:
        c = socket.socket(fileno=fds[0])
        if c.recv(4096): c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        c.close()
    os._exit(0)
while True:
    c, _ = s.accept()
    socket.send_fds(a, [b"x"], [c.fileno()])
    c.close()' "$PORT"
	[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/a" "http://127.0.0.1:$PORT/b")" = hihi ]
	served_is '["GET /a 200 2", "GET /b 200 2"]'
}

@test "what is not HTTP is left alone" {
	needs redis-server
	needs redis-cli
	PORT=$(free_port)
	serve_as redis "$BUILD/oriel" run -- redis-server --port "$PORT" --bind 127.0.0.1 --save '' --dir "$WWW"
	ORIEL_DISABLED_INSTRUMENTATIONS=hiredis timeout 10 "$BUILD/oriel" run -- redis-cli -p "$PORT" set a b
	[ "$(timeout 10 "$BUILD/oriel" run -- redis-cli -p "$PORT" get a)" = b ]
	[ "$(printf 'GET a\r\nQUIT\r\n' | timeout 5 curl -s -m 10 "telnet://127.0.0.1:$PORT" | tr -d '\r' | head -n 2 | tail -n 1)" = b ]
	wait_for 10 api_says runs '.runs | length >= 1'
	stop_last
	wait_for 10 eval '[ "$(metric oriel_agent_missed_total)" = 0 ]'
	spans 'map(select(.scope == "oriel.sockets")) | length == 0'
}

# Each request says in its path which trace it is of, and the server behind compares.
FITS='map "$uri|$http_traceparent" $fits { default 0; "~^/t/([0-9a-f]+)\|00-\1-[0-9a-f]{16}-01$" 1; }'

@test "nginx hands each request's own context to the server behind it, when asked" {
	needs nginx
	local behind upstream locations i t
	behind=$(free_port)
	PORT=$behind
	nginx_conf "$PORT" 'location /t/ { if ($fits = 0) { return 500; } return 200 fits; }' "$FITS" \
		>"$WWW/behind.conf"
	sed -i "s/nginx.pid/behind.pid/" "$WWW/behind.conf"
	serve_as behind nginx -c "$WWW/behind.conf"
	PORT=$(free_port)
	locations='
		location /new/ { proxy_set_header traceparent ""; proxy_pass http://behind/; }
		location /kept/ { proxy_set_header traceparent ""; proxy_http_version 1.1;
			proxy_set_header Connection ""; proxy_pass http://kept/; }
		location /passed/ { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://kept/; }'
	nginx_conf "$PORT" "$locations" "
		upstream behind { server 127.0.0.1:$behind; }
		upstream kept { server 127.0.0.1:$behind; keepalive 8; }" >"$WWW/nginx.conf"
	serve_as proxy "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	t=0af7651916cd43dd8448eb211c80319c
	[ "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/new/t/$t" -H "traceparent: 00-$t-b7ad6b7169203331-01")" = 500 ]
	stop_last
	ORIEL_SOCKETS_INJECT=yes serve_as proxy "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	for i in {1..300}; do
		t=$(printf '%08x%08x%08x%08x' "$((RANDOM * 65536 + i))" $RANDOM $RANDOM $RANDOM)
		for where in new kept passed; do
			[ "$i$where" = 1new ] || echo next
			printf 'url = "http://127.0.0.1:%s/%s/t/%s"\nheader = "traceparent: 00-%s-b7ad6b7169203331-01"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\n' \
				"$PORT" "$where" "$t" "$t"
		done
	done >"$WWW/requests"
	timeout 60 curl -s -m 10 -Z --parallel-max 64 -K "$WWW/requests" >"$WWW/answers" 2>/dev/null
	[ "$(sort "$WWW/answers" | uniq -c | xargs)" = '900 200' ]
}

# It writes a head as many pieces, a line each.
@test "Apache hands context and request id to the server behind it, when asked" {
	needs apache2
	needs nginx
	local trace=0af7651916cd43dd8448eb211c80319c
	PORT=$(free_port)
	nginx_conf "$PORT" 'location / { return 200 "$http_traceparent $http_x_request_id"; }' >"$WWW/nginx.conf"
	serve_as nginx nginx -c "$WWW/nginx.conf"
	local behind=$PORT
	PORT=$(free_port)
	apache_conf event >"$WWW/apache.conf"
	cat >>"$WWW/apache.conf" <<-EOF2
		LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
		LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
		ProxyPass / http://127.0.0.1:$behind/
	EOF2
	serve_as apache "$BUILD/oriel" run --sockets-inject -- apache2 -f "$WWW/apache.conf" -DFOREGROUND
	run -0 curl -s -m 10 -H 'X-Request-ID: a-1' "http://127.0.0.1:$PORT/a"
	[[ $output =~ ^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-9]" a-1"$ ]]
	run -0 curl -s -m 10 -H "traceparent: 00-$trace-b7ad6b7169203331-01" "http://127.0.0.1:$PORT/b"
	[[ $output =~ ^00-$trace-[0-9a-f]{16}-01" "[0-9a-f-]{36}$ && $output != *b7ad6b7169203331* ]]
}

@test "a server with little room for its client's address has spans without one" {
	cat >"$WWW/short.c" <<-'END'
		#include <netinet/in.h>
		#include <stdio.h>
		#include <unistd.h>
		int main(void)
		{
			struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
			struct sockaddr_in client;
			socklen_t n = sizeof(a), client_n = sizeof(client);
			int listener = socket(AF_INET6, SOCK_STREAM, 0), fd;
			char text[500];

			if (bind(listener, (struct sockaddr *)&a, n) || listen(listener, 1) || getsockname(listener, (struct sockaddr *)&a, &n))
				return 1;
			printf("%d\n", ntohs(a.sin6_port));
			fflush(stdout);
			fd = accept(listener, (struct sockaddr *)&client, &client_n);
			if (read(fd, text, sizeof(text)) < 1 || write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38) != 38)
				return 1;
			return close(fd) || client_n != sizeof(a);
		}
	END
	cc -o "$WWW/short" "$WWW/short.c"
	"$BUILD/oriel" run -- "$WWW/short" >"$WWW/port" 3>&- &
	local pid=$!
	wait_for 10 [ -s "$WWW/port" ]
	curl -s -m 10 "http://[::1]:$(<"$WWW/port")/a"
	wait "$pid"
	see 'map(select(.kind == "server") | [.name, .attributes."url.path", .attributes."client.address"]) == [["GET", "/a", null]]'
}

@test "what of a pipeline can't be handed the context is sent as it is, and counted" {
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" 'location / { return 200 "$uri $http_traceparent\n"; }' >"$WWW/nginx.conf"
	serve_as nginx nginx -c "$WWW/nginx.conf"
	cat >"$WWW/pipeline.py" <<-'END'
		import socket, sys
		def ask(*writes):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		    for w in writes:
		        s.sendall(w)
		    s.sendall(b"GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		    for line in s.makefile("rb"):
		        if line.startswith(b"/"):
		            print(len(line.split()), line.split()[0].decode())
		def get(path):
		    return b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n"
		ask(get(b"/1"), get(b"/2"))
		ask(get(b"/3") + get(b"/4"))
		ask(get(b"/5")[:20], get(b"/5")[20:])
		ask(b"\r\n" + get(b"/6"))
	END
	run -0 "$BUILD/oriel" run --sockets-inject -- python3 "$WWW/pipeline.py" "$PORT"
	[ "$(xargs <<<"$output")" = "2 /1 2 /2 2 /end 2 /3 1 /4 2 /end 1 /5 2 /end 1 /6 2 /end" ]
	wait_for 10 eval '[ "$(metric oriel_agent_unedited_total)" = 3 ]'
}

@test "the request id goes out on responses, when asked, and the server's own stays" {
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" 'location /own { add_header x-request-id mine; return 200 own; } location /bad { return 404; }' \
		>"$WWW/nginx.conf"
	ORIEL_SOCKETS_REQUEST_ID=yes serve_as nginx "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	ids() { curl -s -m 10 -D - -o /dev/null "http://127.0.0.1:$PORT$1" -H "X-Request-ID: $2" | tr -d '\r' | sed -n 's/^x-request-id: //Ip'; }
	[ "$(ids /a.txt abc-1)" = abc-1 ]
	[ "$(ids /bad abc-2)" = abc-2 ]
	[ "$(ids /own abc-3)" = mine ]
	[[ "$(ids /a.txt 'not valid!')" =~ ^[0-9a-f]{8}-[0-9a-f-]{27}$ ]]
	[ "$(curl -s -m 10 "http://127.0.0.1:$PORT/big.txt" | cmp - "$WWW/big.txt" && echo same)" = same ]
}

certificate() {
	needs openssl
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$WWW/key.pem" -out "$WWW/cert.pem" 2>/dev/null
	cat "$WWW/key.pem" "$WWW/cert.pem" >"$WWW/both.pem"
	chmod 644 "$WWW"/*.pem
}

tls_is_seen() {
	cmp <(curl -sk -m 10 "https://127.0.0.1:$PORT/big.txt") "$WWW/big.txt"
	[ "$(curl -sk -m 10 "https://127.0.0.1:$PORT/a.txt" "https://127.0.0.1:$PORT/b.txt")" = $'aaa\nbb' ]
	served_is '["GET /big.txt 200 588895", "GET /a.txt 200 4", "GET /b.txt 200 3"]'
	spans 'map(select(.kind == "server") | .attributes."url.scheme") | unique == ["https"]'
}

@test "HTTPS of nginx" {
	needs nginx
	certificate
	PORT=$(free_port)
	nginx_conf "$PORT ssl" "ssl_certificate $WWW/cert.pem; ssl_certificate_key $WWW/key.pem;" >"$WWW/nginx.conf"
	serve_as nginx "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	tls_is_seen
}

@test "HTTPS of Apache" {
	needs apache2
	certificate
	PORT=$(free_port)
	apache_conf event >"$WWW/apache.conf"
	cat >>"$WWW/apache.conf" <<-EOF2
		LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
		LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
		SSLEngine on
		SSLCertificateFile $WWW/both.pem
	EOF2
	serve_as apache "$BUILD/oriel" run -- apache2 -f "$WWW/apache.conf" -DFOREGROUND
	tls_is_seen
}

@test "HTTPS of HAProxy" {
	needs haproxy
	needs nginx
	certificate
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	serve_as nginx nginx -c "$WWW/nginx.conf"
	local behind=$PORT
	PORT=$(free_port)
	haproxy_conf "$behind" | sed "s|bind .*|& ssl crt $WWW/both.pem|" >"$WWW/haproxy.cfg"
	serve_as haproxy "$BUILD/oriel" run -- haproxy -db -f "$WWW/haproxy.cfg"
	tls_is_seen
}

# libmicrohttpd's TLS is GnuTLS's; without its hooks it is a server like any other.
@test "HTTPS of a server on GnuTLS" {
	certificate
	serve "$BUILD/oriel" run --disabled-instrumentations libmicrohttpd -- \
		"$BUILD/programs/mhd-modes" epoll "$WWW/key.pem" "$WWW/cert.pem"
	[ "$(curl -sk -m 10 "https://$HERE/hello")" = hello ]
	stop_server
	see '[.[] | select(.scope == "oriel.sockets" and .kind == "server")] | length == 1'
	spans '.[0].attributes | ."url.scheme" == "https" and ."url.path" == "/hello" and ."http.response.status_code" == 200'
}

@test "HTTPS of a client on GnuTLS" {
	needs wget
	ldd "$(command -v wget)" | grep -q gnutls || skip "wget has another TLS"
	certificate
	serve "$BUILD/programs/mhd-modes" epoll "$WWW/key.pem" "$WWW/cert.pem"
	[ "$(run_watched wget -qO- --no-check-certificate "https://$HERE/hello")" = hello ]
	stop_server
	see '[.[] | select(.scope == "oriel.sockets" and .kind == "client")] | length == 1'
	spans '.[0].attributes | ."url.full" | test("^https://.*/hello$")'
}

@test "a server that a library's hook covers is not seen twice" {
	on_port "$BUILD/programs/hello-server"
	run_watched curl -s -m 10 "http://127.0.0.1:$PORT/a"
	see 'map(.scope) | sort == ["oriel.libcurl", "oriel.libmicrohttpd"]'
}

# What a server must bear: each line is sent on a connection of its own.
odd_requests() {
	local i
	printf 'GET /\0x\377 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
	echo "--"
	printf 'GET /a.txt HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n--\n'
	printf 'GET /a.txt HTTP/1.1\r\nHost: a:b:c\r\ntraceparent: 00-zz-1-01\r\ntracestate: \377\r\nConnection: close\r\n\r\n--\n'
	printf 'GET /a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\nBig: %01000000d\r\n\r\n--\n' 0
	printf 'GET /%0100000d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n--\n' 0
	printf 'POST /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n--\n'
	printf 'POST /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\r\n--\n'
	printf 'GET /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\nConnection: close\r\n\r\n--\n'
	printf 'get /a.txt\r\n--\n'
	printf 'GET /a.txt HTTP/9.9\r\n\r\n--\n'
	for ((i = 0; i < 50; i++)); do
		printf 'M%dX /a.txt HTTP/1.1\r\nHost: host-%d\r\nConnection: close\r\n\r\n--\n' "$i" "$i"
	done
}

# Its status line, as a client that may be reset in the middle of sending sees it.
odd_answers() {
	odd_requests | perl -MIO::Socket::INET -e '
		$SIG{PIPE} = "IGNORE"; $/ = "--\n";
		while (my $q = <STDIN>) {
			$q =~ s/--\n\z//;
			my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 5) or die;
			my $sent = 0;
			while ($sent < length $q) { my $n = syswrite $s, $q, length($q) - $sent, $sent; last unless $n; $sent += $n }
			shutdown $s, 1;
			my $a = ""; 1 while sysread $s, $a, 4096, length $a;
			print substr($a, 0, 12), "\n";
		}' "$PORT"
}

@test "odd requests are answered as ever, and labelled within bounds" {
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	serve_as nginx nginx -c "$WWW/nginx.conf"
	odd_answers >"$BATS_TEST_TMPDIR/plain"
	stop_last
	serve_as nginx "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	odd_answers >"$BATS_TEST_TMPDIR/watched"
	diff "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/watched"
	see '[.[] | select(.attributes."http.request.method" == "_OTHER")] | length == 50'
	spans '[.[] | select(.attributes."server.address" == "::1" and .attributes."server.port" == 8080)] | length == 1'
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "http.server.request.duration" and .count > 0)] | length | . > 0 and . < 12'
}

@test "it can be switched off" {
	needs nginx
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	serve_as nginx "$BUILD/oriel" run --disabled-instrumentations=sockets -- nginx -c "$WWW/nginx.conf"
	[ "$(run_watched curl -s -m 10 "http://127.0.0.1:$PORT/a.txt")" = aaa ]
	stop_last
	see 'length == 1 and .[0].scope == "oriel.libcurl"'
}
