#!/usr/bin/env bats
# What a service can measure, as it is found outside.

load collecting

setup() {
	collecting_begin
	export OTEL_METRICS_EXPORTER=prometheus OTEL_EXPORTER_PROMETHEUS_PORT=0 ORIEL_PROCESS_METRICS=false
	mkfifo "$BATS_TEST_TMPDIR/say"
	exec 7<>"$BATS_TEST_TMPDIR/say"
}

teardown() {
	exec 7>&-
	collecting_end
}

find_metrics() {
	METRICS=$(api status | jq -re '[.destinations[] | select(.name == "prometheus" and (.failing | not))][0].endpoint')
}

# measure: the program under oriel run; TRACE and SPAN are its span's.
measure() {
	local out=$BATS_TEST_TMPDIR/out
	"$BUILD/oriel" run -- "$BUILD/programs/measures" <"$BATS_TEST_TMPDIR/say" >"$out" 2>"$out.err" 3>&- 4>&- 7>&- &
	STARTED+=($!)
	wait_for 10 grep -q '^ready' "$out" || { cat "$out" "$out.err"; return 1; }
	read -r _ TRACE SPAN <"$out"
	wait_for 10 find_metrics
}

# says PATTERN: a line of the answer is like that, by now or soon.
says() { wait_for 10 line_is "$1" || { scrape; return 1; }; }
line_is() { scrape | grep -qE "$1"; }
scrape() { curl -sf -m 10 -H 'Accept: application/openmetrics-text; version=1.0.0' "$METRICS"; }

@test "a callback and an address tell what is when somebody asks" {
	measure
	echo 3 >&7
	says '^pool_used\{.*\} 3$'
	says '^pool_size\{.*pool="small".*\} 30$'
	says '^pool_size\{.*pool="large".*\} 300$'
	echo 4 >&7
	says '^pool_used\{.*\} 4$'
	says '^pool_made_total(\{.*\})? 7$'
	says '^pool_size\{.*pool="small".*\} 40$'
	echo 0 >&7
	says '^pool_size\{.*pool="small".*\} 0$'
	not line_is '^pool_size\{.*pool="large"'
}

@test "an example leads from a counter and a bucket to the span" {
	measure
	says "^orders_total\{.*\} 2 # \{.*trace_id=\"$TRACE\".*\} 2 "
	says "^wait_seconds_bucket\{.*le=\"1.0\".*\} 1 # \{.*span_id=\"$SPAN\".*\} 0.5 "
	not line_is '^wait_seconds_bucket\{.*le="\+Inf".*\} 1 #'
	not line_is '^wait_seconds_bucket\{.*le="0.1".*\} 0 #'
}

@test "OTEL_METRICS_EXEMPLAR_FILTER=always_off leaves none" {
	OTEL_METRICS_EXEMPLAR_FILTER=always_off measure
	says '^orders_total\{.*\} 2$'
	not line_is ' # '
}

@test "an exponential histogram has its buckets, a summary its quantiles" {
	measure
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "load")][0] | .count == 1000 and .sum == 500500'
	says '^load_bytes_count(\{.*\})? 1000$'
	says '^lag_seconds\{.*quantile="0.5".*\} 0\.(4[89]|5[012])'
	says '^lag_seconds\{.*quantile="0.99".*\} 0\.9[789]'
	says '^lag_seconds_count(\{.*\})? 1000$'
	curl -sf -m 10 "$METRICS" | promtool check metrics
}

@test "a view takes attributes, which go with the example, renames and drops" {
	ORIEL_VIEWS='instrument=orders,name=sales,attributes=product; instrument=load,aggregation=drop;
		instrument=wait,buckets=0.25|0.5' measure
	says '^sales_total\{[^}]*product="book"[^}]*\} 2 # \{.*user_id="4711".*\} 2 '
	not line_is 'orders|load'
	says '^wait_seconds_bucket\{.*le="0.5".*\} 1'
}

@test "a view that makes no sense is told before the program starts" {
	ORIEL_VIEWS='instrument=orders,limit=none' measure
	grep -q "ORIEL_VIEWS: ignoring the view with 'limit=none': not a number above 0" "$BATS_TEST_TMPDIR/out.err"
	says '^orders_total'
}
