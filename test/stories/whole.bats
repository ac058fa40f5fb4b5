#!/usr/bin/env bats
# A whole service made of other people's programs: nginx before a C service before PostgreSQL and Redis.

bats_require_minimum_version 1.5.0
load collecting
load watching
load serving
load databases
load redis

setup() {
	collecting_begin
	serving_begin
}
teardown() {
	[ -z "${SERVER:-}" ] || stop_server
	serving_end
	database_end
	collecting_end
}

@test "one trace across nginx, a C service, PostgreSQL and Redis" {
	postgresql_begin
	redis_start
	serve "$BUILD/oriel" run --service-name basket -- "$BUILD/programs/basket-server" "$SOCKET"
	PORT=$(free_port)
	nginx_conf "$PORT" "location / { proxy_pass http://$HERE; }" >"$WWW/nginx.conf"
	ORIEL_SOCKETS_INJECT=yes serve_as nginx "$BUILD/oriel" run --service-name front -- nginx -c "$WWW/nginx.conf"
	[ "$(curl -s -m 5 "http://127.0.0.1:$PORT/basket/7")" = "7: from the database" ]
	[ "$(curl -s -m 5 "http://127.0.0.1:$PORT/basket/7")" = "7: from the cache" ]
	see 'length == 10'
	# The first request: nginx serves it, calls the service, which asks Redis, PostgreSQL, Redis.
	spans 'group_by(.trace_id) | length == 2 and (map(map(.scope | sub("oriel."; "")) | sort) | sort_by(length)) == [
		["hiredis", "libmicrohttpd", "sockets", "sockets"],
		["hiredis", "hiredis", "libmicrohttpd", "libpq", "sockets", "sockets"]]'
	# Each span but the first of a trace has its parent in it, in the order of the calls.
	spans '. as $all | (map({ key: .span_id, value: . }) | from_entries) as $by
		| map(select(.parent_id != null and .parent_id != "") | [$by[.parent_id].kind + " " + $by[.parent_id].service, .kind + " " + .service]) | unique == [
			["client front", "server basket"], ["server basket", "client basket"], ["server front", "client front"]]'
	spans '[.[] | select(has("open") or .status == "error")] == []'
	spans 'map(tostring) | join("") | contains("secret") | not'
}
