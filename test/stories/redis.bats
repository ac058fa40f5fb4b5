#!/usr/bin/env bats
# Programs that speak to Redis through hiredis: a real redis-server, by TCP and by its socket.

bats_require_minimum_version 1.5.0
load collecting
load watching
load redis

setup() {
	collecting_begin
	redis_start
}
teardown() { watching_end; }

# of NAME: the spans of that name, as jq
of() { echo "[.[] | select(.name == \"$1\")]"; }

@test "each command is a span with its keys and none of its values" {
	same "$BUILD/programs/redis-runs" "$REDIS"
	see 'length == 23'
	spans "[.[] | select(.attributes.\"db.query.text\" == \"SET a ?\")][0] | .kind == \"client\" and .scope == \"oriel.hiredis\"
		and .status == \"unset\" and (.attributes | del(.[\"server.port\"])) == {
			\"db.system.name\": \"redis\", \"db.namespace\": \"0\",
			\"db.operation.name\": \"SET\", \"db.query.text\": \"SET a ?\",
			\"server.address\": \"127.0.0.1\" }"
	spans "[.[] | select(.attributes.\"server.port\" != 1) | .attributes.\"server.port\"] | unique == [${REDIS#*:}]"
	spans '[.[] | .. | strings | select(test("secret"))] == []'
	spans '[.[] | select(has("open"))] == []'
}

@test "an error is the prefix of what Redis said, or what befell the connection" {
	same "$BUILD/programs/redis-runs" "$SOCKET"
	see 'length == 23'
	spans "$(of LPUSH)[0] | .status == \"error\" and .attributes.\"error.type\" == \"WRONGTYPE\"
		and .attributes.\"db.response.status_code\" == \"WRONGTYPE\""
	spans "$(of NOSUCH)[0].attributes.\"error.type\" == \"ERR\""
	spans "$(of BLPOP)[0].attributes.\"error.type\" == \"timeout\""
	spans "$(of GET) | map(select(.attributes.\"server.port\" == 1)) | .[0].attributes.\"error.type\"
		== \"REDIS_ERR_IO\""
	spans '[.[].attributes."server.address"] | unique | length == 2 and (.[0] | endswith("/redis.sock"))'
}

@test "what is sent at once is one span that says how many" {
	same "$BUILD/programs/redis-runs" "$SOCKET"
	see 'length == 23'
	spans "$(of 'PIPELINE SET') | length == 1 and (.[0].attributes | .\"db.operation.batch.size\" == 3
		and .\"db.query.text\" == \"SET key:0 ?; SET key:1 ?; SET key:2 ?\")"
	spans "$(of PIPELINE) | length == 1 and (.[0].attributes | .\"db.operation.batch.size\" == 3
		and .\"error.type\" == \"WRONGTYPE\"
		and .\"db.query.text\" == \"HSET h field ?; GET key:1; LPUSH key:1 ?\")"
	spans "$(of 'PIPELINE GET')[0].attributes.\"db.operation.batch.size\" == 1000"
}

@test "the database is the one that was selected" {
	same "$BUILD/programs/redis-runs" "$SOCKET"
	see 'length == 23'
	spans '[.[] | select(.attributes."db.query.text" == "SET here ?" or .name == "DEL")
		| .attributes."db.namespace"] == ["3", "3"]'
	spans "$(of BLPOP)[0].attributes.\"db.namespace\" == \"0\""
}

@test "look-ups that found nothing are counted" {
	serve run_watched "$BUILD/programs/redis-runs" "$SOCKET" stay
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "oriel.db.client.misses")
		| [.attributes["db.operation.name"], .value]] | sort == [["GET", 1], ["PIPELINE GET", 1000]]'
	api_says metrics '[.metrics[] | select(.name == "db.client.operation.duration"
		and .attributes["db.operation.name"] == "SET") | .count] | add == 2'
	api_says metrics '[.metrics[] | select(.name == "db.client.connection.count") | .value] == [0, 0]'
}

@test "in an event loop each command has the parent that gave it, and so has its callback" {
	same "$BUILD/programs/redis-loop" "$REDIS"
	grep -q '^128 done, 256 right, 0 wrong$' "$BATS_TEST_TMPDIR/watched"
	see 'length == 128 * 3 + 12'
	spans '([.[] | { key: .span_id, value: .name }] | from_entries) as $name
		| [.[] | select(.name == "SET" or .name == "HGET")
			| $name[.parent_id] == "request " + (.attributes["db.query.text"] | match("[0-9]+/[0-9]+").string)]
		| group_by(.) | map([.[0], length]) == [[true, 256]]'
}

@test "subscriptions and monitors keep their callbacks, and what is freed ends" {
	same "$BUILD/programs/redis-loop" "$SOCKET"
	see 'length == 128 * 3 + 12'
	spans "[.[] | select(.name | test(\"SUBSCRIBE|MONITOR|PUBLISH\")) | .name] | sort ==
		[\"MONITOR\", \"PUBLISH\", \"PUBLISH\", \"PUBLISH\", \"SUBSCRIBE\", \"UNSUBSCRIBE\"]"
	spans "$(of BLPOP)[0].attributes.\"error.type\" == \"aborted\""
	spans '[.[] | select(has("open"))] == []'
}

@test "of many connections on one thread, each request has its own commands" {
	serve run_watched "$BUILD/programs/redis-server" "$SOCKET"
	curl -sZ --parallel-max 32 "http://$HERE/[1-100]" >"$BATS_TEST_TMPDIR/answers"
	[ "$(sort -u "$BATS_TEST_TMPDIR/answers" | wc -l)" = 100 ]
	see '[.[] | select(.kind == "server")] | length == 100'
	see '([.[] | select(.kind == "server") | { key: .span_id, value: .attributes["url.path"] }] | from_entries) as $path
		| [.[] | select(.scope == "oriel.hiredis")
			| "key:" + $path[.parent_id] == (.attributes["db.query.text"] | split(" ")[1])]
		| group_by(.) | map([.[0], length]) == [[true, 200]]'
}
