#!/usr/bin/env bats
# Limits of spans, their events and links, and log records, by the variables of the specification.

load collecting

setup() {
	collecting_begin
	export OTEL_TRACES_EXPORTER=otlp_file OTEL_LOGS_EXPORTER=otlp_file ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json
}

teardown() { collecting_end; }

# runs NAME=VALUE...: SPAN and LOG are what it recorded
runs() {
	env "$@" "$BUILD/oriel" run -- "$BUILD/programs/limits"
	wait_for 10 comes
}

comes() {
	SPAN=$(jq -sce '[.[].resourceSpans[].scopeSpans[].spans[] | select(.name == "limited")][0] // empty' "$BATS_TEST_TMPDIR/traces.json") &&
		LOG=$(jq -sce '[.[].resourceLogs[].scopeLogs[].logRecords[] | select(.body.stringValue == "said")][0] // empty' "$BATS_TEST_TMPDIR/logs.json") &&
		[ -n "$SPAN" ] && [ -n "$LOG" ]
}

span() { jq -e "$1" <<<"$SPAN" || { echo "$SPAN"; return 1; }; }
log() { jq -e "[.attributes[] | select(.key | IN(\"a\", \"b\", \"c\", \"d\"))] as \$own | $1" <<<"$LOG" || { echo "$LOG"; return 1; }; }

@test "without a word all of it arrives" {
	runs A=
	span '(.attributes | map(select(.key | length == 1)) | length) == 4 and (.events | length) == 4 and (.links | length) == 4'
	span '[.events[], .links[] | .attributes | length] | unique == [4]'
	log '($own | length) == 4 and all($own[]; .value.stringValue == "0123456789")'
}

@test "the general limits hold for all" {
	runs OTEL_ATTRIBUTE_COUNT_LIMIT=2 OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=3
	span '(.attributes | length) == 2 and .droppedAttributesCount >= 2'
	span '[.events[], .links[] | [(.attributes | length), .droppedAttributesCount]] | unique == [[2, 2]]'
	span 'all(.attributes[], .events[].attributes[], .links[].attributes[]; .value.stringValue == "012")'
	log '(.attributes | length) == 2 and .droppedAttributesCount >= 2 and all($own[]; .value.stringValue == "012")'
}

@test "each of a span's own goes before them" {
	runs OTEL_ATTRIBUTE_COUNT_LIMIT=2 OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=3 OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=3 \
		OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT=5 OTEL_SPAN_EVENT_COUNT_LIMIT=1 OTEL_SPAN_LINK_COUNT_LIMIT=3 \
		OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT=1 OTEL_LINK_ATTRIBUTE_COUNT_LIMIT=4
	span '(.attributes | length) == 3 and all(.attributes[]; .value.stringValue == "01234")'
	span '(.events | length) == 1 and .droppedEventsCount == 3 and (.links | length) == 3 and .droppedLinksCount == 1'
	span '[.events[].attributes | length] == [1] and ([.links[].attributes | length] | unique) == [4]'
	log '(.attributes | length) == 2 and all($own[]; .value.stringValue == "012")'
}

@test "and so does each of a log record's" {
	runs OTEL_ATTRIBUTE_COUNT_LIMIT=2 OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT=3 OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT=7
	span '(.attributes | length) == 2 and all(.attributes[]; .value.stringValue | length >= 6)'
	log '(.attributes | length) == 3 and all($own[]; .value.stringValue == "0123456")'
}

@test "a limit that is none is told, and the default counts" {
	runs OTEL_SPAN_EVENT_COUNT_LIMIT=few
	span '(.events | length) == 4'
	[ "$(metric oriel_settings_bad_total)" -ge 1 ]
}

@test "a limit that is none is told once, and is as if it were not there" {
	runs OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=few OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=-1 2>"$BATS_TEST_TMPDIR/said"
	span '(.attributes | map(select(.key | length == 1)) | length) == 4 and all(.attributes[] | select(.key | length == 1); .value.stringValue == "0123456789")'
	log 'all($own[]; .value.stringValue == "0123456789")'
	[ "$(grep -c "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: ignoring 'few': no number" "$BATS_TEST_TMPDIR/said")" = 1 ]
	[ "$(grep -c "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: ignoring '-1': no number" "$BATS_TEST_TMPDIR/said")" = 1 ]
}
