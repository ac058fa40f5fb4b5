#!/usr/bin/env bats
# What Oriel tells of itself by OpenTelemetry's names, otel.sdk.*.

load collecting

setup() {
	collecting_begin
	export OTEL_METRICS_EXPORTER=otlp_file ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json OTEL_METRIC_EXPORT_INTERVAL=200
	export ORIEL_PROCESS_METRICS=false OTEL_TRACES_SAMPLER=always_on
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

shares() { start shares "$BUILD/oriel" run --service-name shop "$@" -- "$BUILD/programs/shares" 100 1 go; }

# points NAME: each with its attributes, as lines that can be compared: "a=b,c=d VALUE".
points() {
	jq -rc --arg name "$1" '.resourceMetrics[].scopeMetrics[].metrics[] | select(.name == $name) | (.sum // .histogram).dataPoints[] |
		([.attributes[]? | .key + "=" + (.value.stringValue // .value.intValue)] | sort | join(",")) + " " + (.asInt // .count)' metrics.json
}

told() { points "$1" | grep -qxF "$2"; }
unit_is() { jq -se --arg name "$1" --arg unit "$2" '[.[].resourceMetrics[].scopeMetrics[].metrics[] | select(.name == $name).unit] | unique == [$unit]' metrics.json; }

# kind NAME MONOTONIC
sum_is() {
	jq -se --arg name "$1" --argjson monotonic "$2" '[.[].resourceMetrics[].scopeMetrics[].metrics[] | select(.name == $name).sum | .isMonotonic // false] |
		unique == [$monotonic]' metrics.json
}

@test "without a word there are none" {
	shares
	wait_for 10 api_says traces '.traces | length > 0'
	touch go
	[ "$(metric otel_sdk_span_started_total)" = 0 ]
}

@test "spans that were begun, those that are open, and log records" {
	shares --sdk-metrics
	wait_for 10 told otel.sdk.span.started 'otel.span.parent.origin=remote,otel.span.sampling_result=RECORD_AND_SAMPLE 100'
	wait_for 10 told otel.sdk.span.started 'otel.span.parent.origin=local,otel.span.sampling_result=RECORD_AND_SAMPLE 100'
	wait_for 10 told otel.sdk.span.live 'otel.span.sampling_result=RECORD_AND_SAMPLE 0'
	told otel.sdk.log.created ' 0'
	unit_is otel.sdk.span.started '{span}'
	unit_is otel.sdk.span.live '{span}'
	unit_is otel.sdk.log.created '{log_record}'
	sum_is otel.sdk.span.started true
	sum_is otel.sdk.span.live false
	# Whoever asks is told, too.
	[ "$(metric otel_sdk_span_started_total)" = 200 ]
	touch go
}

@test "what waits for an exporter, what it was given, and what became of it" {
	at=127.0.0.1:$(free_port)
	python3 "$BATS_TEST_DIRNAME/receiver.py" received "${at#*:}" >/dev/null 3>&- 4>&- &
	STARTED+=($!)
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://$at OTEL_EXPORTER_OTLP_PROTOCOL=http/json
	shares --sdk-metrics --traces-exporter otlp --logs-exporter otlp
	exporter="otel.component.name=otlp_http_json_span_exporter/0,otel.component.type=otlp_http_json_span_exporter,server.address=${at%:*},server.port=${at#*:}"
	processor='otel.component.name=batching_span_processor/0,otel.component.type=batching_span_processor'
	wait_for 10 told otel.sdk.exporter.span.exported "$exporter 200"
	wait_for 10 told otel.sdk.exporter.span.inflight "$exporter 0"
	told otel.sdk.processor.span.processed "$processor 200"
	told otel.sdk.processor.span.queue.capacity "$processor 65536"
	wait_for 10 told otel.sdk.processor.span.queue.size "$processor 0"
	told otel.sdk.processor.log.queue.capacity "${processor//span/log} 65536"
	told otel.sdk.processor.log.queue.size "${processor//span/log} 0"
	told otel.sdk.processor.log.processed "${processor//span/log} 0"
	told otel.sdk.exporter.log.exported "${exporter//span/log} 0"
	told otel.sdk.exporter.log.inflight "${exporter//span/log} 0"
	points otel.sdk.exporter.operation.duration | grep -q "^$exporter [1-9]"
	points otel.sdk.exporter.metric_data_point.exported | grep -qE '^otel.component.name=otlp_file_metric_exporter/[01],otel.component.type=otlp_file_metric_exporter [1-9]'
	points otel.sdk.exporter.metric_data_point.inflight | grep -q '^otel.component.name=otlp_file_metric_exporter/'
	points otel.sdk.metric_reader.collection.duration |
		grep -q '^otel.component.name=periodic_metric_reader/0,otel.component.type=periodic_metric_reader [1-9]'
	unit_is otel.sdk.exporter.operation.duration s
	unit_is otel.sdk.metric_reader.collection.duration s
	unit_is otel.sdk.exporter.metric_data_point.exported '{data_point}'
	sum_is otel.sdk.processor.span.queue.size false
	sum_is otel.sdk.exporter.span.exported true
	touch go
}

@test "what a backend refuses is exported in vain, and says so" {
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_BSP_MAX_QUEUE_SIZE=150
	shares --sdk-metrics --traces-exporter otlp
	failing() {
		points otel.sdk.exporter.operation.duration | grep -q '^error.type=_OTHER,otel.component.name=otlp_http_span_exporter/0,' &&
			points otel.sdk.exporter.span.inflight | grep -qE '^otel.component.name=otlp_http_span_exporter/0,.* [1-9]'
	}
	wait_for 10 failing
	touch go
}
