#!/usr/bin/env bats
# oriel_flush tells the truth: what was recorded before it is there, is late, or is lost.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

flushes() { "$BUILD/oriel" run --service-name shop -- "$BUILD/programs/flushes" "$@" 2>err; }

@test "what it says is delivered can be read at once" {
	export OTEL_TRACES_EXPORTER=otlp_file OTEL_LOGS_EXPORTER=otlp_file ORIEL_OTLP_FILE=$PWD/%s.json
	[ "$(flushes 10000)" = flushed ]
	grep -q '"name":"work"' traces.json
	grep -q 'at work' logs.json
	api_says traces '[.traces[].service] | index("shop")'
}

@test "a backend that takes its time makes it late, and other services don't wait for it" {
	start sink "$BUILD/programs/sink" slow
	export OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=$ADDRESS
	[ "$(flushes 300)" = late ]
	[ "$(flushes 20000)" = flushed ]
	unset OTEL_TRACES_EXPORTER OTEL_EXPORTER_OTLP_ENDPOINT
	[ "$(flushes 10000)" = flushed ]
}

@test "a backend that refuses makes it lost, each time anew" {
	local port
	port=$(free_port)
	/usr/bin/python3 -m http.server --bind 127.0.0.1 "$port" >served 2>&1 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 curl -sf "http://127.0.0.1:$port/"
	export OTEL_TRACES_EXPORTER=zipkin OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://127.0.0.1:$port/
	[ "$(flushes 10000 2)" = "$(printf 'lost\nlost')" ]
}

@test "what is late isn't lost yet: that is said when nothing is under way any more" {
	local refuses away
	refuses=$(free_port)
	away=$(free_port)
	/usr/bin/python3 -m http.server --bind 127.0.0.1 "$refuses" >served 2>&1 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 curl -sf "http://127.0.0.1:$refuses/"
	export OTEL_TRACES_EXPORTER=zipkin,otlp OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://127.0.0.1:$refuses/
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$away
	flushes 1000 30 >said 3>&- 4>&- &
	STARTED+=($!)
	late() { [ "$(sort -u said)" = late ]; }
	wait_for 20 late
	/usr/bin/python3 "$BATS_TEST_DIRNAME/receiver.py" got "$away" >port 2>receiver.err 3>&- 4>&- &
	STARTED+=($!)
	wait_for 60 grep -qx lost said
	[ "$(uniq said | tr '\n' ' ')" = "late lost " ]
}

@test "a dead backend doesn't hold the output of who flushes and ends" {
	export OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$(free_port)
	export -f flushes
	export BUILD
	# A flush in the collector may take a minute; that its run's output is open that long would be one, too.
	[ "$(timeout 30 bash -c 'x=$(flushes 300); echo "$x"')" = late ]
	# What is under way goes on all the same.
	[ "$(cat "$ORIEL_DATA_DIR"/queue/*/*.queue | grep -ac work)" -ge 1 ]
}

@test "without a collector there is nobody to tell" {
	export ORIEL_COLLECTOR=none
	[ "$("$BUILD/programs/flushes" 100 2>err)" = nobody ]
	[ "$(OTEL_SDK_DISABLED=true "$BUILD/programs/flushes" 100)" = nobody ]
}
