#!/usr/bin/env bats
# What the examples promise: ids, logs, errors, audit records, sampling and metrics of whole services, by the names that others have.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	for name in $(compgen -e | grep -E '^(LOG|SENTRY|DD)_'); do
		unset "$name"
	done
	cd "$BATS_TEST_TMPDIR"
}
teardown() { collecting_end; }

# example NAME [NAME=VALUE...]: it runs; ADDRESS is its own, LINES what it logs
example() {
	local name=$1
	shift
	start "$name" env "$@" "$BUILD/oriel" run -- "$BUILD/example/$name" --port 0
	LINES=$BATS_TEST_TMPDIR/$name.out.err
}

# logged FILTER: true of its log records so far, or soon
logged() {
	wait_for 20 jq -se "$1" "$LINES" || {
		cat "$LINES"
		false
	}
}

get() { curl -s -m 10 "$@"; }

# receive: what comes to http://$HERE is in the file `got`
receive() {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/receiver.py" got >port 2>receiver.err 3>&- 4>&- &
	STARTED+=($!)
	wait_for 20 test -s port
	HERE=127.0.0.1:$(<port)
}

came() { [ -s got ] && jq -se "$1" got; }

@test "requests: an id is on the answer, the log lines, the trace and the audit record" {
	example requests LOG_FORMAT=json ORIEL_LOG_PROFILE=nori
	get -D head -H 'x-ReQuest-iD: abc-123' "$ADDRESS/users"
	[ "$(grep -ic '^x-request-id: abc-123.$' head)" = 1 ]
	logged 'any(.[]; .message == "counted")'
	logged '[.[] | select(.message == "counted")] | length == 1 and (.[0] | (keys_unsorted |
		index("timestamp") == 0 and .[0:10] == ["timestamp", "level", "logger", "message", "request_id", "service", "trace_id", "span_id", "method", "path"]) and
		.level == "INFO" and .request_id == "abc-123" and .service == "requests" and
		(.timestamp | test("^[0-9-]{10}T[0-9:]{8}[.][0-9]{6}Z$")))'
	trace=$(jq -r 'select(.message == "counted").trace_id' "$LINES")
	wait_for 20 api_says "traces/$trace" '(.spans | length == 2) and any(.spans[]; .kind == "server" and
		.attributes["shop.request_id"] == "abc-123") and any(.spans[]; .kind == "client" and .attributes["db.system.name"] == "sqlite")'
	get -D head -H 'X-Request-ID: a.b' "$ADDRESS/users"
	grep -iqE '^x-request-id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}' head
	[ "$(get -o /dev/null -w '%{http_code}' -X POST -H 'X-Request-ID: add-1' "$ADDRESS/users?name=ann")" = 201 ]
	kill "${STARTED[-1]}"
	audited() { "$BUILD/oriel" export --audit | jq -se "$1"; }
	wait_for 20 audited 'length == 1 and (.[0] | .event == "user.added" and .service == "requests" and
		.attributes["user.name"] == "ann" and .attributes.by == "anybody" and .attributes.request_id == "add-1")'
}

@test "requests: an answer of 500 has the id, and says nothing else" {
	example requests LOG_FORMAT=json ORIEL_LOG_PROFILE=nori
	get -D head -o body -H 'X-Request-ID: boom-1' "$ADDRESS/boom"
	head -n 1 head | grep -q ' 500 '
	grep -iq '^x-request-id: boom-1' head
	grep -iq '^content-type: application/json' head
	[ "$(jq -c . body)" = '{"error":"internal_server_error","request_id":"boom-1"}' ]
	logged 'map(select(.message == "unhandled_exception")) | length == 1 and (.[0] | .level == "ERROR" and
		.request_id == "boom-1" and .path == "/boom" and .method == "GET" and .exc_type == "OutOfOrder")'
	logged 'map(select(.message == "request_completed")) | length == 1 and (.[0] | .status_code == 500 and .request_id == "boom-1" and .level == "ERROR")'
}

@test "requests: nothing leaves but where the environment says so" {
	receive
	example requests
	get "$ADDRESS/boom" "$ADDRESS/users"
	wait_for 20 api_says errors 'any(.errors[]; .type == "OutOfOrder")'
	[ ! -e got ]
	example requests OTEL_EXPORTER_OTLP_ENDPOINT="http://$HERE"
	get "$ADDRESS/users"
	wait_for 20 came 'any(.path == "/v1/traces" and (.text | contains("requests"))) and any(.path == "/v1/logs" and (.text | contains("counted")))'
	rm got
	example requests SENTRY_DSN="http://key@$HERE/7" SENTRY_ENV=staging RELEASE_SHA=4f2a9c1 SENTRY_TRACES_RATE=0
	get -H 'X-Request-ID: boom-2' -H 'Authorization: Bearer planted' "$ADDRESS/boom"
	wait_for 20 came 'any(.path == "/api/7/envelope/" and (.text | contains("OutOfOrder") and contains("\"request_id\":\"boom-2\"")
		and contains("\"environment\":\"staging\"") and contains("\"release\":\"4f2a9c1\"")))'
	came 'all(.text | contains("planted") | not)'
	rm got
	example requests DD_TRACE_ENABLED=1 DD_AGENT_HOST=127.0.0.1 DD_TRACE_AGENT_PORT="${HERE#*:}" DD_SERVICE=users DD_ENV=staging
	get "$ADDRESS/users"
	wait_for 20 came 'any(.path == "/v0.4/traces" and any(.msgpack[][]; .service == "users" and .meta.env == "staging"))'
}

@test "sampling: one request in a thousand, unless its caller decided; B3 goes on, and Zipkin has it" {
	receive
	example sampling NEXT= # somebody else's
	near=$ADDRESS
	example sampling NEXT="$near" OTEL_PROPAGATORS=b3multi,b3 OTEL_TRACES_EXPORTER=zipkin ORIEL_REQUEST_ID_HEADERS=Request-Id \
		OTEL_EXPORTER_ZIPKIN_ENDPOINT="http://$HERE/api/v2" LOG_FORMAT=text ORIEL_LOG_PROFILE=divak
	for ((i = 0; i < 200; i++)); do echo "url = $ADDRESS/foo?user=ann"; done >urls
	get -K urls >/dev/null
	asked=0af7651916cd43dd8448eb211c80319c
	get -D head -H 'Request-Id: r-1' -H "X-B3-TraceId: $asked" -H 'X-B3-SpanId: b7ad6b7169203331' -H 'X-B3-Sampled: 1' "$ADDRESS/foo?user=bob"
	grep -iq '^request-id: r-1' head
	get -H 'b3: 1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0' "$ADDRESS/foo?user=eve"
	spans='[.[] | select(.path == "/api/v2/spans").text | fromjson[]]'
	wait_for 20 came "$spans | any(.traceId == \"$asked\" and .name == \"foo\")"
	came "$spans | any(.traceId == \"$asked\" and .kind == \"SERVER\" and .name == \"foo\" and .parentId == \"b7ad6b7169203331\" and
		.localEndpoint.serviceName == \"my-service\" and .duration > 0)"
	came "$spans | any(.name == \"query-db\" and .tags.user == \"bob\") and all(.traceId | startswith(\"1af\") | not) and
		([.[].traceId] | unique | length < 8)"
	wait_for 20 grep -qE '^I - .*: queried .*user=bob.*\{r-1\}' "$LINES"
	wait_for 20 grep -qE '^I - tornado.access: 127\.0\.0\.1 "GET /foo\?user=bob" 200 "curl/[^"]*" [0-9]\.[0-9]{6} \{r-1\}$' "$LINES"
}

@test "sampling: the call to the next service is in the trace that B3 began" {
	export OTEL_PROPAGATORS=b3multi,b3 ORIEL_REQUEST_ID_HEADERS=Request-Id
	example sampling NEXT=
	example sampling NEXT="$ADDRESS" LOG_FORMAT=json
	asked=0af7651916cd43dd8448eb211c80319d
	[ "$(get -o /dev/null -w '%{http_code}' -H 'Request-Id: r-2' -H "b3: $asked-b7ad6b7169203331-1" "$ADDRESS/far")" = 200 ]
	wait_for 20 api_says "traces/$asked" '[.spans[] | select(.open | not)] | length == 4'
	api_says "traces/$asked" '.spans as $s | any($s[]; .kind == "client" and (. as $c | any($s[]; .kind == "server" and .name == "foo" and
		.parent_id == $c.span_id))) and any($s[]; .name == "query-db" and .attributes.user == "neighbour")'
	api_says "traces/$asked" 'any(.logs[]; .body == "queried" and .attributes.request_id == "r-2" and .attributes.user == "neighbour")'
}

@test "prometheus: metrics, by settings alone, with a prefix and examples" {
	port=$(free_port)
	example prometheus OTEL_METRICS_EXPORTER=prometheus OTEL_PYTHON_TOMODACHI_PROMETHEUS_ADDRESS=127.0.0.1 \
		OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT="$port" OTEL_PYTHON_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX=shop \
		OTEL_PYTHON_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED=true ORIEL_METRIC_PROFILE=tomodachi LOG_FORMAT=json ORIEL_LOG_PROFILE=tomodachi
	for path in example example example five healthcheck; do get "$ADDRESS/$path" >/dev/null; done
	scrape() { get -f "$@" "http://127.0.0.1:$port/metrics" >scraped; }
	has() { scrape && grep -qE "$1" scraped; }
	wait_for 20 has '^shop_http_server_duration_seconds_count\{.*http_response_status_code="200".*\} 3$' || { cat scraped; false; }
	has '^shop_http_server_duration_seconds_count\{.*http_response_status_code="503".*\} 1$'
	has '^shop_http_server_duration_seconds_bucket\{.*le="0.005".*\} [0-9]'
	has '^shop_cleaned(_carts)?_total\{.*what="carts".*\} [1-9]'
	has '^shop_job_duration_seconds_count\{'
	has '^target_info\{.*service_name="example"'
	! grep -E 'trace_id|^http_' scraped
	promtool check metrics <scraped
	scrape -H 'Accept: application/openmetrics-text; version=1.0.0'
	grep -qE '^shop_http_server_duration_seconds_bucket\{.*\} [0-9.]+ # \{trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"\} ' scraped
	tail -n 1 scraped | grep -qx '# EOF'
	logged 'map(select(.message == "example is asked for")) | length == 3 and (.[0] | (keys_unsorted | .[0:4] == ["timestamp", "logger", "level", "message"]) and
		.level == "info" and .n == 7 and (.trace_id | length == 32) and (.span_id | length == 16))'
	logged 'map(select(.logger == "tomodachi.http.response")) | any(.status_code == 503 and .request_path == "/five" and
		.request_method == "GET" and .remote_ip == "127.0.0.1" and (.request_time | type == "number"))'
}

@test "whole: logs, traces, metrics, health, errors and slow queries of one service" {
	port=$(free_port)
	example whole OTEL_METRICS_EXPORTER=prometheus OTEL_EXPORTER_PROMETHEUS_PORT="$port" ORIEL_METRIC_PROFILE=fastapi LOG_FORMAT=json \
		ORIEL_LOG_PROFILE=structlog ORIEL_SLOW_QUERY_MS=1 'ORIEL_ACCESS_LOG_IGNORE=/health/*:2xx'
	[ "$(get "$ADDRESS/health/live")" = '{"status":"ok"}' ]
	[ "$(get "$ADDRESS/health/ready")" = '{"status":"ready","checks":{"database":"ok"}}' ]
	get -X POST -H 'X-Request-ID: o-1' "$ADDRESS/orders?tenant=acme&product=book&usd=12.5&password=planted"
	get "$ADDRESS/report"
	[ "$(get -H 'X-Request-ID: b-1' "$ADDRESS/boom")" = '{"error":"internal_server_error","request_id":"b-1"}' ]
	logged 'map(select(.event == "order_placed")) | length == 1 and (.[0] | .level == "info" and .tenant_id == "acme" and .amount_usd == 12.5 and
		.request_id == "o-1" and .method == "POST" and .path == "/orders" and .password == "[REDACTED]" and (keys_unsorted | .[-2:] == ["level", "timestamp"]) and
		(.trace_id | length == 32) and (.span_id | length == 16) and (.trace_flags | test("^0[13]$")))'
	logged 'map(select(.event == "request_completed")) | any(.status_code == 201 and (.duration_ms | type == "number") and .request_id == "o-1") and
		any(.status_code == 500 and .request_id == "b-1" and .level == "error") and all(.path | startswith("/health") | not)'
	logged 'map(select(.event == "unhandled_exception")) | length == 1 and (.[0] | .path == "/boom" and .method == "GET" and .exc_type == "OutOfOrder" and .request_id == "b-1")'
	logged 'map(select(.event == "slow_query")) | any(.level == "warning" and .duration > 0.001 and (.query | startswith("WITH RECURSIVE") and length <= 200) and (.trace_id | length == 32))'
	! grep -q planted "$LINES"
	trace=$(jq -r 'select(.event == "order_placed").trace_id' "$LINES")
	wait_for 20 api_says "traces/$trace" '[.spans[] | select(.kind == "server" or .name == "place_order" or .attributes["db.system.name"] == "sqlite")] | length == 3'
	has() { get -f "http://127.0.0.1:$port/metrics" >scraped && grep -qE "$1" scraped; }
	wait_for 20 has '^http_requests_total\{endpoint="unmatched",method="POST",status="201"\} 1$' || { cat scraped; false; }
	wait_for 20 has '^http_requests_total\{endpoint="unmatched",method="GET",status="500"\} 1$'
	has '^http_request_duration_seconds_bucket\{endpoint="unmatched",method="GET",le="0.25"\} [0-9]'
	has '^revenue_usd_total\{product="book"\} 12.5$'
	wait_for 20 api_says errors 'any(.errors[]; .type == "OutOfOrder" and .service == "whole")'
}

@test "whole: a service that isn't ready says which check failed, and why only in its log" {
	: >no-table.db
	example whole LOG_FORMAT=json ORIEL_LOG_PROFILE=structlog ORDERS="$PWD/no-table.db"
	get -o body -D head "$ADDRESS/health/ready"
	head -n 1 head | grep -q ' 503 '
	[ "$(<body)" = '{"status":"not_ready","checks":{"database":"error"}}' ]
	[ "$(get "$ADDRESS/health/live")" = '{"status":"ok"}' ]
	logged 'any(.[]; .event == "database_failed" and (.why | contains("no such table")))'
}
