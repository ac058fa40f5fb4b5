#!/usr/bin/env bats
# A record for each request, whoever serves it and whatever becomes of its span; a warning for slow statements.

bats_require_minimum_version 1.5.0
load collecting
setup() {
	collecting_begin
	for name in $(compgen -e | grep -E '^LOG_'); do
		unset "$name"
	done
	LINES_OF=$BATS_TEST_TMPDIR/stock.out.err
}
teardown() { collecting_end; }

# serve [NAME=VALUE...]: the stock server, with these settings
serve() { start stock env "$@" "$BUILD/oriel" run -- "$BUILD/example/stock" --port 0 --data "$(mktemp -d -p "$BATS_TEST_TMPDIR")"; }

# access FILTER: the lines of the access log are as jq says, as an array
access() {
	wait_for 10 jq -se "map(select(.logger == \"oriel.access\")) | $1" "$LINES_OF" || {
		cat "$LINES_OF"
		false
	}
}

get() { curl -s -m 10 -o /dev/null "$@"; }

@test "each request has a record, with what an access log has" {
	serve LOG_FORMAT=json
	get -A agent/1 -H 'X-Request-ID: r-1' "$ADDRESS/stock?a=b"
	get "$ADDRESS/none"
	access 'length == 2'
	access '.[0] | .message == "request_completed" and .level == "info" and .status_code == 200 and
		.method == "GET" and .path == "/stock" and .query == "a=b" and .request_id == "r-1" and
		.client_address == "127.0.0.1" and .user_agent == "agent/1" and .http_version == "1.1" and
		(.duration_ms | type == "number" and . > 0) and .response_bytes > 20 and .service == "stock" and
		(.trace_id | length == 32) and (.span_id | length == 16)'
	access '.[1] | .level == "warning" and .status_code == 404'
	trace=$(jq -r 'select(.request_id == "r-1").trace_id' "$LINES_OF" | head -n 1)
	wait_for 10 api_says "traces/$trace" '.spans | length > 0'
}

@test "a request that isn't sampled, or is left out of traces, has one all the same" {
	serve LOG_FORMAT=json OTEL_TRACES_SAMPLER=always_off
	get -A agent/1 -H 'X-Request-ID: r-1' "$ADDRESS/stock"
	access 'length == 1 and (.[0] | .status_code == 200 and .method == "GET" and .path == "/stock" and
		.request_id == "r-1" and .client_address == "127.0.0.1" and .user_agent == "agent/1" and
		.response_bytes > 20 and (.duration_ms | . > 0) and (.trace_id | length == 32))'
	api_says traces '.traces == []'
	LINES_OF=$BATS_TEST_TMPDIR/second.out.err
	start second env LOG_FORMAT=json ORIEL_EXCLUDED_URLS_TRACES=/stock "$BUILD/oriel" run -- \
		"$BUILD/example/stock" --port 0 --data "$(mktemp -d -p "$BATS_TEST_TMPDIR")"
	get -H 'X-Request-ID: r-2' "$ADDRESS/stock"
	access 'length == 1 and .[0].request_id == "r-2" and (.[0] | has("trace_id") | not)'
}

@test "there is none unasked, and none of what is left out" {
	serve A=b
	get "$ADDRESS/stock"
	wait_for 10 api_says traces '.traces | length > 0'
	[ ! -s "$LINES_OF" ]
	kill "${STARTED[-1]}"
	serve ORIEL_ACCESS_LOG=true LOG_FORMAT=json ORIEL_ACCESS_LOG_IGNORE=404,/quiet/\*:2xx \
		ORIEL_EXCLUDED_URLS_ACCESS_LOG=secret
	get "$ADDRESS/none"
	get "$ADDRESS/stock?secret"
	get "$ADDRESS/secret/stock"
	get -H 'X-Request-ID: last' "$ADDRESS/stock"
	access 'map(.request_id) | index("last")'
	access 'length == 2 and all(.path == "/stock")'
}

@test "sizes are there where they are seen" {
	serve LOG_FORMAT=json
	get -X POST -d 0123456789 "$ADDRESS/none"
	get -I "$ADDRESS/stock"
	access '.[0].request_bytes == 10 and .[0].response_bytes == 0 and .[1].method == "HEAD" and .[1].response_bytes == 0'
	kill "${STARTED[-1]}"
	port=$(free_port)
	LINES_OF=$BATS_TEST_TMPDIR/python
	cd "$BATS_TEST_TMPDIR" && head -c 1234 /dev/zero >file
	for sampler in always_on always_off; do
		LOG_FORMAT=json OTEL_TRACES_SAMPLER=$sampler "$BUILD/oriel" run -- \
			python3 -m http.server --bind 127.0.0.1 "$port" >/dev/null 2>"$LINES_OF" 3>&- &
		STARTED+=($!)
		wait_for 10 get --retry 50 --retry-connrefused "http://127.0.0.1:$port/file"
		wait_for 10 grep -q '"oriel.access".*"response_bytes":1234' "$LINES_OF"
		grep -q '"client_address":"127.0.0.1"' "$LINES_OF"
		kill "${STARTED[-1]}"
		wait_for 5 gone "${STARTED[-1]}"
	done
}

@test "the client is whom trusted proxies vouch for, and nobody else's word counts" {
	serve LOG_FORMAT=json ORIEL_TRUSTED_PROXIES=127.0.0.0/8,10.0.0.0/8
	get -H 'X-Forwarded-For: 1.2.3.4, 203.0.113.9, 10.0.0.7' "$ADDRESS/stock"
	access 'map(.client_address) == ["203.0.113.9"]'
	serve LOG_FORMAT=json OTEL_TRACES_SAMPLER=always_off ORIEL_TRUSTED_PROXIES=127.0.0.1
	get -H 'X-Forwarded-For: 1.2.3.4, 203.0.113.9' "$ADDRESS/stock"
	access 'map(.client_address) == ["203.0.113.9"]'
	serve LOG_FORMAT=json
	get -H 'X-Forwarded-For: 1.2.3.4' "$ADDRESS/stock"
	access 'map(.client_address) == ["127.0.0.1"]'
}

@test "levels hold for it" {
	serve LOG_FORMAT=json LOG_LEVEL=WARNING
	get "$ADDRESS/stock"
	get "$ADDRESS/none"
	access 'length == 1 and .[0].status_code == 404'
}

@test "it has the names that another system has" {
	serve ORIEL_LOG_PROFILE=divak LOG_FORMAT=text
	get -A agent/1 -H 'X-Request-ID: r-1' "$ADDRESS/stock?a=b"
	wait_for 10 grep -E '^I - tornado.access: 127\.0\.0\.1 "GET /stock\?a=b" 200 "agent/1" [0-9]\.[0-9]{6} \{r-1\}$' "$LINES_OF"
}

slow="WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000 AND 'planted' = 'planted')
	SELECT count(*) FROM c"

@test "a slow statement is a warning, with its text and without its values" {
	for sampler in always_on always_off; do
		ORIEL_SLOW_QUERY_MS=1 LOG_FORMAT=json OTEL_TRACES_SAMPLER=$sampler "$BUILD/oriel" run -- \
			sqlite3 :memory: "$slow" 2>"$BATS_TEST_TMPDIR/$sampler"
		wait_for 10 jq -se 'map(select(.message == "slow_query")) | length == 1 and (.[0] |
			.level == "warning" and .logger == "oriel.database" and .duration > 0.001 and
			(.query | startswith("WITH RECURSIVE") and length <= 200) and (.trace_id | length == 32))' \
			"$BATS_TEST_TMPDIR/$sampler"
		not grep planted "$BATS_TEST_TMPDIR/$sampler"
	done
	api_says logs '[.logs[] | select(.body == "slow_query")] | length == 2'
}

@test "a slow statement adds nothing to the output of who didn't ask" {
	ORIEL_SLOW_QUERY_MS=1 "$BUILD/oriel" run -- sqlite3 :memory: "$slow" 2>"$BATS_TEST_TMPDIR/err"
	wait_for 10 api_says logs '[.logs[] | select(.body == "slow_query")] | length == 1'
	wait_for 10 api_says status '[.destinations[] | select(.queued > 0)] == []'
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}
