#!/usr/bin/env bats
# What programs in other languages send, beside what the C service records.

load collecting

setup() { collecting_begin; }
teardown() { collecting_end; }

# otlp URL JSON: posts it; the status on standard output.
otlp() {
	curl -s -m 10 -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' -H 'Content-Type: application/json' --data-binary "$2" "$1"
}

# span SERVICE TRACE SPAN PARENT: a request of one span that ended just now.
span() {
	local now
	now=$(date +%s%N)
	printf '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"%s"}}]},
		"scopeSpans":[{"scope":{"name":"by-hand"},"spans":[{"traceId":"%s","spanId":"%s","parentSpanId":"%s",
		"name":"checkout","kind":3,"startTimeUnixNano":"%s","endTimeUnixNano":"%s",
		"attributes":[{"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"two"}]}}}]}]}]}]}' \
		"$1" "$2" "$3" "$4" "$((now - 1000000))" "$now"
}

# counter SERVICE NAME TEMPORALITY VALUE
counter() {
	printf '{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"%s"}}]},
		"scopeMetrics":[{"metrics":[{"name":"%s","sum":{"isMonotonic":true,"aggregationTemporality":%s,
		"dataPoints":[{"asInt":"%s","timeUnixNano":"%s"}]}}]}]}]}' "$1" "$2" "$3" "$4" "$(date +%s%N)"
}

# A collector, started by hand; INTAKE is where it takes OTLP.
collect() {
	"$BUILD/oriel" collect "$@" 2>"$BATS_TEST_TMPDIR/collect.err" 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 has_intake
}

has_intake() {
	find_page && INTAKE=http://$(curl -sf -m 10 "$PAGE/api/status" | jq -r .intake.otlp_http) &&
		[[ $INTAKE == http://127.0.0.1:* ]]
}

children_environment() {
	"$BUILD/oriel" run -- sh -c 'env | grep -E "^OTEL_EXPORTER_OTLP_|^ORIEL_ENDPOINT"; :'
}

@test "children of oriel run are told where to send, and their spans are of that run" {
	"$BUILD/oriel" run -- sh -c 'curl -sf -m 10 -H "Content-Type: application/json" \
		--data-binary "$1" "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces"' - \
		"$(span node 5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 '')"
	wait_for 10 api_says traces/5b8efff798038103d269b633813fc60c '.spans | length == 1'
	# Sending it is no news.
	api_says traces '[.traces[] | select(.name == "POST")] == []'
	run=$(api runs | jq -r '.runs[0].id')
	[ -n "$run" ]
	wait_for 10 api_says "traces?run=$run" '[.traces[] | select(.trace_id == "5b8efff798038103d269b633813fc60c")] | length == 1'
}

@test "what a user says of OTLP holds for the children, too" {
	export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1
	run children_environment
	[ "$output" = OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1 ]
}

@test "a span from elsewhere joins the trace of a C service" {
	start stock "$BUILD/oriel" run --service-name stock -- "$BUILD/example/stock" --port 0 --data "$BATS_TEST_TMPDIR"
	curl -s -m 10 -H 'traceparent: 00-aaaabbbbccccddddaaaabbbbccccdddd-1111222233334444-01' "$ADDRESS/" >/dev/null
	has_intake
	[ "$(otlp "$INTAKE/v1/traces" "$(span web aaaabbbbccccddddaaaabbbbccccdddd 1111222233334444 '')")" = 200 ]
	wait_for 10 api_says traces/aaaabbbbccccddddaaaabbbbccccdddd '[.spans[] | .service] | unique == ["stock", "web"]'
	api_says traces/aaaabbbbccccddddaaaabbbbccccdddd '.spans | map(select(.parent_id == "1111222233334444")) | length == 1'
}

@test "counters from elsewhere are in /metrics, deltas added up, and in /api/metrics" {
	collect
	otlp "$INTAKE/v1/metrics" "$(counter web jobs 1 5)"
	otlp "$INTAKE/v1/metrics" "$(counter web jobs 1 6)"
	otlp "$INTAKE/v1/metrics" "$(counter web hits 2 5)"
	otlp "$INTAKE/v1/metrics" "$(counter web hits 2 7)"
	curl -sf -m 10 "$PAGE/metrics" >"$BATS_TEST_TMPDIR/metrics"
	grep -E '^jobs_total\{.*\} 11$' "$BATS_TEST_TMPDIR/metrics"
	grep -E '^hits_total\{.*\} 7$' "$BATS_TEST_TMPDIR/metrics"
	grep -E '^oriel_receive_items_total\{?.* 4$' "$BATS_TEST_TMPDIR/metrics"
	api_says metrics '[.metrics[] | select(.service == "web") | .name] | sort == ["hits", "jobs"]'
}

@test "log records from elsewhere are kept with their trace" {
	collect
	[ "$(otlp "$INTAKE/v1/logs" '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]},
		"scopeLogs":[{"logRecords":[{"severityNumber":17,"severityText":"ERROR","body":{"stringValue":"out of stock"},
		"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}]}]}]}')" = 200 ]
	wait_for 10 api_says logs '[.logs[] | select(.service == "web" and .severity == 17)] | length == 1'
}

@test "a collector that was started by hand passes on to where its settings say" {
	collect --traces-exporter otlp_file --otlp-file "$BATS_TEST_TMPDIR/out.jsonl"
	[ "$(otlp "$INTAKE/v1/traces" "$(span web 5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 '')")" = 200 ]
	wait_for 10 test -s "$BATS_TEST_TMPDIR/out.jsonl"
	jq -e '.resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.arrayValue.values == [{"intValue": "1"}, {"stringValue": "two"}]' "$BATS_TEST_TMPDIR/out.jsonl"
}

@test "what a run's child sends goes where the run's settings say" {
	"$BUILD/oriel" run --traces-exporter otlp_file --otlp-file "$BATS_TEST_TMPDIR/out.jsonl" -- sh -c 'curl -sf -m 10 \
		-H "Content-Type: application/json" --data-binary "$1" "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces"' - \
		"$(span node 5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 '')"
	wait_for 10 test -s "$BATS_TEST_TMPDIR/out.jsonl"
	wait_for 10 grep -q '"spanId":"eee19b7ec3c1b174"' "$BATS_TEST_TMPDIR/out.jsonl"
}

@test "what would come back to us is refused and told, and doesn't go round" {
	local port
	port=$(free_port)
	export ORIEL_OTLP_LISTEN=127.0.0.1:$port
	collect --exporter-otlp-endpoint "http://127.0.0.1:$port"
	[ "$(otlp "$INTAKE/v1/traces" "$(span web 5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 '')")" = 200 ]
	wait_for 10 api_says status '.counters | map(select(.name == "export_dropped_refused"))[0].value == 1'
	grep "this is Oriel's own intake" "$BATS_TEST_TMPDIR/collect.err"
	api_says status '.counters | map(select(.name == "receive_items"))[0].value == 1'
}

@test "nor does what is sent by an exporter with a name" {
	local port
	port=$(free_port)
	export ORIEL_OTLP_LISTEN=127.0.0.1:$port
	export ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$port
	collect --traces-exporter otlp/eu
	[ "$(otlp "$INTAKE/v1/traces" "$(span web 5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 '')")" = 200 ]
	wait_for 10 api_says status '.counters | map(select(.name == "export_dropped_refused"))[0].value == 1'
	grep "this is Oriel's own intake" "$BATS_TEST_TMPDIR/collect.err"
	api_says status '.counters | map(select(.name == "receive_items"))[0].value == 1'
}

@test "a port that is taken means the next one, and that is told" {
	local port
	port=$(free_port)
	export ORIEL_OTLP_LISTEN=127.0.0.1:$port
	start taker python3 -c "
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', $port)); s.listen()
print('http://127.0.0.1:$port', flush=True)
time.sleep(600)"
	collect
	[ "$INTAKE" != "http://127.0.0.1:$port" ]
	grep "because 127.0.0.1:$port is taken" "$BATS_TEST_TMPDIR/collect.err"
}

@test "with none as its address there is no intake, and children are told nothing" {
	export ORIEL_OTLP_LISTEN=none ORIEL_OTLP_GRPC_LISTEN=none
	run children_environment
	[ -z "$output" ]
	api_says status '.intake == {}'
}

@test "Zipkin's clients are served beside OTLP's, and at their own port if asked" {
	export ORIEL_ZIPKIN_LISTEN=127.0.0.1:0
	collect
	local span='[{"traceId":"86154ca178f81234","id":"352bff9a74ca9ad2","kind":"SERVER","name":"get /",
		"localEndpoint":{"serviceName":"old"},"tags":{"error":"refused"}}]'
	[ "$(otlp "$INTAKE/api/v2/spans" "$span")" = 202 ]
	wait_for 10 api_says traces/000000000000000086154ca178f81234 '.spans[0] | .service == "old" and .status == "error"'
	[ "$(otlp "http://$(api status | jq -r .intake.zipkin)/api/v2/spans" "${span//352b/4444}")" = 202 ]
	wait_for 10 api_says traces/000000000000000086154ca178f81234 '.spans | length == 2'
}

@test "garbage at either port ends nothing" {
	collect
	local grpc
	grpc=$(api status | jq -r .intake.otlp_grpc)
	python3 - "${INTAKE#http://}" "$grpc" <<'PYTHON'
import random, socket, sys
random.seed(1)
starts = [b'', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0',
          b'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 500\r\n\r\n',
          b'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n']
for address in sys.argv[1:]:
    host, port = address.rsplit(':', 1)
    for i in range(200):
        s = socket.create_connection((host, int(port)), 10)
        s.settimeout(10)
        try:
            s.sendall(random.choice(starts) + random.randbytes(random.choice([0, 9, 500, 5000])))
            if i % 2:
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
        except (ConnectionError, BrokenPipeError, TimeoutError):
            pass
        s.close()
PYTHON
	[ "$(otlp "$INTAKE/v1/traces" "$(span web 5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 '')")" = 200 ]
	wait_for 10 api_says traces/5b8efff798038103d269b633813fc60c '.spans | length == 1'
}

# rich SIGNAL ITEMS: a request with schemas, and a scope with attributes.
rich() {
	local cap=${1^}
	printf '{"resource%ss":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]},"schemaUrl":"https://example.org/resource",
		"scope%ss":[{"scope":{"name":"lib","version":"2","attributes":[{"key":"team","value":{"stringValue":"cart"}},{"key":"shard","value":{"intValue":"4"}}]},
		"schemaUrl":"https://example.org/scope",%s}]}]}' "$cap" "$cap" "$2"
}

@test "schemas and the attributes of scopes go on as they came" {
	export ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json OTEL_TRACES_EXPORTER=otlp_file OTEL_LOGS_EXPORTER=otlp_file OTEL_METRICS_EXPORTER=otlp_file
	collect
	otlp "$INTAKE/v1/traces" "$(rich span '"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"s",
		"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000000001"}]')"
	otlp "$INTAKE/v1/logs" "$(rich log '"logRecords":[{"timeUnixNano":"1700000000000000000","body":{"stringValue":"l"}}]')"
	otlp "$INTAKE/v1/metrics" "$(rich metric '"metrics":[{"name":"jobs","sum":{"isMonotonic":true,"aggregationTemporality":2,
		"dataPoints":[{"asInt":"5","timeUnixNano":"1700000000000000000"}]}}]')"
	kept() {
		jq -se '.[0] | to_entries[0].value[0] | .schemaUrl == "https://example.org/resource" and
			(to_entries[] | select(.key | startswith("scope")).value[0] | .schemaUrl == "https://example.org/scope" and
			.scope.attributes == [{"key":"team","value":{"stringValue":"cart"}},{"key":"shard","value":{"intValue":"4"}}])' "$1"
	}
	for signal in traces logs metrics; do
		wait_for 10 kept "$BATS_TEST_TMPDIR/$signal.json"
	done
	curl -sf -m 10 "$PAGE/metrics" | grep -q 'jobs_total{.*otel_scope_shard="4",otel_scope_team="cart"'
}
