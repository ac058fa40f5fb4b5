#!/usr/bin/env bats
# Who a service is, as a receiver of OTLP hears it.

bats_require_minimum_version 1.5.0
load collecting
setup() {
	collecting_begin
	heard=$BATS_TEST_TMPDIR/resources
	: >"$heard"
	start receiver python3 "$BATS_TEST_DIRNAME/resources.py" "$heard"
	export OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=$ADDRESS OTEL_BSP_SCHEDULE_DELAY=100
}
teardown() { collecting_end; }

# hears N: so many resources have arrived
hears() {
	wait_for 20 eval "[ \$(wc -l <'$heard') -ge $1 ]" || {
		cat "$heard"
		false
	}
}

# says FILTER: jq's filter is true of the list of them
says() { jq -se "$1" "$heard" >/dev/null || { cat "$heard" && false; }; }

runs() { "$BUILD/oriel" run "$@" -- "$BUILD/programs/sqlite-traced" secret >/dev/null; }

@test "a program that says nothing is named after its file, and described from outside" {
	runs
	hears 1
	says '.[0]."service.name" == "unknown_service:sqlite-traced"'
	says ".[0].\"process.executable.path\" == \"$(realpath "$BUILD/programs/sqlite-traced")\""
	says ".[0].\"host.name\" == \"$(uname -n)\" and .[0].\"os.type\" == \"linux\""
	says '.[0]."host.arch" | test("^[a-z]+[0-9]+$")'
	says ".[0].\"process.owner\" == \"$(id -un)\" and (.[0].\"process.pid\" | type) == \"number\""
	says '.[0]."service.instance.id" | test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")'
	says '.[0] | ."telemetry.sdk.name" == "oriel" and ."telemetry.sdk.language" == "c" and ."telemetry.distro.name" == "oriel"'
	run ! grep -q secret "$heard"
}

@test "names go by their order, and a bad pair spoils only itself" {
	OTEL_SERVICE_NAME=first OTEL_RESOURCE_ATTRIBUTES=service.name=second runs
	hears 1
	OTEL_SERVICE_NAME=unknown_service:x OTEL_RESOURCE_ATTRIBUTES='bad,c=%4,service.name=second,team=a%20b' runs
	hears 2
	says '[.[]."service.name"] == ["first", "second"]'
	says '.[1].team == "a b" and (.[1] | has("c") | not)'
	wait_for 10 api_says services '[.services[].service] | sort == ["first", "second"]'
}

@test "entities are told as attributes, the last of a type, behind what the other variables say" {
	OTEL_ENTITIES='host{host.id=first};service{service.name=of-it,service.namespace=shop%2Ceu}[team=t1];host{host.id=a1}[host.name=named];bad{x' \
		OTEL_RESOURCE_ATTRIBUTES=team=t0 runs 2>"$BATS_TEST_TMPDIR/err"
	hears 1
	says '.[0] | ."service.name" == "of-it" and ."service.namespace" == "shop,eu" and .team == "t0" and ."host.id" == "a1" and ."host.name" == "named"'
	grep -q "OTEL_ENTITIES: ignoring 'bad{x': not TYPE" "$BATS_TEST_TMPDIR/err"
	grep -q "OTEL_ENTITIES: ignoring 'host{host.id=first}': a later one has its type" "$BATS_TEST_TMPDIR/err"
	OTEL_SERVICE_NAME=first OTEL_ENTITIES='service{service.name=of-it}' runs
	hears 2
	says '.[1]."service.name" == "first"'
}

@test "a program's own name counts when nobody gave another" {
	ORIEL_COLLECTOR=$BUILD/oriel "$BUILD/programs/guest" daemon
	hears 1
	says '.[0]."service.name" == "guest"'
}

@test "the arguments of the command are told when asked for" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$BUILD/oriel" run --command-args -- "$BUILD/programs/hello-server" select <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- 4>&- &
	server=$!
	exec 7>"$BATS_TEST_TMPDIR/in"
	wait_for 20 test -s "$BATS_TEST_TMPDIR/out"
	curl -s "http://127.0.0.1:$(head -n 1 "$BATS_TEST_TMPDIR/out")/"
	hears 1
	exec 7>&-
	wait "$server"
	says '.[0]."process.command_args"[1] == "select"'
}

@test "each process has an id of its own, and one that the user set is everybody's" {
	runs
	runs
	hears 2
	says '[.[]."service.instance.id"] | unique | length == 2'
	OTEL_RESOURCE_ATTRIBUTES=service.instance.id=mine runs
	hears 3
	says '.[2]."service.instance.id" == "mine"'
}

@test "a forked child has an id of its own, too, and the user's stays" {
	forks='import os, sqlite3
ask = lambda: sqlite3.connect(":memory:").execute("SELECT 1").fetchall()
ask(); child = os.fork(); ask()
child and os.wait()'
	"$BUILD/oriel" run -- python3 -c "$forks"
	hears 2
	says '[.[]."service.instance.id"] | unique | length == 2'
	OTEL_RESOURCE_ATTRIBUTES=service.instance.id=mine "$BUILD/oriel" run -- python3 -c "$forks"
	hears 4
	says '[.[2, 3]."service.instance.id"] == ["mine", "mine"]'
	says '[.[2, 3]."process.pid"] | unique | length == 2'
}
