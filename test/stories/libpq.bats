#!/usr/bin/env bats
# Programs that speak to PostgreSQL through libpq: a real server, the answers that they would get, and
# a span for each command.

bats_require_minimum_version 1.5.0
load collecting
load watching
load databases

setup_file() {
	postgresql_begin
	export PG_SOCKET PG_PORT DATABASE DATABASE_PID PGUSER PGDATABASE PGHOST PGPORT
}
teardown_file() { database_end; }
setup() { collecting_begin; }
teardown() { collecting_end; }

# watched_while WHAT: and it stays there until stop_server
watched_while() { serve run_watched "$BUILD/programs/pq-calls" "$1" '' stay; }

pq_calls() { same "$BUILD/programs/pq-calls" "$@"; }

# The database's spans, oldest first, as jq
ours='[sort_by(.start_ns)[] | select(.scope == "oriel.libpq")]'

# seen N FILTER: of N spans of the database, oldest first
seen() { see_ours libpq "$@"; }

@test "each command is a span with its text, rows or error, and none of its values" {
	pq_calls sync ''
	seen 16 'map(.name) == ["CREATE TABLE orders", "INSERT orders", "SELECT orders", "INSERT orders",
		"SELECT orders", "INSERT orders", "BEGIN UPDATE orders COMMIT", "postgresql", "SELECT", "SELECT", "CALL",
		"CREATE", "CALL pg_temp.nothing", "SET SET", "SELECT", "SELECT orders"]'
	spans "$ours[2] | .kind == \"client\" and .status == \"unset\" and .attributes == {
		\"db.system.name\": \"postgresql\", \"db.namespace\": \"postgres\",
		\"db.operation.name\": \"SELECT\", \"db.collection.name\": \"orders\",
		\"db.query.summary\": \"SELECT orders\",
		\"db.query.text\": \"SELECT id FROM orders WHERE name = ?\",
		\"server.address\": \"$PG_SOCKET/.s.PGSQL.$PG_PORT\", \"db.response.returned_rows\": 2 }"
	seen 16 'map(select(.status == "error") | .attributes | [."error.type", ."db.response.status_code"])
		== [["22012", "22012"], ["23505", "23505"], ["42P01", "42P01"]]'
	seen 16 '.[6].attributes | ."db.operation.name" == "BATCH" and ."db.operation.batch.size" == 3'
	seen 16 '.[12].attributes."db.stored_procedure.name" == "pg_temp.nothing"'
	seen 16 'tostring | test("secret") | not'
}

@test "over TCP, the server's name, port and address" {
	pq_calls rows "host=127.0.0.1 port=$PG_PORT"
	seen 2 ".[0].attributes | .\"server.address\" == \"127.0.0.1\" and .\"server.port\" == $PG_PORT
		and .\"network.peer.address\" == \"127.0.0.1\" and .\"network.peer.port\" == $PG_PORT"
}

@test "a prepared statement is known by its name, as the server has it" {
	pq_calls prepared ''
	seen 310 'map(select(.name == "SELECT pg_class")) | length == 4 and
		(map(.attributes."db.query.text") | unique) ==
			["SELECT $1::int AS n FROM pg_class WHERE relname = ?"]'
	seen 310 'map(select(.status == "error") | [.name, .attributes."error.type"]) ==
		[["PREPARE", "42P05"], ["EXECUTE", "26000"]]'
	seen 310 '.[-2:] | map(.name) == ["SELECT", "EXECUTE"]'
}

@test "durations are measured by operation and table; what was forgotten is counted" {
	watched_while sync
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "db.client.operation.duration")
		| select(.attributes."db.operation.name" == "INSERT" and .attributes."db.collection.name" == "orders")
		| [.attributes."error.type", .count]] | sort == [[null, 2], ["23505", 1]]'
	stop_server
	watched_while prepared
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "oriel.agent.missed") | .value] | add == 45'
	stop_server
}

@test "the connections to a server are its pool, idle or used" {
	watched_while pool
	wait_for 10 api_says metrics "[.metrics[] | select(.name == \"db.client.connection.count\")
		| [.attributes[\"db.client.connection.state\"], .value, .attributes[\"db.client.connection.pool.name\"]]]
		| sort == [[\"idle\", 2, \"$PG_SOCKET/.s.PGSQL.$PG_PORT/postgres\"], [\"used\", 1, \"$PG_SOCKET/.s.PGSQL.$PG_PORT/postgres\"]]"
	stop_server
}

@test "commands of two connections overlap, each below the span that sent it" {
	pq_calls async ''
	seen 7 '(.[0].start_ns | tonumber) + .[0].duration_ns > (.[1].start_ns | tonumber) + .[1].duration_ns'
	spans '([.[] | select(.scope == "oriel")] | map({(.span_id): .name}) | add) as $own
		| [sort_by(.start_ns)[] | select(.scope == "oriel.libpq")][0:2]
		| map([$own[.parent_id], .attributes."db.query.text"]) ==
			[["first", "SELECT pg_sleep(?), ? AS a"], ["second", "SELECT ? AS b"]]'
	seen 7 '.[2] | .status == "error" and .attributes."error.type" == "22012"
		and .attributes."db.response.returned_rows" == 2 and .attributes."db.operation.name" == "BATCH SELECT"'
	seen 7 '.[3] | .status == "error" and .attributes."error.type" == "PGRES_FATAL_ERROR"'
	seen 7 '.[5].attributes."db.response.returned_rows" == 1'
}

@test "in a pipeline each command has its own results" {
	pq_calls pipeline ''
	seen 10 'map([.name, .attributes."error.type", .attributes."db.response.returned_rows"]) == [
		["CREATE TABLE lines", null, null], ["PREPARE", null, null], ["INSERT lines", null, null],
		["SELECT lines", null, 1], ["DESCRIBE", null, null], ["INSERT lines", "23505", null],
		["SELECT", "PGRES_PIPELINE_ABORTED", null], ["SELECT", null, 1],
		["SELECT", "PGRES_FATAL_ERROR", null], ["SELECT", null, 1]]'
}

@test "row by row, and COPY in both directions, until the end of it" {
	pq_calls rows ''
	pq_calls copy ''
	seen 6 'map([.name, .attributes."error.type", .attributes."db.response.returned_rows"]) == [
		["SELECT", null, 5], ["SELECT generate_series", "22012", 2], ["CREATE TABLE lines", null, null],
		["COPY lines", null, null], ["COPY lines", null, 2], ["COPY lines", "22P02", null]]'
}

@test "a connection that is lost, or was never there, is an error of its own" {
	pq_calls lost ''
	seen 5 '.[0].status == "error" and (.[1:] | map(.attributes."error.type")) ==
		["CONNECTION_BAD", "CONNECTION_BAD", null, "CONNECTION_BAD"]'
}

@test "psql and pg_dump print what they print, and are seen" {
	psql -q -c 'CREATE TABLE IF NOT EXISTS stock(id int PRIMARY KEY, name text)' \
		-c "INSERT INTO stock VALUES (1, 'secret')"
	same sh -c 'psql -X -c "SELECT * FROM stock" -c "\d stock" -c "SELECT 1/0" -c "\copy stock to stdout" 2>&1'
	see "$ours | map(.name) | contains([\"SELECT stock\", \"COPY stock\"])"
	same sh -c 'pg_dump --no-sync | grep -v restrict' # a word of its own each time
	see "$ours | length > 40"
	spans 'tostring | test("secret") | not'
}

@test "pgbench, with threads, connections that come and go, and pipelines, loses no command" {
	local bench=(/usr/lib/postgresql/*/bin/pgbench)
	printf '%s\n' '\startpipeline' "SELECT 'a', :client_id;" "SELECT 'b';" "SELECT 'c';" '\endpipeline' \
		>"$BATS_TEST_TMPDIR/three.sql"
	for way in "prepared -c 2" "extended -C -c 2"; do
		# shellcheck disable=SC2086
		run_watched "${bench[-1]}" -n -M $way -j 2 -t 25 -f "$BATS_TEST_TMPDIR/three.sql" \
			>"$BATS_TEST_TMPDIR/said" 2>&1 || fail_at "$way"
		grep -q 'processed: 50/50' "$BATS_TEST_TMPDIR/said"
	done
	see "[.[] | select(.scope == \"oriel.libpq\" and .name == \"SELECT\")] | length == 300"
}

@test "the context goes into the text where it is asked for, and only there" {
	run_watched "$BUILD/programs/pq-calls" commented '' >"$BATS_TEST_TMPDIR/off"
	not grep -q traceparent "$BATS_TEST_TMPDIR/off"
	ORIEL_SQLCOMMENTER=mariadb run_watched "$BUILD/programs/pq-calls" commented '' >"$BATS_TEST_TMPDIR/other"
	not grep -q traceparent "$BATS_TEST_TMPDIR/other"
	run_watched env ORIEL_SQLCOMMENTER=postgresql "$BUILD/programs/pq-calls" commented '' >"$BATS_TEST_TMPDIR/on"
	see "$ours | length == 21"
	cat "$BATS_TEST_TMPDIR/on"
	[ "$(grep -c traceparent "$BATS_TEST_TMPDIR/on")" = 2 ]
	for line in 1 3; do
		said=$(sed -n "${line}p" "$BATS_TEST_TMPDIR/on")
		[[ $said =~ pg_backend_pid\(\)\ /\*traceparent=\'00-([0-9a-f]{32})-([0-9a-f]{16})-0[13]\'\*/(\;?)$ ]]
		spans "[.[] | select(.trace_id == \"${BASH_REMATCH[1]}\" and .span_id == \"${BASH_REMATCH[2]}\")]
			| length == 1 and .[0].scope == \"oriel.libpq\""
	done
}
