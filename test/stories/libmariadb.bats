#!/usr/bin/env bats
# Programs that speak to MariaDB through libmariadb: a real server, the answers that they would get,
# and a span for each statement.

bats_require_minimum_version 1.5.0
load collecting
load watching
load databases

setup_file() {
	mariadb_begin
	mariadb --no-defaults -uroot -S "$MARIADB_SOCKET" -e 'CREATE DATABASE shop'
	export MARIADB_SOCKET MARIADB_PORT DATABASE DATABASE_PID
}
teardown_file() { database_end; }
setup() { collecting_begin; }
teardown() { collecting_end; }

maria_calls() { same "$BUILD/programs/mariadb-calls" "$@"; }

# seen N FILTER: of N spans of the database, oldest first
seen() { see_ours libmariadb "$@"; }

@test "each statement is a span with its text, rows or error, and none of its values" {
	maria_calls sync "$MARIADB_SOCKET"
	seen 15 'map(.name) == ["SET", "CREATE TABLE orders", "INSERT orders", "SELECT orders", "INSERT orders",
		"SELECT orders", "USE mysql", "SET", "COMMIT", "SET", "SELECT", "SELECT", "SET", "SELECT", "SELECT"]'
	seen 15 ".[3] | .kind == \"client\" and .status == \"unset\" and .attributes == {
		\"db.system.name\": \"mariadb\", \"db.namespace\": \"shop\",
		\"db.operation.name\": \"SELECT\", \"db.collection.name\": \"orders\",
		\"db.query.summary\": \"SELECT orders\",
		\"db.query.text\": \"SELECT id FROM \`orders\` WHERE name = ?\",
		\"server.address\": \"$MARIADB_SOCKET\", \"db.response.returned_rows\": 2 }"
	seen 15 'map(select(.status == "error") | .attributes | [."error.type", ."db.response.status_code"])
		== [["1062", "1062"], ["1054", "1054"]]'
	seen 15 '[.[6, 7, 14].attributes."db.namespace"] == ["shop", "mysql", "shop"]'
	seen 15 'map(.attributes."db.query.text") | tostring | test("'"'"'|\"secret") | not'
}

@test "over TCP, the server's address and port" {
	maria_calls rows "$MARIADB_PORT"
	seen 5 ".[0].attributes | .\"server.address\" == \"127.0.0.1\" and .\"server.port\" == $MARIADB_PORT"
}

@test "rows count, whether stored at once or fetched one by one" {
	maria_calls rows "$MARIADB_SOCKET"
	seen 5 'map(.attributes | [."db.response.returned_rows", ."error.type"]) ==
		[[5, null], [100, null], [3, null], [null, null], [null, "2014"]]'
}

@test "several statements in one text, and a procedure's several results, are one span" {
	maria_calls several "$MARIADB_SOCKET"
	seen 5 'map([.name, .attributes."error.type", .attributes."db.response.returned_rows",
		.attributes."db.operation.batch.size"]) == [
		["SELECT DO SELECT", null, 3, 3], ["SELECT SELECT SELECT", "1054", 1, 3],
		["CREATE", null, null, null], ["CALL two", null, 2, null], ["DROP", null, null, null]]'
	seen 5 '.[3].attributes."db.stored_procedure.name" == "two"'
}

@test "a prepared statement is a span for each time that it is run" {
	maria_calls prepared "$MARIADB_SOCKET"
	seen 9 'map([.name, .attributes."error.type", .attributes."db.response.returned_rows",
		.attributes."db.operation.batch.size"]) == [
		["PREPARE", null, null, null], ["SELECT seq_1_to_3", null, 2, null], ["SELECT seq_1_to_3", null, 2, null],
		["SELECT seq_1_to_3", null, null, null], ["PREPARE", "1054", null, null],
		["CREATE TABLE items", null, null, null], ["PREPARE", null, null, null],
		["INSERT items", "1062", null, 3], ["SELECT", null, 1, null]]'
	seen 9 'tostring | test("secret") | not'
}

@test "calls that don't wait overlap, each below the span that began it" {
	maria_calls waiting "$MARIADB_SOCKET"
	seen 8 '(.[0].start_ns | tonumber) + .[0].duration_ns > (.[1].start_ns | tonumber) + .[1].duration_ns'
	spans '([.[] | select(.scope == "oriel")] | map({(.span_id): .name}) | add) as $own
		| [sort_by(.start_ns)[] | select(.scope == "oriel.libmariadb")][0:2]
		| map([$own[.parent_id], .attributes."db.query.text"]) ==
			[["first", "SELECT SLEEP(?), ?"], ["second", "SELECT ?"]]'
	seen 8 '.[2:] | map([.name, .attributes."error.type", .attributes."db.response.returned_rows"]) == [
		["SELECT", "1054", null], ["SELECT seq_1_to_3", null, 3], ["COMMIT", null, null],
		["PREPARE", null, null], ["SELECT seq_1_to_2", null, 2], ["SELECT seq_1_to_2", null, 2]]'
}

@test "a connection that is lost, or was never there, is an error" {
	maria_calls lost "$MARIADB_SOCKET"
	seen 3 'map(.status) == ["error", "error", "error"]'
	seen 3 '.[2].attributes | ."error.type" == "2006" and (has("server.address") | not)'
}

@test "the command line client, which has its own copy of the library, prints what it prints" {
	same sh -c "mariadb --no-defaults -uroot -S $MARIADB_SOCKET -vvf -e 'SELECT 1; SHOW DATABASES; SELECT nothing' 2>&1"
	same mariadb-dump --no-defaults --skip-dump-date -uroot -S "$MARIADB_SOCKET" mysql servers
}

@test "the context goes into the text where it is asked for, and only there" {
	run_watched "$BUILD/programs/mariadb-calls" commented "$MARIADB_SOCKET" >"$BATS_TEST_TMPDIR/off"
	not grep -q traceparent "$BATS_TEST_TMPDIR/off"
	ORIEL_SQLCOMMENTER=postgresql,mariadb \
		run_watched "$BUILD/programs/mariadb-calls" commented "$MARIADB_SOCKET" >"$BATS_TEST_TMPDIR/on"
	seen 10 'true'
	cat "$BATS_TEST_TMPDIR/on"
	[ "$(grep -c traceparent "$BATS_TEST_TMPDIR/on")" = 3 ]
	for line in 1 3 4; do
		said=$(sed -n "${line}p" "$BATS_TEST_TMPDIR/on")
		[[ $said =~ CONNECTION_ID\(\)\ /\*traceparent=\'00-([0-9a-f]{32})-([0-9a-f]{16})-0[13]\'\*/\;?$ ]] ||
			fail_at "line $line"
		spans "[.[] | select(.trace_id == \"${BASH_REMATCH[1]}\" and .span_id == \"${BASH_REMATCH[2]}\")]
			| length == 1 and .[0].scope == \"oriel.libmariadb\""
	done
}
