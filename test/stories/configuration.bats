#!/usr/bin/env bats
# Configuration files: what they say is what variables would have said.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	ORIEL=$BUILD/oriel
	cd "$BATS_TEST_TMPDIR"
	cat >otel.yaml <<'YAML'
file_format: "1.0"
resource:
  attributes:
    - {name: service.name, value: "${SHOP:-none}"}
tracer_provider:
  sampler: {always_off: }
  processors:
    - simple: {exporter: {console: }}
distribution:
  oriel:
    prometheus_namespace_prefix: shop
YAML
}

teardown() { collecting_end; }

# What the program finds, of what the file may have set
seen() { "$ORIEL" run "$@" -- sh -c 'env | grep "^OTEL\|^ORIEL_PROM" | sort' 2>said; }

@test "the variable's name from when it was new is heeded where the other is not set" {
	OTEL_EXPERIMENTAL_CONFIG_FILE=otel.yaml SHOP=books seen >got
	grep -qx 'OTEL_RESOURCE_ATTRIBUTES=service.name=books' got
	OTEL_EXPERIMENTAL_CONFIG_FILE=/nonexistent OTEL_CONFIG_FILE=otel.yaml SHOP=books seen >got
	grep -qx 'OTEL_RESOURCE_ATTRIBUTES=service.name=books' got
}

@test "a file is what its variables would be, and theirs don't count beside it" {
	export SHOP=books OTEL_PROPAGATORS=b3 OTEL_EXPORTER_OTLP_ENDPOINT=http://nowhere.invalid
	seen --config-file otel.yaml >got
	grep -qx 'OTEL_RESOURCE_ATTRIBUTES=service.name=books' got
	grep -qx OTEL_TRACES_SAMPLER=always_off got
	grep -qx OTEL_TRACES_EXPORTER=console got
	grep -qx OTEL_PROPAGATORS=none got
	grep -qx ORIEL_PROMETHEUS_NAMESPACE_PREFIX=shop got
	not grep -q nowhere.invalid got
}

@test "an option goes before the file" {
	seen --config-file otel.yaml --traces-sampler always_on >got
	grep -qx OTEL_TRACES_SAMPLER=always_on got
}

@test "oriel.yaml fills what isn't set" {
	OTEL_TRACES_SAMPLER=always_on seen --yaml otel.yaml >got
	grep -qx OTEL_TRACES_SAMPLER=always_on got
	grep -qx OTEL_TRACES_EXPORTER=console got
}

@test "a file that is none is told with its line, and the service starts without it" {
	printf 'file_format: "1.0"\nresource: {schema_url: "${BAD-}"}\n' >bad.yaml
	OTEL_PROPAGATORS=b3 seen --config-file bad.yaml >got
	grep -q 'bad.yaml:2: no reference to a variable' said
	grep -q 'starting without it' said
	grep -qx OTEL_PROPAGATORS=b3 got
	run -125 "$ORIEL" run --strict --config-file bad.yaml -- true
	run -125 "$ORIEL" run --strict --config-file missing.yaml -- true
}

@test "what it can't say is told with its line, and the rest counts" {
	printf 'file_format: "1.0"\ntracer_provider:\n  sampler: {guess: }\n  limits: {event_count_limit: 7}\n' >odd.yaml
	seen --config-file odd.yaml >got
	grep -q 'odd.yaml:3: there is no sampler guess' said
	grep -qx OTEL_SPAN_EVENT_COUNT_LIMIT=7 got
}

@test "the table of variables is the one that the code reads" {
	"$ORIEL" help --variables | diff - "$TOP/doc/variables.md"
}

@test "a redaction rule of the file is added, also where another one ends like it" {
	printf 'file_format: "1.0"\ndistribution: {oriel: {redact: "card.pin=drop"}}\n' >redact.yaml
	redact() { ORIEL_REDACT=$1 "$ORIEL" run --config-file redact.yaml -- sh -c 'echo "$ORIEL_REDACT"'; }
	[ "$(redact billing.card.pin=drop)" = billing.card.pin=drop,card.pin=drop ]
	[ "$(redact user.email=hash,card.pin=drop)" = user.email=hash,card.pin=drop ]
}
