#!/usr/bin/env bats
# The collector may be killed, and what it sends to may be as bad as can be: a service is not told.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }
teardown() { collecting_end; }

# requests N: how many of N were answered as they should be
requests() {
	local i good=0
	for ((i = 0; i < $1; i++)); do
		[ "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "$ADDRESS/stock")" = 200 ] && good=$((good + 1))
	done
	[ "$good" = "$1" ] || echo "$good of $1 answered"
	[ "$good" = "$1" ]
}

start_stock() { start stock "$BUILD/oriel" run -- "$BUILD/example/stock" --port 0 --data "$BATS_TEST_TMPDIR"; }

# seen N: so many requests of stock are in the store
seen() { api_says services "[.services[] | select(.service == \"stock\") | .count] == [$1]"; }

@test "a collector that is killed is not missed, and the next one goes on" {
	start_stock
	requests 10
	wait_for 20 seen 10
	first=$(collector_pid)
	kill -9 "$first"
	wait_for 10 gone "$first"
	requests 100
	"$BUILD/oriel" run -- true
	[ "$(collector_pid)" != "$first" ]
	wait_for 20 seen 110 || {
		api services
		false
	}
	requests 10
	wait_for 20 seen 120
	[ "$(metric oriel_records_dropped_total)" = 0 ]
}

@test "what a service recorded before it died waits for the next collector" {
	start_stock
	requests 5
	wait_for 20 seen 5
	first=$(collector_pid)
	kill -9 "$first"
	wait_for 10 gone "$first"
	requests 20
	kill -9 "${STARTED[0]}"
	"$BUILD/oriel" run -- true
	wait_for 20 seen 25
}

# holds: ten spans are open, 500 have ended, and there are 500 logs; descriptor 8 holds its standard input open.
start_holds() {
	"$BUILD/oriel" run -- true
	first=$(collector_pid)
	mkfifo "$BATS_TEST_TMPDIR/hold"
	exec 8<>"$BATS_TEST_TMPDIR/hold"
	start holds sh -c "exec '$BUILD/oriel' run -- '$BUILD/programs/holds' 500 <'$BATS_TEST_TMPDIR/hold' 8>&-"
}

# held N: so many of its spans are in the store, once, and all logs, at least once
held() {
	api_says services "[.services[] | select(.service == \"holds\") | .count] == [$1]" &&
		api_says "logs?service=holds&limit=1000" '.logs | unique_by(.attributes) | length == 500'
}

# The next collector, and the end of all spans.
holds_end() {
	"$BUILD/oriel" run -- true 8>&-
	[ "$(collector_pid)" != "$first" ]
	exec 8>&-
	wait_for 20 held 510 || {
		api services
		api "logs?service=holds&limit=1000" | jq '.logs | length'
		curl -s "$PAGE/metrics" | grep -E '^oriel_(records|spans|logs)'
		false
	}
	[ "$(metric oriel_spans_orphaned_total)" = 0 ]
	[ "$(metric oriel_records_unstarted_total)" = 0 ]
	[ "$(metric oriel_records_bad_total)" = 0 ]
}

@test "spans that are open when the collector is killed end in the next one" {
	start_holds
	wait_for 20 held 500
	kill -9 "$first"
	wait_for 10 gone "$first"
	holds_end
}

@test "what a killed collector had read and not delivered is delivered by the next one" {
	start_holds
	kill -9 "$first"
	wait_for 10 gone "$first"
	holds_end
}

# with_endpoint URL: requests are answered, and the page has them, whatever the endpoint does
with_endpoint() {
	export OTEL_EXPORTER_OTLP_ENDPOINT=$1 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
	export OTEL_TRACES_EXPORTER=otlp OTEL_LOGS_EXPORTER=otlp
	start_stock
	requests 50
	wait_for 20 seen 50
	requests 50
	wait_for 20 seen 100
}

@test "an endpoint where nobody listens leaves the service alone" { with_endpoint http://127.0.0.1:1; }

@test "an endpoint that answers 503 leaves the service alone" {
	start sink "$BUILD/programs/sink" refuse
	with_endpoint "$ADDRESS"
}

@test "an endpoint that takes seconds leaves the service alone" {
	start sink "$BUILD/programs/sink" slow
	with_endpoint "$ADDRESS"
}

@test "an endpoint that answers garbage leaves the service alone" {
	start sink "$BUILD/programs/sink" garbage
	with_endpoint "$ADDRESS"
}

@test "an endpoint that hangs up leaves the service alone" {
	start sink "$BUILD/programs/sink" hang-up
	with_endpoint "$ADDRESS"
}

@test "every span arrives where it is sent" {
	start sink "$BUILD/programs/sink" ok
	sink=$ADDRESS
	with_endpoint "$sink"
	kill "${STARTED[1]}"
	wait "${STARTED[1]}" || :
	# 100 server spans and their queries
	wait_for 30 eval '[ "$(curl -s "$sink/count" | cut -d" " -f1)" -ge 200 ]' || {
		curl -s "$sink/count"
		false
	}
}

# Spans that are counted as lost: in the service, in the collector, and on the way to the endpoint.
lost_spans() {
	api status | jq '[.losses[]? | select(.name == "spans_no_room" or .name == "spans_no_slot") | .value]
		+ [.counters[] | select(.name | test("^(export_dropped_.*|spans_dropped_limit|memory_dropped)$")) | .value] | add'
}

@test "two threads at full speed: what ended was delivered, or is counted as lost" {
	start sink "$BUILD/programs/sink" ok
	sink=$ADDRESS
	export OTEL_EXPORTER_OTLP_ENDPOINT=$sink OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_TRACES_EXPORTER=otlp
	ended=$("$BUILD/oriel" run -- "$BUILD/programs/flood" 200000)
	[ "$ended" = 400000 ]
	adds_up() {
		delivered=$(curl -s "$sink/count" | cut -d' ' -f1)
		lost=$(lost_spans)
		echo "ended $ended, delivered $delivered, lost $lost"
		[ $((delivered + lost)) = "$ended" ]
	}
	wait_for 60 adds_up || {
		adds_up
		curl -s "$PAGE/metrics"
		false
	}
	[ "$delivered" -gt 0 ]
}
