#!/usr/bin/env bats
# What spans tell as metrics, of all that there were: also of those that sampling left out.

load collecting

setup() {
	collecting_begin
	export OTEL_METRICS_EXPORTER=otlp_file ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json OTEL_METRIC_EXPORT_INTERVAL=200
	export ORIEL_PROCESS_METRICS=false OTEL_TRACES_SAMPLER=always_on
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

# shares OPTION... -- COUNT [MS]: what it recorded is told when it has returned
shares() {
	local -a options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$BUILD/oriel" run --service-name shop "${options[@]}" -- "$BUILD/programs/shares" "$@"
}

# calls NAME [STATUS]: the last total that was told of it.
calls() {
	jq -sr --arg name "$1" --arg status "STATUS_CODE_${2:-UNSET}" '[.[].resourceMetrics[].scopeMetrics[].metrics[] |
		select(.name == "traces.span.metrics.calls").sum.dataPoints[] |
		select((.attributes[] | select(.key == "span.name").value.stringValue) == $name and
			(.attributes[] | select(.key == "status.code").value.stringValue) == $status) | .asInt | tonumber] | max // 0' metrics.json
}

calls_are() { [ "$(calls "$1" "$2")" = "$3" ]; }

# The page's sum of a series: total FAMILY LABEL...
total() {
	local family=$1 labels
	shift
	labels=$(printf '%s\n' "$@")
	find_page && curl -sf -m 10 "$PAGE/metrics" | python3 -c '
import sys
family, labels = sys.argv[1], sys.argv[2].split("\n")
print(int(sum(float(l.rsplit(" ", 1)[1]) for l in sys.stdin if l.startswith(family + "{") and all(x in l for x in labels))))' "$family" "$labels"
}

total_is() {
	local expected=$1
	shift
	[ "$(total "$@")" = "$expected" ]
}

@test "without a word there are none" {
	shares -- 10
	wait_for 10 api_says traces '.traces | length > 0'
	[ "$(metric traces_span_metrics_calls_total)" = 0 ]
	[ ! -e metrics.json ] || not grep -q traces.span.metrics metrics.json
}

@test "every span counts, by service, name, kind and status, and how long it took" {
	shares --span-metrics --span-metrics-dimensions http.route,none.such -- 100 3
	wait_for 10 calls_are 'serve /item' UNSET 100
	[ "$(calls 'look up')" = 90 ]
	[ "$(calls 'look up' ERROR)" = 10 ]
	jq -se '[.[].resourceMetrics[].scopeMetrics[].metrics[] | select(.name == "traces.span.metrics.duration") | select(.unit == "ms") |
		.histogram.dataPoints[] | select(.attributes | any(.value.stringValue == "SPAN_KIND_SERVER")) | select(.count == "100")][-1] |
		.sum == 300 and .bucketCounts[1] == "100" and (.explicitBounds | length) == 16 and
		([.attributes[] | .key + "=" + .value.stringValue] | sort) == ["http.route=/item", "service.name=shop",
			"span.kind=SPAN_KIND_SERVER", "span.name=serve /item", "status.code=STATUS_CODE_UNSET"]' metrics.json
	# Where it is asked for, too, after the process has ended.
	total_is 10 traces_span_metrics_calls_total 'span_name="look up"' 'status_code="STATUS_CODE_ERROR"' 'service_name="shop"'
	total_is 100 traces_span_metrics_duration_milliseconds_bucket 'span_name="serve /item"' 'le="4.0"'
	total_is 0 traces_span_metrics_duration_milliseconds_bucket 'span_name="serve /item"' 'le="2.0"'
}

# With these ids 1 % of 20,000 is 200, give or take 42 (three standard deviations): always the same number.
@test "of a service that takes 1 % the total is right by what each one stands for" {
	shares --span-metrics --traces-sampler traceidratio --traces-sampler-arg 0.01 --traces-exporter otlp_file -- 20000
	seen=$(jq -s '[.[].resourceSpans[].scopeSpans[].spans[] | select(.name == "serve /item")] | length' traces.json)
	[ "$seen" -ge 158 ] && [ "$seen" -le 242 ]
	[ "$(jq -rs '[.[].resourceSpans[].scopeSpans[].spans[].traceState] | unique[]' traces.json)" = ot=th:fd70a3d70a3d71 ]
	wait_for 10 calls_are 'serve /item' UNSET $((seen * 100))
	[ $(($(calls 'look up' UNSET) + $(calls 'look up' ERROR))) = $((seen * 100)) ]
	total_is $((seen * 100)) traces_span_metrics_calls_total 'span_name="serve /item"'
}

@test "what tail sampling drops is counted, one by one" {
	shares --span-metrics --tail-ratio 0 --tail-slow-ms 0 --traces-exporter otlp_file -- 1000
	wait_for 10 calls_are 'serve /item' UNSET 1000
	[ "$(calls 'look up' UNSET)" = 900 ]
	[ "$(calls 'look up' ERROR)" = 100 ]
	[ "$(jq -s '[.[].resourceSpans[].scopeSpans[].spans[]] | length' traces.json)" = 200 ]
	[ "$(metric oriel_tail_dropped_total)" = 1800 ]
}

spans_told() { jq -s '[.[].resourceSpans[].scopeSpans[].spans[]] | length' traces.json; }

@test "all of them are counted, if that is asked for, whoever takes none" {
	shares --span-metrics-all --traces-sampler always_off --traces-exporter otlp_file -- 1000
	wait_for 10 calls_are 'serve /item' UNSET 1000
	[ "$(calls 'look up' UNSET)" = 900 ]
	[ "$(calls 'look up' ERROR)" = 100 ]
	[ ! -s traces.json ]
	api_says traces '.traces | length == 0'
	total_is 1000 traces_span_metrics_calls_total 'span_name="serve /item"'
}

@test "and those beyond a limit, while those within go on" {
	shares --span-metrics-all --sampling-limit 5 --traces-exporter otlp_file -- 1000
	wait_for 10 calls_are 'serve /item' UNSET 1000
	wait_for 10 test -s traces.json
	[ "$(spans_told)" -ge 10 ]
	[ "$(spans_told)" -le 200 ]
}

@test "of a share each is one then" {
	shares --span-metrics-all --traces-sampler traceidratio --traces-sampler-arg 0.01 --traces-exporter otlp_file -- 2000
	wait_for 10 calls_are 'serve /item' UNSET 2000
	[ "$(jq -rs '[.[].resourceSpans[].scopeSpans[].spans[].traceState] | unique[]' traces.json)" = ot=th:fd70a3d70a3d71 ]
}

@test "deltas of it add up, once each" {
	export OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta
	shares --span-metrics -- 300
	told() {
		jq -se '[.[].resourceMetrics[].scopeMetrics[].metrics[] | select(.name == "traces.span.metrics.calls").sum |
			select(.aggregationTemporality == 1).dataPoints[].asInt | tonumber] | add == 600' metrics.json
	}
	wait_for 10 told
}

@test "a view gives the duration other buckets, and leaves names out" {
	shares --span-metrics --views 'instrument=traces.span.metrics.duration,buckets=1|5,without=span.name' -- 10 3
	wait_for 10 grep -q traces.span.metrics.duration metrics.json
	jq -se '[.[].resourceMetrics[].scopeMetrics[].metrics[] | select(.name == "traces.span.metrics.duration").histogram.dataPoints[] |
		select(.attributes | any(.value.stringValue == "STATUS_CODE_UNSET") and any(.value.stringValue == "SPAN_KIND_INTERNAL"))][-1] |
		.explicitBounds == [1, 5] and .bucketCounts == ["0", "9", "0"] and ([.attributes[].key] | index("span.name") | not)' metrics.json
}

@test "settings that make no sense are told, and the service runs" {
	shares --span-metrics=perhaps -- 10 >out 2>err
	grep -q "ORIEL_SPAN_METRICS: ignoring 'perhaps'" err
	grep -q done out
}

# spans COUNT STATE: a request of so many spans of another language's, of one service.
spans() {
	python3 - "$@" <<'END'
import json, sys
print(json.dumps({"resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
    "scopeSpans": [{"spans": [{
        "traceId": "%032x" % (i + 1), "spanId": "%016x" % (i + 1), "name": "GET /", "kind": 2, "traceState": sys.argv[2],
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000007000000"} for i in range(int(sys.argv[1]))]}]}]}))
END
}

has_intake() {
	find_page && INTAKE=http://$(curl -sf -m 10 "$PAGE/api/status" | jq -r .intake.otlp_http) && [[ $INTAKE == http://127.0.0.1:* ]]
}

@test "spans that others send are counted for what they stand for, and told where their run's go" {
	"$BUILD/oriel" run --span-metrics -- sh -c 'for f in "$@"; do curl -sf -m 10 -H "Content-Type: application/json" \
		--data-binary @- "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces" <"$f"; done' - \
		<(spans 40 'ot=th:8') <(spans 5 'other=1') <(spans 2 'ot=th:nonsense')
	told() { calls_are 'GET /' UNSET 87; }
	wait_for 10 told
	total_is 87 traces_span_metrics_calls_total 'service_name="web"' 'span_kind="SPAN_KIND_SERVER"'
	total_is 87 traces_span_metrics_duration_milliseconds_bucket 'service_name="web"' 'le="8.0"'
	total_is 0 traces_span_metrics_duration_milliseconds_bucket 'service_name="web"' 'le="6.0"'
}

@test "a collector that was asked to counts what belongs to no run" {
	"$BUILD/oriel" collect --span-metrics 2>collect.err 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 has_intake
	spans 7 '' | curl -sf -m 10 -H 'Content-Type: application/json' --data-binary @- "$INTAKE/v1/traces"
	wait_for 10 total_is 7 traces_span_metrics_calls_total 'service_name="web"'
	wait_for 10 calls_are 'GET /' UNSET 7
}
