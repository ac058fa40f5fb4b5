#!/usr/bin/env bats
# A backend that is bad in every way in turn, while a service records 10,000 spans a second: all of it comes in the
# end, nothing that the backend has comes again, and the service doesn't notice.
#
# BAD_BACKEND_SECONDS says how long at least (one round of all ways; 600 for an honest trial).

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	PORT=$(free_port)
	export OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none ORIEL_SEGMENT_SIZE=16777216
	# Each of its ways lasts half a second, in which a request must come.
	export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$PORT OTEL_BSP_SCHEDULE_DELAY=100
}

teardown() { collecting_end; }

# backend PROTOCOL SECONDS: BACKEND is where it can be asked
backend() {
	start backend node "$BATS_TEST_DIRNAME/bad-backend.mjs" "$1" "$PORT" "$2"
	BACKEND=$ADDRESS
}

backend_says() { curl -sf -m 60 "$BACKEND" >backend && jq -e "$1" backend; }
has_recorded() { grep -q 'spans, ns each' service; }

# What was measured: nothing is asserted of it.
show() { echo "# $PROTOCOL, $1: $2" >&3; }

service() { # SECONDS [FILE]
	"$BUILD/oriel" run --service-name steady -- "$BUILD/programs/steady" 10000 "$1" 600 "${@:2}" >service 2>service.err
}

beside_a_good_one() {
	backend "$PROTOCOL" 100000
	service 2
	backend_says '.missing == 0 and .again == 0 and .taken == 20000'
	show "good backend" "$(head -n 1 service)"
	kill "${STARTED[-1]}"
	wait "${STARTED[-1]}" || :
}

bad_backend() {
	local all=${BAD_BACKEND_SECONDS:-2} sent name
	beside_a_good_one
	backend "$PROTOCOL" "$(((all * 10 + 139) / 140 * 5))e-1"
	service "$all" "$PWD/enough" 3>&- 4>&- &
	STARTED+=($!)
	# A busy machine may send nothing in one of its ways: then the next round counts.
	wait_for $((all * 2 + 300)) backend_says '.rounds >= 1 and (.requests | length) == 7 and .rejected > 0'
	touch enough
	wait_for $((all + 60)) has_recorded
	BACKEND=$BACKEND/good
	show "when it was enough" "$(curl -sf -m 60 "$BACKEND")"
	wait "${STARTED[-1]}"
	sent=$(awk '{ print $1; exit }' service)
	show "bad backend" "$(head -n 1 service)"
	backend_says .way
	show "in the end" "$(cat backend)"
	show "collector" "$(api status | jq -c '[.counters[] | select(.name | test("^export|^records_d")) | {(.name): .value}] | add')"
	[ "$(tail -n 1 service)" = flushed ]
	jq -e ".missing == 0 and .again == 0 and .most == $sent - 1" backend
	jq -e ".taken + .rejected == $sent and .rejected > 0 and (.requests | length) == 7" backend
	[ "$(metric oriel_export_dropped_refused_total)" = "$(jq .rejected backend)" ]
	[ "$(metric oriel_export_sent_total)" = "$(jq '.taken + 20000' backend)" ]
	for name in records_dropped export_dropped_queue_full export_dropped_retries export_dropped_closing memory_dropped; do
		[ "$(metric oriel_${name}_total)" = 0 ]
	done
}

@test "over HTTP" {
	PROTOCOL=http
	bad_backend
}

@test "over gRPC" {
	PROTOCOL=grpc
	export OTEL_EXPORTER_OTLP_PROTOCOL=grpc
	bad_backend
}
