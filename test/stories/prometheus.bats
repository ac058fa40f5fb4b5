#!/usr/bin/env bats
# Metrics for those who ask: /metrics on a port of a service's own, and on the page's address.

load collecting

setup() {
	collecting_begin
	export OTEL_METRICS_EXPORTER=prometheus OTEL_EXPORTER_PROMETHEUS_PORT=0
}

teardown() { collecting_end; }

# Where the metrics of a service are asked for, by the collector's word.
find_metrics() {
	METRICS=$(api status | jq -re '[.destinations[] | select(.name == "prometheus" and (.failing | not))][0].endpoint')
}

# serve NAME PROGRAM...: a service under oriel run; ADDRESS is its own, METRICS its metrics'.
serve() {
	start "$1" "$BUILD/oriel" run -- "${@:2}"
	wait_for 10 find_metrics
}

scrape() { curl -sf -m 10 "$@" "$METRICS"; }

# says PATTERN: a line of the answer is like that, by now or soon.
says() { wait_for 10 line_is "$1" || { scrape; return 1; }; }
line_is() { scrape | grep -qE "$1"; }

@test "a scrape has what a service measured, and promtool has nothing to say against it" {
	serve jobs "$BUILD/programs/prefork" 2 0
	for i in 1 2 3; do curl -sf -m 5 "$ADDRESS/cart"; done
	says '^jobs_total\{.*http_route="/cart".*\} 3$'
	says '^job_duration_seconds_sum(\{.*\})? 0.012$'
	scrape | promtool check metrics
	scrape -H 'Accept: application/openmetrics-text; version=1.0.0' | tail -n 1 | grep -qx '# EOF'
	find_page
	curl -sf -m 10 "$PAGE/metrics" | promtool check metrics
	curl -sf -m 10 "$PAGE/metrics" | grep -E '^jobs_total\{.*service_name="jobs".*\} 3$'
}

@test "every kind at once, and promtool has nothing to say against any" {
	mkfifo "$BATS_TEST_TMPDIR/hold"
	exec 8<>"$BATS_TEST_TMPDIR/hold"
	"$BUILD/oriel" run -- "$BUILD/programs/measures" <"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- 8>&- &
	STARTED+=($!)
	wait_for 20 grep -q ready "$BATS_TEST_TMPDIR/out"
	wait_for 10 find_metrics
	says '^lag_seconds\{.*quantile="0.5"\}'
	says '^process_uptime_seconds'
	for kind in counter gauge histogram summary; do scrape | grep -qE "^# TYPE .* $kind$"; done
	scrape | promtool check metrics
	[ "$(scrape | grep '^# TYPE' | sort | uniq -d | wc -l)" = 0 ]
	exec 8>&-
}

@test "an example stands at its own bucket, in OpenMetrics alone, and not at all where it isn't wanted" {
	serve jobs "$BUILD/programs/prefork" 2 0
	for i in 1 2 3; do curl -sf -m 5 "$ADDRESS/cart"; done
	says '^jobs_total\{.*\} 3$'
	open() { scrape -H 'Accept: application/openmetrics-text; version=1.0.0'; }
	open | grep -E '^jobs_total\{.*\} 3 # \{trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"\} 1 [0-9]+\.[0-9]{3}$'
	open | grep -E '^job_duration_seconds_bucket\{.*le="0.005"\} 3 # \{trace_id=.*\} 0.004 '
	[ "$(open | grep '^job_duration_seconds' | grep -c ' # {')" = 1 ]
	if scrape | grep -F ' # {'; then return 1; fi
	OTEL_EXPORTER_PROMETHEUS_PORT=$(free_port)
	ORIEL_PROMETHEUS_EXEMPLARS=false serve other "$BUILD/programs/prefork" 1 0
	METRICS=http://127.0.0.1:$OTEL_EXPORTER_PROMETHEUS_PORT/metrics
	curl -sf -m 5 "$ADDRESS/cart"
	wait_for 10 line_is '^jobs_total\{.*\} 1$'
	if open | grep -F ' # {'; then return 1; fi
}

@test "one request without a route leaves the labels of the others alone" {
	serve jobs "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$ADDRESS/cart"
	curl -sf -m 5 "$ADDRESS/lost"
	curl -sf -m 5 "$ADDRESS/cart"
	says '^jobs_total\{http_request_method="GET",http_response_status_code="200",http_route="/cart",.*\} 2$'
	says '^jobs_total\{http_request_method="GET",http_response_status_code="404",otel_scope_name=.*\} 1$'
}

@test "eight workers, one killed all the while: the total is what clients counted, and never falls" {
	serve jobs "$BUILD/programs/prefork" 8 "${PREFORK_KILL_MS:-250}"
	python3 "$BATS_TEST_DIRNAME/prometheus.py" "$ADDRESS" "$METRICS" "${PREFORK_SECONDS:-6}"
	[ "$(metric oriel_processes_ended_total)" -ge 5 ]
}

@test "gauges are each process's own, and as one if the settings say how" {
	serve jobs "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$ADDRESS/cart"
	says '^worker_value\{.*pid="([0-9]+)"\} \1$'
	METRICS=
	ORIEL_GAUGE_MODES='worker.value=max' OTEL_SERVICE_NAME=other serve other "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$ADDRESS/cart"
	find_page
	METRICS=$PAGE/metrics
	says '^worker_value\{otel_scope_name="oriel",otel_scope_version="[^"]*",service_name="other"\} [0-9]+$'
}

@test "of several processes the one that set a gauge last is told, if that is its mode" {
	ORIEL_GAUGE_MODES='*=mostrecent' serve jobs "$BUILD/programs/prefork" 3 0
	answered() { curl -sf -m 5 "$ADDRESS/cart" && api_says metrics '[.metrics[] | select(.name == "worker.value")] | length == 3'; }
	wait_for 20 answered
	[ "$(scrape | grep -c '^worker_value')" = 1 ]
	says '^worker_value(\{.*\})? [0-9]+$'
}

@test "a port that is taken is told and tried again, and the service serves" {
	OTEL_EXPORTER_PROMETHEUS_PORT=$(free_port)
	python3 -m http.server --bind 127.0.0.1 "$OTEL_EXPORTER_PROMETHEUS_PORT" >"$BATS_TEST_TMPDIR/other" 2>&1 3>&- &
	other=$!
	STARTED+=("$other")
	METRICS=http://127.0.0.1:$OTEL_EXPORTER_PROMETHEUS_PORT/metrics
	wait_for 10 curl -s -m 2 "$METRICS"
	start jobs "$BUILD/oriel" run -- "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$ADDRESS/cart"
	wait_for 10 grep -q "can't listen on 127.0.0.1:$OTEL_EXPORTER_PROMETHEUS_PORT" "$BATS_TEST_TMPDIR/jobs.out.err"
	api_says status '[.destinations[] | select(.name == "prometheus")][0].failing'
	kill "$other"
	wait "$other" || :
	says '^jobs_total\{.*\} 1$'
	gone "${STARTED[-1]}" && return 1
	curl -sf -m 5 "$ADDRESS/cart"
}

@test "services on one port are told apart, those with a port of their own are alone there" {
	OTEL_EXPORTER_PROMETHEUS_PORT=$(free_port)
	own=$(free_port)
	OTEL_SERVICE_NAME=first serve first "$BUILD/programs/prefork" 1 0
	one=$ADDRESS
	OTEL_SERVICE_NAME=second serve second "$BUILD/programs/prefork" 1 0
	two=$ADDRESS
	OTEL_EXPORTER_PROMETHEUS_PORT=$own OTEL_SERVICE_NAME=third serve third "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$one/cart"
	curl -sf -m 5 "$two/cart"
	curl -sf -m 5 "$two/cart"
	curl -sf -m 5 "$ADDRESS/cart"
	METRICS=http://127.0.0.1:$OTEL_EXPORTER_PROMETHEUS_PORT/metrics
	says '^jobs_total\{.*service_name="first"\} 1$'
	says '^jobs_total\{.*service_name="second"\} 2$'
	[ "$(scrape | grep -c '^# TYPE jobs_total ')" = 1 ]
	METRICS=http://127.0.0.1:$own/metrics
	says '^jobs_total\{.*\} 1$'
	if scrape | grep -E '^jobs_total.*service_name'; then return 1; fi
}

@test "Prometheus and OTLP get the same numbers at once" {
	start sink "$BUILD/programs/sink" ok
	export OTEL_EXPORTER_OTLP_ENDPOINT=$ADDRESS OTEL_METRICS_EXPORTER=otlp,prometheus OTEL_METRIC_EXPORT_INTERVAL=1000
	export ORIEL_PROCESS_METRICS=false # or the parent is one, too
	serve jobs "$BUILD/programs/prefork" 2 0
	curl -sf -m 5 "$ADDRESS/cart"
	says '^jobs_total\{.*\} 1$'
	wait_for 10 api_says status '[.destinations[] | select(.name == "otlp")][0].sent > 0'
	both() { curl -sf -m 5 "$ADDRESS/cart" && api_says metrics '[.metrics[] | select(.name == "jobs").instance] | unique | length == 2'; }
	wait_for 20 both
}

@test "made-up hosts and methods make no series" {
	local out=$BATS_TEST_TMPDIR/hello.out
	mkfifo "$BATS_TEST_TMPDIR/hold"
	exec 8<>"$BATS_TEST_TMPDIR/hold"
	"$BUILD/oriel" run -- "$BUILD/programs/hello-server" epoll <"$BATS_TEST_TMPDIR/hold" >"$out" 2>"$out.err" \
		3>&- 4>&- 8>&- &
	STARTED+=($!)
	wait_for 10 grep -qE '^[0-9]+$' "$out"
	ADDRESS=http://127.0.0.1:$(head -n 1 "$out")
	wait_for 10 find_metrics
	for i in 1 2 3 4 5 6; do
		curl -s -m 5 -o /dev/null -H "Host: evil$i" -X "EVIL$i" "$ADDRESS/hello"
	done
	says '^http_server_request_duration_seconds_count\{.*\} 6$'
	[ "$(scrape | grep -c '^http_server_request_duration_seconds_count')" = 1 ]
}

@test "what the kernel tells of a process is told, and what a dead one used stays" {
	serve jobs "$BUILD/programs/prefork" 2 100
	says '^process_cpu_time_seconds_total\{cpu_mode="user",otel_scope_name="oriel.process",.*\} [0-9.]+$'
	says '^process_memory_usage_bytes\{.*\} [1-9][0-9]+$'
	says '^process_threads\{.*\} [1-9]$'
	says '^process_open_file_descriptors\{.*\} [1-9][0-9]*$'
	says '^process_paging_faults_total\{.*system_paging_fault_type="minor"\} [1-9][0-9]+$'
	says '^process_context_switches_total\{.*process_context_switch_type="voluntary"\} [1-9][0-9]*$'
	says '^process_uptime_seconds\{.*pid="[0-9]+"\} [0-9.]+$'
	scrape | promtool check metrics
}

@test "a service that wants no word of the kernel's has none" {
	ORIEL_PROCESS_METRICS=false serve jobs "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$ADDRESS/cart"
	two_seconds() { [ "$(api status | jq '(.now_ns | tonumber) - ([.processes[].started_ns | tonumber] | max) > 2500000000')" = true ]; }
	wait_for 10 two_seconds
	says '^jobs_total'
	if scrape | grep ^process_; then return 1; fi
}

@test "only /metrics is there, by GET and HEAD, packed for those who take it" {
	serve jobs "$BUILD/programs/prefork" 1 0
	curl -sf -m 5 "$ADDRESS/cart"
	says '^jobs_total'
	[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "${METRICS%metrics}")" = 404 ]
	[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "${METRICS%metrics}favicon.ico")" = 404 ]
	[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -X POST "$METRICS")" = 405 ]
	curl -sfI -m 5 "$METRICS" | grep -i '^content-type: text/plain; version=0.0.4; charset=utf-8'
	scrape -D - -o /dev/null --compressed | grep -i '^content-encoding: gzip'
	[ "$(curl -sf -m 5 -g "$METRICS?name[]=jobs_total&name[]=nothing" | grep -c '^# TYPE')" = 1 ]
}

@test "nothing happens, nothing changes: two scrapes are the same bytes" {
	ORIEL_PROCESS_METRICS=false serve jobs "$BUILD/programs/prefork" 4 0
	for i in 1 2 3 4 5 6 7 8; do curl -sf -m 5 "$ADDRESS/cart"; done
	says '^jobs_total\{.*\} 8$'
	[ "$(scrape | md5sum)" = "$(scrape | md5sum)" ]
}

@test "a real Prometheus scrapes it, stores it, and is asked for it" {
	local port query
	serve jobs "$BUILD/programs/prefork" 2 0
	for i in 1 2 3 4 5; do curl -sf -m 5 "$ADDRESS/cart"; done
	curl -sf -m 5 "$ADDRESS/lost"
	port=$(free_port)
	cat >"$BATS_TEST_TMPDIR/prometheus.yml" <<-END
		global: { scrape_interval: 1s }
		scrape_configs:
		  - job_name: oriel
		    static_configs: [ { targets: [ "$(sed 's,http://,,; s,/metrics,,' <<<"$METRICS")" ] } ]
	END
	prometheus --config.file="$BATS_TEST_TMPDIR/prometheus.yml" --storage.tsdb.path="$BATS_TEST_TMPDIR/tsdb" \
		--enable-feature=exemplar-storage --web.listen-address="127.0.0.1:$port" >"$BATS_TEST_TMPDIR/prometheus.log" 2>&1 3>&- 4>&- &
	STARTED+=($!)
	query=http://127.0.0.1:$port/api/v1/query
	answers() { [ "$(curl -sf -m 5 --data-urlencode "query=$1" "$query" | jq -r '.data.result[0].value[1]')" = "$2" ]; }
	wait_for 30 answers 'sum(jobs_total)' 6 || { cat "$BATS_TEST_TMPDIR/prometheus.log"; return 1; }
	wait_for 10 answers 'sum(jobs_total{http_route="/cart"})' 5
	wait_for 10 answers 'up' 1
	wait_for 10 answers 'sum(job_duration_seconds_bucket{le="+Inf"})' 6
	wait_for 10 answers 'count(target_info{service_name="jobs"})' 1
	# An example of a counter and one of a bucket, each of a trace that is here.
	examples() {
		curl -sf -m 5 --data-urlencode "query=$1" -d "start=$(($(date +%s) - 600))" -d "end=$(($(date +%s) + 60))" "${query}_exemplars" |
			jq -re '.data[].exemplars[].labels | select(.trace_id | test("^[0-9a-f]{32}$")) | select(.span_id | test("^[0-9a-f]{16}$")) | .trace_id'
	}
	is_known() { local id; id=$(examples "$1" | head -n 1) && [ -n "$id" ] && api_says "traces/$id" '.spans | length > 0'; }
	wait_for 20 is_known 'jobs_total{http_route="/cart"}'
	wait_for 20 is_known 'job_duration_seconds_bucket'
	[ "$(curl -sf -m 5 -g --data-urlencode 'query=job_duration_seconds_bucket' -d start=1 -d "end=$(($(date +%s) + 60))" "${query}_exemplars" |
		jq '[.data[].seriesLabels.le] | unique | length')" = 1 ]
}

@test "a profile tells HTTP's metrics by the names that dashboards have already" {
	ORIEL_METRIC_PROFILE=fastapi serve jobs "$BUILD/programs/prefork" 2 0
	for i in 1 2 3; do curl -sf -m 5 "$ADDRESS/cart"; done
	says '^http_requests_total\{endpoint="[^"]*",method="GET",status="200"\} 3$'
	says '^http_request_duration_seconds_count\{endpoint="[^"]*",method="GET"\} 3$'
	if scrape | grep ^http_server_request_duration; then return 1; fi
	scrape | promtool check metrics
	OTEL_EXPORTER_PROMETHEUS_PORT=$(free_port)
	ORIEL_METRIC_PROFILE=tomodachi OTEL_SERVICE_NAME=other serve other "$BUILD/programs/prefork" 1 0
	METRICS=http://127.0.0.1:$OTEL_EXPORTER_PROMETHEUS_PORT/metrics
	curl -sf -m 5 "$ADDRESS/cart"
	says '^http_server_duration_seconds_bucket\{.*network_protocol_name="http".*,le="0.0"\} 0$'
	says '^http_server_duration_seconds_count\{.*\} 1$'
	scrape | promtool check metrics
}
