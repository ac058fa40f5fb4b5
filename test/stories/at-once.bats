#!/usr/bin/env bats
# A backend far away: an answer takes 100 ms. What one request after the other doesn't carry, several at once do.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	start sink "$BUILD/programs/sink" distant
	SINK=$ADDRESS
	export OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
	export OTEL_EXPORTER_OTLP_ENDPOINT=$SINK OTEL_BSP_MAX_EXPORT_BATCH_SIZE=500 ORIEL_SEGMENT_SIZE=16777216
}

teardown() { collecting_end; }

# 40,000 spans, 500 in a request: 8 seconds of answers.
send() {
	local began=${EPOCHREALTIME/./}
	"$BUILD/oriel" run --service-name steady "$@" -- "$BUILD/programs/steady" 20000 2 60 >service
	echo "# $*: delivered after $(((${EPOCHREALTIME/./} - began) / 1000)) ms" >&3
	[ "$(tail -n 1 service)" = flushed ]
	read -r SPANS _ REQUESTS MOST < <(curl -sf -m 10 "$SINK/count")
	[ "$SPANS" = 40000 ]
	[ "$REQUESTS" -ge 80 ]
}

@test "as many as are allowed are under way at once, and all comes" {
	send --export-concurrency 8
	[ "$MOST" -ge 2 ] # all eight, unless the machine has little time for them
	[ "$MOST" -le 8 ]
	[ "$(metric oriel_export_sent_total)" = 40000 ]
}

# 40,000 spans by whatever is set
several() {
	"$BUILD/oriel" run --service-name steady --export-concurrency 8 -- "$BUILD/programs/steady" 20000 2 60 >service
	[ "$(tail -n 1 service)" = flushed ]
	read -r _ _ _ MOST < <(curl -sf -m 10 "$SINK/count")
	[ "$MOST" -ge 2 ]
	[ "$MOST" -le 8 ]
	[ "$(metric oriel_export_sent_total)" = 40000 ]
}

@test "Zipkin gets several, too" {
	export OTEL_TRACES_EXPORTER=zipkin OTEL_EXPORTER_ZIPKIN_ENDPOINT=$SINK/api/v2/spans
	several
}

@test "so does Datadog's agent" {
	export OTEL_TRACES_EXPORTER=datadog DD_TRACE_AGENT_URL=$SINK
	several
}

@test "one after the other, if that is wanted" {
	send --export-concurrency 1
	[ "$MOST" = 1 ]
}

@test "one is enough for who has little to say" {
	"$BUILD/oriel" run --service-name steady -- "$BUILD/programs/steady" 100 1 60 >service
	[ "$(tail -n 1 service)" = flushed ]
	read -r SPANS _ _ MOST < <(curl -sf -m 10 "$SINK/count")
	[ "$SPANS" = 100 ]
	[ "$MOST" = 1 ]
}

@test "a number that makes no sense is told, and the default taken" {
	"$BUILD/oriel" run --service-name steady --export-concurrency 33 -- "$BUILD/programs/steady" 100 1 60 >service 2>err
	grep -q "ORIEL_EXPORT_CONCURRENCY: ignoring '33': out of range" err "$ORIEL_DATA_DIR/collector.log"
	[ "$(tail -n 1 service)" = flushed ]
}
