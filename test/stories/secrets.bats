#!/usr/bin/env bats
# No secret that a program says is in anything that comes out of a run, and what is harmless is.

load collecting
load watching
load serving
load databases
load redis

setup() {
	collecting_begin
	serving_begin
	OUT=$BATS_TEST_TMPDIR/outputs
	mkdir "$OUT"
}
teardown() {
	exec 7>&- || :
	serving_end
	database_end
	collecting_end
}

# What a run with all destinations leaves, in files under $OUT.
run_and_gather() {
	local url
	postgresql_begin
	redis_start
	python3 "$BATS_TEST_DIRNAME/receiver.py" "$OUT/received" >"$BATS_TEST_TMPDIR/port" 2>"$BATS_TEST_TMPDIR/receiver.err" 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 test -s "$BATS_TEST_TMPDIR/port"
	RECEIVER=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
	PORT=$(free_port)
	nginx_conf "$PORT" '' >"$WWW/nginx.conf"
	export ORIEL_COMMAND_ARGS=true OTEL_EXPORTER_OTLP_ENDPOINT=$RECEIVER OTEL_EXPORTER_OTLP_PROTOCOL=http/json \
		OTEL_TRACES_EXPORTER=otlp,otlp_file,zipkin,console OTEL_LOGS_EXPORTER=otlp,otlp_file,console \
		OTEL_METRICS_EXPORTER=otlp,otlp_file,console ORIEL_OTLP_FILE=$OUT/otlp.json LOG_FILE=$OUT/app.log \
		OTEL_EXPORTER_ZIPKIN_ENDPOINT=$RECEIVER/zipkin SENTRY_DSN=${RECEIVER/:\/\//:\/\/abc@}/1 \
		OTEL_EXPORTER_OTLP_HEADERS=x-destination=zqh7credential OTEL_METRIC_EXPORT_INTERVAL=500
	export OTEL_RESOURCE_ATTRIBUTES=team=kept-team,db.api_key=zqx9environment DD_API_KEY=zqx9datadog
	serve_as nginx "$BUILD/oriel" run --service-name front -- nginx -c "$WWW/nginx.conf"
	url="http://bob:zqx9url@127.0.0.1:$PORT/a.txt?access_token=zqx9query&page=kept-page&card=4111111111111111&code=zqx9code"
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$BUILD/oriel" run --service-name teller -- "$BUILD/programs/secrets" "$url" "$SOCKET" kept-argument \
		--password zqx9argument --token=zqx9option \
		<"$BATS_TEST_TMPDIR/in" >"$OUT/console" 2>"$OUT/console.err" 3>&- 4>&- &
	STARTED+=($!)
	exec 7>"$BATS_TEST_TMPDIR/in"
	wait_for 30 grep -q said "$OUT/console"
	send_otlp
	wait_for 20 arrived
	wait_for 20 grep -q kept-body "$OUT/app.log"
	wait_for 20 grep -q 'envelope.*kept-' "$OUT/received"
	gather
}

send_otlp() {
	local intake now
	now=$(date +%s%N)
	find_page
	intake=$(curl -sf -m 10 "$PAGE/api/status" | jq -r .intake.otlp_http)
	curl -sf -m 10 -H 'Content-Type: application/json' --data-binary @- "http://$intake/v1/traces" <<-EOF2
		{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"other"}},
		{"key":"auth_token","value":{"stringValue":"zqx9resource"}}]},"scopeSpans":[{"spans":[{
		"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"kept-other pw=zqx9other","kind":1,
		"startTimeUnixNano":"$now","endTimeUnixNano":"$now","attributes":[
		{"key":"password","value":{"stringValue":"zqx9intake"}},{"key":"note","value":{"stringValue":"kept-intake Bearer zqx9.bearer"}}]}]}]}]}
	EOF2
}

# In the page, and with every destination.
arrived() {
	spans 'any(.[]; .name | startswith("kept-other")) and any(.[]; .scope == "oriel.libpq") and
		any(.[]; .service == "front" and .scope == "oriel.sockets" and (has("open") | not))' &&
		grep -q 'v1/traces.*kept-' "$OUT/received" && grep -q 'v1/logs.*kept-' "$OUT/received" &&
		grep -q 'v1/metrics.*kept-shop' "$OUT/received" && grep -q 'zipkin.*kept-' "$OUT/received" &&
		grep -q 'kept-shop' "$OUT/otlp.json" && grep -q 'kept-renamed' "$OUT/console"
}

gather() {
	local path
	find_page
	for path in status runs services routes 'traces?limit=500' 'logs?limit=500' in-flight metrics; do
		curl -sf -m 10 "$PAGE/api/$path" >>"$OUT/api"
	done
	spans . >>"$OUT/api"
	curl -sf -m 10 "$PAGE/metrics" >"$OUT/prometheus"
	"$BUILD/oriel" >"$OUT/oriel"
	mkdir "$OUT/run" "$OUT/data"
	cp "$ORIEL_RUN_DIR"/*.segment "$OUT/run"
	cp -r "$ORIEL_DATA_DIR/." "$OUT/data"
}

secret='zqx9|4111[ -]?1111|5500-0000|AKIAIOSFODNN7|enF4OXBhc3N3b3Jk|eyJhbGciOiJIUzI1NiJ9|99999917'

@test "no secret is in any output of a run, and everything harmless is" {
	run_and_gather
	# What a destination was sent along with its credentials is its own, as is the segment that they came in.
	run grep -raoE "(.{0,40})($secret)" "$OUT"
	[ "$output" = "" ]
	run grep -ral zqh7credential "$OUT" --exclude-dir=run --exclude=received
	[ "$output" = "" ]
	if jq -r .text "$OUT/received" | grep zqh7credential; then return 1; fi
	for word in cost author mapping note event card type message renamed body user printed database jwt shop page key \
		other intake argument; do
		grep -q "kept-$word" "$OUT/api" || fail_at "kept-$word"
	done
	grep -q kept-team "$OUT/received"
	grep -q kept_column "$OUT/api"
	# It had its request, its cache and its database.
	spans 'any(.[]; .attributes."url.full" // "" | contains("access_token=REDACTED&page=kept-page&card=[REDACTED]&code=REDACTED"))'
	spans 'any(.[]; .service == "front" and (.attributes."url.query" // "" | contains("access_token=REDACTED&page=kept-page")))'
	spans 'any(.[]; .attributes."db.query.text" == "SET session:[REDACTED] ?")'
	spans 'any(.[]; .attributes.password == "[REDACTED]" and .attributes.session_id == "[REDACTED]")'
}

@test "without redaction they all are: the story sees what it looks for" {
	export ORIEL_REDACT=off
	run_and_gather
	for word in attribute nested setcookie note bearer apikey json renamed ssn printed dsn jwt label query environment resource \
		intake option; do
		grep -raq "zqx9 \?$word" "$OUT" || fail_at "zqx9$word"
	done
	grep -raq 4111111111111111 "$OUT/api"
	grep -raq zqx9attribute "$OUT/run"
	grep -raq zqx9attribute "$OUT/received"
	grep -raq zqx9attribute "$OUT/otlp.json"
	# The values of statements are left out all the same.
	not grep -raqE 'zqx9(literal|cast|value|auth\b|role|comment|conninfo)' "$OUT"
}
