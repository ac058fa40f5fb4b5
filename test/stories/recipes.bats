#!/usr/bin/env bats
# doc/recipes: what is printed there works. Commands are taken out of the pages as they are, but for
# the receiver's address.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	PATH=$BUILD:$PATH
	cd "$BATS_TEST_TMPDIR"
	mkdir pkgconfig # of a tree that isn't installed
	printf 'Name: oriel\nDescription: .\nVersion: 0\nCflags: -I%s\n' "$TOP/include" >pkgconfig/oriel.pc
	export PKG_CONFIG_PATH=$PWD/pkgconfig
	/usr/bin/python3 "$BATS_TEST_DIRNAME/receiver.py" got >port 2>receiver.err 3>&- 4>&- &
	STARTED+=($!)
	wait_for 20 test -s port
	HERE=127.0.0.1:$(<port)
}

teardown() { collecting_end; }

# recipe NAME N...: the N-th blocks of its commands are run
recipe() {
	local page=$TOP/doc/recipes/$1.md n
	shift
	for n in "$@"; do
		awk -v n="$n" '/^```sh$/ { at++; in_it = 1; next } /^```$/ { in_it = 0 } in_it && at == n' "$page" |
			sed -e "s#http://localhost:4318#http://$HERE#; s#@o1.ingest.sentry.io/#@$HERE/#" \
				-e "s#DD_AGENT_HOST=datadog-agent#DD_AGENT_HOST=127.0.0.1 DD_TRACE_AGENT_PORT=${HERE#*:}#; s#https://0123#http://0123#" >block
		[ -s block ]
		bash -e block >>out 2>>err </dev/null || { cat block out err; return 1; }
	done
}

# got FILTER: jq's filter is true of the list of requests that came
came() { [ -s got ] && jq -se "$1" got; }

@test "to an OpenTelemetry collector, by settings alone" {
	recipe opentelemetry 1
	wait_for 20 came 'any(.path == "/v1/traces" and (.text | contains("shop") and contains("select ?")))'
	grep -qx 1 out
}

@test "to an OpenTelemetry collector, where an endpoint is set" {
	recipe opentelemetry 2
	not grep oriel.bootstrap err
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://$HERE
	recipe opentelemetry 2
	wait_for 20 came 'any(.path == "/v1/traces" and (.text | contains("shop")))'
	[ "$(grep -cx 2 out)" = 2 ]
}

@test "to Sentry, with the DSN's address and key; without a DSN nothing" {
	export SENTRY_TRACES_RATE=1
	recipe sentry 1
	wait_for 20 came 'any(.path == "/api/42/integration/otlp/v1/traces/"
		and (.headers["x-sentry-auth"] | contains("sentry_key=0123456789abcdef"))
		and (.text | contains("staging") and contains("4f2a9c1")))'
	came 'all(.path | startswith("/api/42/"))'
}

@test "to Datadog's agent, by settings alone" {
	recipe datadog 1
	wait_for 20 came 'any(.path == "/v1/traces" and (.text | contains("shop") and contains("staging") and contains("1.4.2")))'
}

@test "to Datadog's agent in its own words, by the switches that are there" {
	DD_TRACE_ENABLED=no DD_AGENT_HOST=127.0.0.1 DD_TRACE_AGENT_PORT=${HERE#*:} recipe datadog 3
	[ ! -s got ]
	recipe datadog 2
	wait_for 20 came 'any(.path == "/v0.4/traces")'
	came '[.[] | .msgpack[]?[]] | length == 1 and (.[0] |
		.service == "shop" and .name == "sqlite.query" and .type == "sql" and .resource == "select" and
		.meta.env == "staging" and .meta.version == "1.4.2" and .meta["db.query.text"] == "select ?" and
		(.meta["_dd.p.tid"] | length == 16) and .metrics._sampling_priority_v1 == 1 and
		.duration > 0 and .parent_id == 0 and .error == 0 and .trace_id > 0 and .span_id > 0)' || { jq -c .msgpack got; return 1; }
	came 'any(.headers["x-datadog-trace-count"] == "1")'
}

@test "a hook of one's own" {
	recipe own 1 2
	grep -q "bootstrap.*fired in" out
	not grep oriel.bootstrap: err
	wait_for 20 api_says 'logs?service=shop' 'any(.logs[]; .body == "rack isn'"'"'t known" or .body == "rack is known")'
}

@test "a hook of one's own, beside the program" {
	recipe own 1 3
	not grep oriel.bootstrap: err
	wait_for 20 api_says logs '[.logs[] | select(.body == "bootstrap"
		and (.attributes["oriel.bootstrap.source"] | endswith("/oriel_bootstrap.so")))] | length == 1'
}
