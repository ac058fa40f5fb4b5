#!/usr/bin/env bats
# Several exporters of one kind for a signal: each with a name, an address, headers, a queue and a pace of its own.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	NEAR=$(free_port)
	FAR=$(free_port)
	cat >otel.yaml <<'YAML'
file_format: "1.0"
tracer_provider:
  processors:
    - batch:
        exporter:
          otlp_http:
            endpoint: http://127.0.0.1:${NEAR}/v1/traces
            compression: gzip
            headers: [{name: who, value: near}]
    - batch:
        schedule_delay: 1
        exporter:
          otlp_http:
            endpoint: http://127.0.0.1:${FAR}/v1/traces
            encoding: json
            headers: [{name: whom, value: far}]
logger_provider:
  processors:
    - batch: {exporter: {otlp_http: {endpoint: "http://127.0.0.1:${NEAR}/v1/logs"}}}
    - simple: {exporter: {otlp_http: {endpoint: "http://127.0.0.1:${FAR}/v1/logs"}}}
meter_provider:
  readers:
    - periodic: {interval: 200, exporter: {otlp_http: {encoding: json, endpoint: "http://127.0.0.1:${NEAR}/v1/metrics"}}}
    - periodic:
        interval: 600
        exporter: {otlp_http: {encoding: json, endpoint: "http://127.0.0.1:${FAR}/v1/metrics", temporality_preference: delta}}
YAML
	export NEAR FAR
}

teardown() { collecting_end; }

receive() { # NAME PORT
	/usr/bin/python3 "$BATS_TEST_DIRNAME/receiver.py" "$1" "$2" >"$1.port" 2>"$1.err" 3>&- 4>&- &
	STARTED+=($!)
	wait_for 20 test -s "$1.port"
}

came() { [ -s "$1" ] && jq -se "any(.[]; $2)" "$1"; }
# Readings of jobs.waiting, however many come in a request.
n_came() {
	jq -s '[.[] | select(.path == "/v1/metrics").text | fromjson | .resourceMetrics[].scopeMetrics[].metrics[] |
		select(.name == "jobs.waiting") | .. | .timeUnixNano? // empty] | unique | length' "$1"
}
temporality() {
	jq -rs '[.[] | select(.path == "/v1/metrics").text | fromjson | .resourceMetrics[].scopeMetrics[].metrics[] |
		select(.name == "jobs").sum.aggregationTemporality] | unique | tostring' "$1"
}

@test "a file's two receivers of a signal get all of it, each in its own way" {
	receive near "$NEAR"
	receive far "$FAR"
	"$BUILD/oriel" run --service-name twofold --config-file otel.yaml -- "$BUILD/programs/logs" >out 2>err
	not grep -q yaml err
	for name in near far; do
		wait_for 20 came $name '.path == "/v1/traces" and (.text | contains("twofold"))'
		wait_for 20 came $name '.path == "/v1/logs" and (.text | contains("twofold"))'
	done
	came near '.path == "/v1/traces" and .headers["content-encoding"] == "gzip" and .headers.who == "near"'
	came far '.path == "/v1/traces" and .headers["content-type"] == "application/json" and .headers.whom == "far"'
	not came near '.headers.whom'
	not came far '.headers.who or .headers["content-encoding"]'
}

@test "a reader has an interval of its own, and a temporality" {
	receive near "$NEAR"
	receive far "$FAR"
	start jobs "$BUILD/oriel" run --service-name twofold --config-file otel.yaml -- "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 -o out "$ADDRESS/cart"
	often() { [ "$(n_came near)" -ge 12 ] && [ "$(n_came far)" -ge 3 ]; }
	wait_for 30 often
	[ "$(n_came far)" -le $(($(n_came near) / 2)) ]
	[ "$(temporality near)" = "[2]" ]
	[ "$(temporality far)" = "[1]" ]
}

@test "who says no interval has the collector's, beside one that says its own" {
	receive near "$NEAR"
	receive far "$FAR"
	OTEL_METRIC_EXPORT_INTERVAL=600 "$BUILD/oriel" collect 2>collect.err 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 api status
	export OTEL_METRICS_EXPORTER=otlp,otlp/far OTEL_EXPORTER_OTLP_PROTOCOL=http/json
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$NEAR ORIEL_OF_FAR_OTEL_EXPORTER_OTLP_PROTOCOL=http/json
	export ORIEL_OF_FAR_OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$FAR ORIEL_OF_FAR_OTEL_METRIC_EXPORT_INTERVAL=200
	start jobs "$BUILD/oriel" run --service-name twofold -- "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 -o out "$ADDRESS/cart"
	often() { [ "$(n_came far)" -ge 15 ]; }
	wait_for 30 often
	[ "$(n_came near)" -ge 4 ]
	[ "$(n_came near)" -le $(($(n_came far) / 2)) ]
}

@test "one that is away keeps what is its own, under its name; the other goes on" {
	receive near "$NEAR"
	"$BUILD/oriel" run --service-name twofold --config-file otel.yaml -- "$BUILD/programs/logs" >out 2>err
	wait_for 20 came near '.path == "/v1/traces" and (.text | contains("twofold"))'
	kept() { [ "$(cat "$ORIEL_DATA_DIR"/queue/otlp-2-1-*/*.queue 2>/dev/null | grep -ac twofold)" -ge 1 ]; }
	wait_for 20 kept
	not ls "$ORIEL_DATA_DIR"/queue/otlp-1-*/*.queue
	receive far "$FAR"
	"$BUILD/oriel" run --service-name twofold --config-file otel.yaml -- "$BUILD/programs/logs" >out 2>err
	wait_for 60 came far '.path == "/v1/traces" and (.text | contains("twofold"))'
	wait_for 60 not kept
}

@test "each is told of by its name" {
	receive near "$NEAR"
	receive far "$FAR"
	start shares "$BUILD/oriel" run --service-name twofold --config-file otel.yaml --sdk-metrics -- "$BUILD/programs/shares" 100 1 go
	wait_for 10 api_says status '[.destinations[] | select(.signals == ["traces"]).name] | sort == ["otlp", "otlp/2"]'
	named() { curl -sf "$PAGE/metrics" | grep -q "otel_sdk_exporter_span_exported_total{.*$1"; }
	find_page
	wait_for 10 named 'otel_component_name="otlp_http_span_exporter/0"'
	wait_for 10 named 'otel_component_name="otlp_http_json_span_exporter/otlp/2"'
	touch go
}

@test "variables say the same by a name" {
	receive near "$NEAR"
	receive far "$FAR"
	export OTEL_TRACES_EXPORTER=otlp,otlp/far OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$NEAR
	export OTEL_EXPORTER_OTLP_HEADERS=who=near ORIEL_OF_FAR_OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$FAR
	"$BUILD/oriel" run --service-name twofold -- "$BUILD/programs/logs" >out 2>err
	wait_for 20 came near '.path == "/v1/traces" and .headers.who == "near"'
	wait_for 20 came far '.path == "/v1/traces"'
	not came far '.headers.who'
}
