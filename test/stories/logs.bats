#!/usr/bin/env bats
# What a service says by itself, and from where.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

# says FILTER: jq's filter becomes true of the log records
says() {
	wait_for 15 api_says logs "$1" || {
		api logs
		false
	}
}

@test "each record says from where it comes, and whose it is" {
	"$BUILD/oriel" run -- "$BUILD/programs/logs" places
	says '[.logs[].body] | sort == ["3 of book left", "in a span", "no connection", "order placed"]'
	says '.logs | all(.attributes["code.file.path"] | endswith("test/programs/logs.c"))'
	says '.logs | all(.attributes["code.function.name"] == "places" and (.attributes["code.line.number"] > 15))'
	says '[.logs[].attributes["code.line.number"]] | unique | length == 4'
	says '[.logs[] | select(.body == "no connection") | .scope] == ["db"]'
	says '[.logs[] | select(.body == "in a span") | .span_id | length] == [16]'
}

@test "levels come from the environment, one for all and one for each logger" {
	LOG_LEVEL=critical ORIEL_LOG_LEVELS=db=error "$BUILD/oriel" run -- "$BUILD/programs/logs" places
	says '[.logs[].body] | sort == ["in a span", "no connection"]'
	run --separate-stderr "$BUILD/oriel" run --log-level=loud -- true
	grep -q "LOG_LEVEL: ignoring 'loud': no level, so it is INFO" <<<"$stderr"
}

# a service that waits for lines: says LINE waits until it has answered
begin_waiting() {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$BUILD/oriel" run -- "$BUILD/programs/logs" waits <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- &
	STARTED+=($!)
	exec 9>"$BATS_TEST_TMPDIR/in"
	wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	wait_for 10 api_says status '[.processes[] | select(.service == "logs" and .live)] | length == 1'
}
line() {
	echo "$1" >&9
	wait_for 10 grep -qxF "$1 ${2:-0}" "$BATS_TEST_TMPDIR/out" || {
		cat "$BATS_TEST_TMPDIR/out"
		false
	}
}
bodies() { says "[.logs[] | select(.attributes.line == \"$1\") | .body] | sort == [$2]"; }

@test "levels change while the service runs, of all loggers and of one, and back" {
	begin_waiting
	line before
	run -0 "$BUILD/oriel" set logs level=debug level.http=off
	[ "$output" = "set in 1 process" ]
	line debug
	"$BUILD/oriel" set "${STARTED[-1]}" level.db=error
	line less
	"$BUILD/oriel" set '*' level=off
	line yet
	"$BUILD/oriel" set logs level= level.http=
	line silent
	"$BUILD/oriel" set '*' level=
	line back
	exec 9>&-
	bodies before '"db info", "own info"'
	bodies debug '"db debug", "db info", "own debug", "own info"'
	bodies less '"own debug", "own info"'
	bodies yet '"own debug", "own info"'
	bodies back '"own info"'
	says '[.logs[] | select(.attributes.line == "silent")] | length == 0'
}

@test "a forked child goes on with its parent's levels, and so does who comes later" {
	begin_waiting
	"$BUILD/oriel" set logs level.db=debug
	line fork
	line child
	bodies child '"db debug", "db info", "own info"'
	exec 9>&-
	wait_for 10 api_says status '[.processes[] | select(.live)] | length == 0'
	coproc LATER { exec "$BUILD/oriel" run -- "$BUILD/programs/logs" waits 2>&1; }
	again() {
		echo later >&"${LATER[1]}"
		api_says logs '[.logs[] | select(.attributes.line == "later" and .body == "db debug")] | length > 0'
	}
	wait_for 10 again
	exec {LATER[1]}>&-
}

@test "sampling and exclusions change while the service runs" {
	begin_waiting
	line first
	"$BUILD/oriel" set logs sampling=always_off excluded='^/health,\.png$'
	run -0 "$BUILD/oriel" set logs
	[[ $output == "logs pid ${STARTED[-1]}  level=info "*"level.db=info level.http=info sampling=0 excluded='^/health,\.png\$'" ]]
	line second 7
	"$BUILD/oriel" set logs sampling=1 excluded=none
	line third 0
	"$BUILD/oriel" set logs sampling= excluded=
	line fourth 0
	exec 9>&-
	wait_for 10 api_says 'traces' '[.traces[].name] | length == 3' || {
		api traces
		false
	}
}

@test "what can't be set is told, and nothing else is" {
	run -1 "$BUILD/oriel" set shop level=debug
	[[ $output == *"no collector is running"* ]]
	begin_waiting
	run -1 "$BUILD/oriel" set shop level=debug
	[[ $output == *"shop: no service that runs is called so"* ]]
	run -64 "$BUILD/oriel" set logs level=debug level.db=loud
	[[ $output == *"level.db=loud: no such level"* ]]
	run -64 "$BUILD/oriel" set logs excluded='('
	run -64 "$BUILD/oriel" set
	run -1 "$BUILD/oriel" set shop
	[[ $output == *"shop: no service that runs is called so"* ]]
	line same
	exec 9>&-
	bodies same '"db info", "own info"'
}

@test "in a request each record has its method, path and id, and what the program binds, sampled or not" {
	local sampler
	for sampler in always_on always_off; do
		OTEL_TRACES_SAMPLER=$sampler serve run_watched "$BUILD/programs/logs" serves
		[ "$(curl -s "http://$HERE/cart?secret=1" -H "X-Request-ID: $sampler")" = yes ]
		stop_server
		says "[.logs[] | select(.attributes.request_id == \"$sampler\")] | length == 3"
		says "[.logs[] | select(.attributes.request_id == \"$sampler\") | .trace_id] | unique | length == 1"
	done
	says '.logs | all((.trace_id | test("^[0-9a-f]{32}$")) and (.span_id | test("^[0-9a-f]{16}$")))'
	says '.logs | all(.attributes.method == "GET")'
	says '[.logs[] | select(.body == "bare") | .attributes | .path == "/cart" and (has("tenant") | not)] == [true, true]'
	says '[.logs[] | select(.body == "inner") | .attributes | .path == "its own" and .tenant == "acme"] == [true, true]'
	says '[.logs[] | select(.body == "elsewhere") | .attributes | .path == "/cart" and .tenant == "acme"] == [true, true]'
}

@test "while no collector lives, lines go to standard error, and the next one has them all the same" {
	ORIEL_COLLECTOR=none run --separate-stderr -0 "$BUILD/programs/logs" places
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 5 ]
	[ "${stderr_lines[0]}" = "oriel: no collector lives; log records go to standard error until one does" ]
	[[ ${stderr_lines[1]} =~ ^[-0-9]{10}T[:.0-9]{15}Z\ INFO\ order\ placed\ order.id=7$ ]]
	[[ ${stderr_lines[3]} =~ Z\ ERROR\ db:\ no\ connection\ host=db1$ ]]
	[[ ${stderr_lines[4]} =~ Z\ CRITICAL\ in\ a\ span\ trace_id=[0-9a-f]{32}\ span_id=[0-9a-f]{16}$ ]]
	"$BUILD/oriel" run -- true
	says '[.logs[].body] | sort == ["3 of book left", "in a span", "no connection", "order placed"]'
	run --separate-stderr -0 "$BUILD/oriel" run -- "$BUILD/programs/logs" places
	[[ $stderr != *"no collector"* && $stderr != *"Z INFO"* ]]
}

@test "the page may do what oriel set does, and nobody else's page" {
	begin_waiting
	find_page
	post() { curl -s -m 10 -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' "$@" "$PAGE/api/control"; }
	[ "$(post -H 'Content-Type: application/json' -H 'Origin: http://evil.example' -d '{"target":"logs","set":["level=off"]}')" = 403 ]
	[ "$(post -d '{"target":"logs","set":["level=off"]}')" = 403 ]
	[ "$(post -H 'Content-Type: application/json' -d '{"target":"shop","set":["level=off"]}')" = 404 ]
	[ "$(post -H 'Content-Type: application/json' -H "Origin: $PAGE" -d '{"target":"logs","set":["level=debug"]}')" = 200 ]
	[ "$(cat "$BATS_TEST_TMPDIR/answer")" = '{"processes":1}' ]
	if [ "$(id -u)" = 0 ]; then
		run setpriv --reuid 65534 --regid 65534 --clear-groups curl -s -m 10 -w '%{http_code}' -o /dev/null \
			-H 'Content-Type: application/json' -d '{"target":"logs","set":["level=off"]}' "$PAGE/api/control"
		[ "$output" = 403 ]
	fi
	line said
	exec 9>&-
	bodies said '"db debug", "db info", "http debug", "own debug", "own info"'
}

@test "a log record can be an event with a name" {
	cd "$BATS_TEST_TMPDIR"
	touch go
	OTEL_LOGS_EXPORTER=otlp_file ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json "$BUILD/oriel" run -- "$BUILD/programs/names"
	named() {
		jq -se '[.[].resourceLogs[].scopeLogs[].logRecords[] | select(.body.stringValue == "here") |
			[.eventName, (.attributes | map(.key) | index("event.name")), (.attributes | map(.key) | index("i") != null)]] |
			unique == [["names.kept", null, true]]' logs.json
	}
	wait_for 10 named
}
