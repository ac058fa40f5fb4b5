#!/usr/bin/env bats
# Whom a request is from, behind proxies that are trusted, and behind others.

load collecting
load watching
load serving

setup() {
	collecting_begin
	serving_begin
}
teardown() {
	[ -z "${SERVER:-}" ] || stop_server
	serving_end
	collecting_end
}

# clients FILTER: [path, client.address, network.peer.address] of each request, sorted
clients() {
	see "[.[] | select(.kind == \"server\" and (has(\"open\") | not))
		| [.attributes.\"url.path\", .attributes.\"client.address\", .attributes.\"network.peer.address\"]] | sort == $1"
}

ask() { curl -s -m 5 -o "$BATS_TEST_TMPDIR/answer" "$@"; }

@test "by a library's hook: a trusted proxy is believed about its client, and nobody else" {
	export ORIEL_TRUSTED_PROXIES=loopback,10.0.0.0/8
	serve run_watched "$BUILD/programs/evhttp-server"
	ask "http://$HERE/hello?1" -H 'X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.1.1'
	ask "http://$HERE/error" -H 'Forwarded: for=6.6.6.6, for="[2001:db8::7]:99";proto=https'
	ask "http://$HERE/none" -H 'X-Forwarded-For: 6.6.6.6, <script>'
	ask "http://$HERE/chunks" -H 'X-Forwarded-For: 6.6.6.6' -H 'X-Forwarded-For: 203.0.113.10'
	clients '[["/chunks", "203.0.113.10", "127.0.0.1"], ["/error", "2001:db8::7", "127.0.0.1"],
		["/hello", "203.0.113.9", "127.0.0.1"], ["/none", "127.0.0.1", "127.0.0.1"]]'
}

@test "by sockets: each request of one connection has its own client" {
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	ORIEL_TRUSTED_PROXIES=127.0.0.1 serve_as nginx "$BUILD/oriel" run -- nginx -c "$WWW/nginx.conf"
	ask "http://127.0.0.1:$PORT/a.txt" -H 'X-Forwarded-For: 203.0.113.1' \
		--next -s -o /dev/null "http://127.0.0.1:$PORT/b.txt" -H 'X-Forwarded-For: 203.0.113.2' \
		--next -s -o /dev/null "http://127.0.0.1:$PORT/c.txt" -H "X-Forwarded-For: $(printf '6.6.6.6, %.0s' {1..700}) 203.0.113.3"
	clients '[["/a.txt", "203.0.113.1", "127.0.0.1"], ["/b.txt", "203.0.113.2", "127.0.0.1"], ["/c.txt", "127.0.0.1", "127.0.0.1"]]'
}

@test "without a list the peer is the client, whatever it says" {
	serve run_watched "$BUILD/programs/evhttp-server"
	ask "http://$HERE/hello?1" -H 'X-Forwarded-For: 203.0.113.9' -H 'Forwarded: for=203.0.113.9'
	clients '[["/hello", "127.0.0.1", "127.0.0.1"]]'
}

@test "a proxy that is none is told before the program starts" {
	ORIEL_TRUSTED_PROXIES=10.0.0.0/40 run "$BUILD/oriel" run -- true
	[[ $output == *"ORIEL_TRUSTED_PROXIES: ignoring '10.0.0.0/40'"* ]]
}
