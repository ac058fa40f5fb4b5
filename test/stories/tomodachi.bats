#!/usr/bin/env bats
# The lines with which tomodachi's services are started, as its documents have them, but for the program's name.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	mkdir service
	cp "$BUILD/example/prometheus" service/app
	PATH=$BUILD:$PATH
}

teardown() { collecting_end; }

# isolated SCRIPT: with a network of its own, in which otelcol is this machine.
isolated() {
	echo '127.0.0.1 localhost otelcol' >hosts
	cat >inside <<-'END'
		set -eu
		mount --bind hosts /etc/hosts
		python3 -c 'import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x41))'
		. ./script
	END
	echo "$1" >script
	unshare --net --mount "${@:2}" bash inside
}

# A run of its own inside, and otelcol another collector: what its API says is what came by gRPC.
@test "the last example: traces to otelcol:4317, metrics on 0.0.0.0:9464, all by environment" {
	rootless=()
	[ "$(id -u)" = 0 ] || rootless=(--map-root-user)
	isolated true "${rootless[@]}" || skip "no namespaces here"
	isolated "$(cat <<-'END'
		end() { kill $(jobs -p) $(tr -dc 0-9 <"$ORIEL_RUN_DIR/collector.pid") $(tr -dc 0-9 <otelcol/run/collector.pid) || :; }
		trap end EXIT
		mkdir -p otelcol/run && chmod 700 otelcol/run
		ORIEL_RUN_DIR=$PWD/otelcol/run ORIEL_DATA_DIR=$PWD/otelcol/data ORIEL_LISTEN=127.0.0.1:8800 ORIEL_OTLP_GRPC_LISTEN=127.0.0.1:4317 \
			oriel collect >otelcol/said 2>&1 &
		until grep -q 'grpc=127.0.0.1:4317' otelcol/said; do sleep 0.05; done

		TOMODACHI_OPENTELEMETRY_INSTRUMENT=1 \
		    OTEL_TRACES_EXPORTER=otlp \
		    OTEL_EXPORTER_OTLP_ENDPOINT=otelcol:4317 \
		    OTEL_PYTHON_METER_PROVIDER=tomodachi_prometheus \
		    OTEL_PYTHON_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED=true \
		    OTEL_PYTHON_TOMODACHI_PROMETHEUS_ADDRESS=0.0.0.0 \
		    OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT=9464 \
		    OTEL_PYTHON_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX=tomodachi \
		    oriel run service/app >app.said 2>app.err &
		until curl -sf -o answer http://127.0.0.1:8080/example; do sleep 0.05; done
		until curl -sf 'http://127.0.0.1:8800/api/traces?limit=500' | jq -e '[.traces[] | select(.name == "GET" or .name == "GET /example")] | length >= 1'; do
			sleep 0.1
		done >/dev/null
		until curl -sf http://127.0.0.1:9464/metrics | grep -qE '^tomodachi_http_server_duration_seconds_count\{.*\} [1-9]'; do sleep 0.1; done
		curl -s http://127.0.0.1:9464/metrics >scraped
		curl -s http://127.0.0.1:9464/metrics -H "Accept: application/openmetrics-text" >open
		curl -s http://127.0.0.1:8800/api/logs >logs
		curl -s http://127.0.0.1:8800/api/metrics >metrics
		ss -ltn 2>/dev/null | grep -q '0.0.0.0:9464' || grep -qi '^ *[0-9]*: 00000000:24F8 ' /proc/net/tcp
	END
	)" "${rootless[@]}" || { cat app.said app.err otelcol/said; false; }
	[ "$(cat answer)" = 'an example' ]
	grep -q '^target_info{' scraped
	not grep -E '^(http_|tomodachi_target|tomodachi_otel)' scraped
	not grep -q trace_id scraped
	promtool check metrics <scraped
	grep -qE '^tomodachi_http_server_duration_seconds_bucket\{.*\} [0-9.]+ # \{.*trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"' open
	# Its metrics go to Prometheus, and nobody asked for log records.
	jq -e '.logs == []' logs
	jq -e '.metrics | map(select(.name | startswith("http.server"))) == []' metrics
}

# called FILE COMMAND...: the service starts, is asked once, and is ended; the rest is in FILE.
called() {
	local out=$1 pid address
	shift
	"$@" --port 0 >"$out" 2>"$out.err" 3>&- 4>&- &
	pid=$!
	wait_for 10 grep -q http://127 "$out"
	address=$(grep -aoE 'http://127[0-9.:]+' "$out" | head -n 1)
	curl -sf -m 5 "$address/example"
	kill "$pid"
	wait "$pid" || :
}

# On standard output, each of the three.
all_on_console() {
	wait_for 10 grep -qE 'GET.*server' "$1"
	wait_for 10 grep -q 'example is asked for' "$1"
	wait_for 10 grep -q 'http.server.request.duration' "$1"
	grep -q example-service "$1"
}

@test "console for all three, and the option before or after the command" {
	export OTEL_LOGS_EXPORTER=console OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=console OTEL_SERVICE_NAME=example-service
	called before oriel --opentelemetry-instrument run service/app
	called after oriel run --opentelemetry-instrument service/app
	export TOMODACHI_OPENTELEMETRY_INSTRUMENT=1
	called by-environment oriel run service/app
	for out in before after by-environment; do all_on_console "$out" || { cat "$out" "$out.err"; false; }; done
}

@test "as opentelemetry-instrument is told: options, in both spellings" {
	called one oriel run --logs_exporter console --traces_exporter console --metrics_exporter console --service_name example-service service/app
	called two oriel --logs-exporter=console --traces-exporter=console --metrics-exporter console --service-name example-service run service/app
	for out in one two; do all_on_console "$out" || { cat "$out" "$out.err"; false; }; done
	start three oriel run --meter_provider tomodachi_prometheus --tomodachi_prometheus_port 0 --tomodachi_prometheus_namespace_prefix mine service/app --port 0
	curl -sf -m 5 "$ADDRESS/example"
	find_metrics() { METRICS=$(api status | jq -re '[.destinations[] | select(.name == "prometheus" and (.failing | not))][0].endpoint'); }
	wait_for 10 find_metrics
	counted() { curl -sf -m 5 "$METRICS" | grep -qE '^mine_http_server_duration_seconds_count\{.*\} 1$'; }
	wait_for 10 counted
}

@test "0, no, none and false watch nothing, and what is no such word does" {
	export OTEL_TRACES_EXPORTER=console
	for no in 0 no None FALSE; do
		TOMODACHI_OPENTELEMETRY_INSTRUMENT=$no called "out.$no" oriel run service/app
	done
	for yes in 1 yes true on; do
		TOMODACHI_OPENTELEMETRY_INSTRUMENT=$yes called "out.$yes" oriel run service/app
		wait_for 10 grep -qE 'GET.*server' "out.$yes"
	done
	not grep -lE 'GET.*server' out.0 out.no out.None out.FALSE
}

@test "several exporters in a list, none, and names that don't exist" {
	OTEL_TRACES_EXPORTER=console,otlp_file ORIEL_OTLP_FILE=spans.jsonl OTEL_LOGS_EXPORTER=none OTEL_METRICS_EXPORTER=none called list oriel run service/app
	wait_for 10 grep -qE 'GET.*server' list
	wait_for 10 grep -q resourceSpans spans.jsonl
	not grep -q 'http.server.request.duration' list
	OTEL_PYTHON_METER_PROVIDER=graphite OTEL_TRACES_EXPORTER=consle called odd oriel run service/app
	grep -q "OTEL_PYTHON_METER_PROVIDER: ignoring 'graphite': no meter provider is called so" odd.err
	wait_for 10 grep -q 'there is no exporter "consle"' odd.err
}
