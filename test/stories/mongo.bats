#!/usr/bin/env bats
# A program that speaks to MongoDB through libmongoc. Debian has no MongoDB: programs/mongo-stand-in.py
# is what answers.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() {
	collecting_begin
	serve python3 "$TOP/test/programs/mongo-stand-in.py"
	PORT=${HERE#*:}
}
teardown() { watching_end; }

# of NAME: the spans of that name, as jq
of() { echo "[.[] | select(.name == \"$1\")]"; }

@test "each command to MongoDB is a span, and no value leaves" {
	same "$BUILD/programs/mongo-runs" "$PORT"
	see 'length == 22'
	spans "$(of 'find orders')[0] | .kind == \"client\" and .scope == \"oriel.libmongoc\" and .attributes == {
		\"db.system.name\": \"mongodb\", \"db.namespace\": \"shop\", \"db.operation.name\": \"find\",
		\"db.collection.name\": \"orders\", \"server.address\": \"127.0.0.1\", \"server.port\": $PORT,
		\"db.query.text\": \"{\\\"find\\\":\\\"orders\\\",\\\"filter\\\":{\\\"name\\\":{\\\"\$ne\\\":\\\"?\\\"}},\\\"batchSize\\\":\\\"?\\\"}\",
		\"db.response.returned_rows\": 3 }"
	spans "$(of 'getMore orders')[0].attributes | .\"db.collection.name\" == \"orders\"
		and .\"db.response.returned_rows\" == 2"
	spans "$(of 'insert orders') | [.[].attributes.\"db.operation.batch.size\" // empty] == [4]"
	spans '[.[] | .. | strings | select(test("secret"))] == []'
	spans '[.[] | select(has("open"))] == []'
}

@test "errors are the server's codes, of single documents too, or the driver's own kind" {
	same "$BUILD/programs/mongo-runs" "$PORT"
	see 'length == 22'
	spans "$(of 'aggregate orders')[0] | .status == \"error\" and .attributes.\"error.type\" == \"40324\"
		and .attributes.\"db.response.status_code\" == \"40324\""
	spans "$(of 'insert orders') | [.[].attributes.\"error.type\" // empty] == [\"11000\"]"
	spans "$(of 'hangUp admin')[0].attributes | .\"error.type\" == \"MONGOC_ERROR_STREAM\"
		and (has(\"db.response.status_code\") | not)"
}

# counts IDLE USED: of the pool's connections
counts() {
	api_says metrics "[.metrics[] | select(.name == \"db.client.connection.count\") | [.value,
		.attributes[\"db.client.connection.state\"], .attributes[\"db.client.connection.pool.name\"]]]
		| sort_by(.[1]) == [[$1, \"idle\", \"127.0.0.1:$PORT/shop\"], [$2, \"used\", \"127.0.0.1:$PORT/shop\"]]"
}

@test "a pool's clients are used from pop to push, else idle, and gone with the pool" {
	local told="$BATS_TEST_TMPDIR/told" program
	mkfifo "$told"
	run_watched "$BUILD/programs/mongo-runs" "$PORT" pool <"$told" >"$BATS_TEST_TMPDIR/pool" 2>&1 3>&- 4>&- 7>&- &
	program=$!
	exec 8>"$told"
	wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/pool"
	wait_for 10 counts 2 1
	echo >&8
	wait_for 10 counts 0 0
	exec 8>&-
	wait "$program"
}
