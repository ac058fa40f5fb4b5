#!/usr/bin/env bats
# What a library that is linked with liboriel records in a scope of its own, as it is found outside.

load collecting

setup() {
	collecting_begin
	export ORIEL_PROCESS_METRICS=false
	mkfifo "$BATS_TEST_TMPDIR/say"
	exec 7<>"$BATS_TEST_TMPDIR/say"
}

teardown() {
	exec 7>&-
	collecting_end
}

# scoped [OPTION...]: the program under oriel run; it has recorded all that it does.
scoped() {
	local out=$BATS_TEST_TMPDIR/out
	"$BUILD/oriel" run "$@" -- "$BUILD/programs/scoped" <"$BATS_TEST_TMPDIR/say" >"$out" 2>"$out.err" 3>&- 4>&- 7>&- &
	STARTED+=($!)
	wait_for 10 grep -q '^ready' "$out" || { cat "$out" "$out.err"; return 1; }
}

# The trace of the span that is called so.
trace() { api "traces?name=${1// /%20}" | jq -re '.traces[0].trace_id'; }
span_says() {
	local id
	id=$(trace "$1") && api_says "traces/$id" ".spans[] | select(.name == \"$1\") | $2"
}

@test "the page tells name, version, schema and attributes of a library's scope, also what a child recorded" {
	scoped
	local library='.scope == "acme.storage" and .scope_version == "2.1.0" and .scope_schema_url == "https://acme.example/1" and
		.scope_attributes == {"shard": 4, "zone": "north"}'
	wait_for 10 span_says "library reads" "$library"
	wait_for 10 span_says "program reads" '.scope == "oriel" and (has("scope_schema_url") or has("scope_attributes") | not)'
	wait_for 10 span_says "other reads" '(has("scope") | not) and .scope_version == "7"'
	wait_for 10 api_says "logs" "[.logs[] | select(.body == \"library read\") | $library] == [true, true]"
	wait_for 10 api_says "metrics" "[.metrics[] | select($library) | .value] == [1]"
}

@test "what is stored comes back with its scope when the collector is another one" {
	local pid
	scoped
	wait_for 10 span_says "library reads" .scope
	exec 7>&-
	wait_for 10 gone "${STARTED[0]}"
	pid=$(collector_pid)
	kill "$pid"
	wait_for 10 gone "$pid"
	"$BUILD/oriel" collect 2>"$BATS_TEST_TMPDIR/collect.err" 3>&- 4>&- &
	STARTED+=($!)
	wait_for 10 span_says "library reads" '.scope_attributes.zone == "north" and .scope_version == "2.1.0"'
}

@test "each signal goes out as OTLP with a scope for each of them" {
	export ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json OTEL_TRACES_EXPORTER=otlp_file OTEL_LOGS_EXPORTER=otlp_file OTEL_METRICS_EXPORTER=otlp_file
	OTEL_METRIC_EXPORT_INTERVAL=200 scoped
	# said SIGNAL LISTS LIST NAME VERSION FILTER: what is recorded in that scope is like that.
	said() {
		jq -se "[.[].resource$2[].scope$2[] | select((.scope.name // \"\") == \"$4\" and .scope.version == \"$5\")] | length > 0 and
			all(.[]; $6) and ([.[].$3[]] | length > 0)" "$BATS_TEST_TMPDIR/$1.json"
	}
	local rich='.schemaUrl == "https://acme.example/1" and
		(.scope.attributes | sort_by(.key)) == [{"key":"shard","value":{"intValue":"4"}},{"key":"zone","value":{"stringValue":"north"}}]'
	wait_for 10 said traces Spans spans acme.storage 2.1.0 "$rich and all(.spans[]; .name == \"library reads\")"
	wait_for 10 said logs Logs logRecords acme.storage 2.1.0 "$rich and all(.logRecords[]; .body.stringValue == \"library read\")"
	wait_for 10 said metrics Metrics metrics acme.storage 2.1.0 "$rich and all(.metrics[]; .name == \"reads\")"
	wait_for 10 said traces Spans spans "" 7 'all(.spans[]; .name == "other reads")'
	wait_for 10 said logs Logs logRecords "" 7 'all(.logRecords[]; .body.stringValue == "other read")'
	wait_for 10 said metrics Metrics metrics "" 7 '(has("schemaUrl") | not) and all(.metrics[]; .name == "reads")'
}

@test "one name in three scopes is three series of one family at Prometheus" {
	export OTEL_METRICS_EXPORTER=prometheus OTEL_EXPORTER_PROMETHEUS_PORT=0
	local url
	scoped
	find_url() { url=$(api status | jq -re '[.destinations[] | select(.name == "prometheus" and (.failing | not))][0].endpoint'); }
	said() { curl -sf -m 10 "$url" | grep -qE "$1"; }
	wait_for 10 find_url
	wait_for 10 said '^reads_total\{otel_scope_name="acme.storage",otel_scope_schema_url="https://acme.example/1",otel_scope_shard="4",otel_scope_version="2.1.0",otel_scope_zone="north"\} 4001$'
	said '^reads_total\{(otel_scope_name="",)?otel_scope_version="7"\} 20$'
	said '^reads_total\{otel_scope_name="oriel",otel_scope_version="[0-9.]+"\} 300$'
	[ "$(curl -sf -m 10 "$url" | grep -c '^# TYPE reads_total counter$')" -eq 1 ]
	curl -sf -m 10 "$url" | promtool check metrics
}

@test "a view is for one library's instruments alone" {
	export ORIEL_VIEWS='meter_name=acme.storage,meter_version=2.1.0,instrument=reads,name=blocks; meter_name=acme.storage,aggregation=drop;
		meter_version=7,aggregation=drop'
	scoped
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "blocks") | .value] == [1]'
	api_says metrics '[.metrics[] | select(.name == "reads") | .value] == [300]'
}

@test "so it is by the configuration file" {
	cat >"$BATS_TEST_TMPDIR/otel.yaml" <<-END
		file_format: "1.0"
		meter_provider:
		  views:
		    - selector: {meter_name: acme.storage, meter_schema_url: "https://acme.example/1"}
		      stream: {aggregation: {drop: }}
	END
	scoped --config-file "$BATS_TEST_TMPDIR/otel.yaml"
	wait_for 10 api_says metrics '[.metrics[] | select(.name == "reads") | .value] | sort == [20, 300]'
}

@test "Zipkin and Datadog get its name and version as tags" {
	cd "$BATS_TEST_TMPDIR"
	/usr/bin/python3 "$BATS_TEST_DIRNAME/receiver.py" got >port 2>receiver.err 3>&- 4>&- 7>&- &
	STARTED+=($!)
	wait_for 10 test -s port
	export OTEL_TRACES_EXPORTER=zipkin,datadog OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://127.0.0.1:$(cat port)/api/v2/spans
	export DD_AGENT_HOST=127.0.0.1 DD_TRACE_AGENT_PORT=$(cat port)
	scoped
	came() { jq -se "$1" got; }
	wait_for 10 came '[.[] | select(.path == "/api/v2/spans").text | fromjson[] | select(.name == "library reads").tags |
		.["otel.scope.name"] == "acme.storage" and .["otel.scope.version"] == "2.1.0"] == [true, true]'
	wait_for 10 came '[.[].msgpack[]?[] | select(.resource == "library reads").meta |
		.["otel.scope.name"] == "acme.storage" and .["otel.scope.version"] == "2.1.0"] == [true, true]'
}
