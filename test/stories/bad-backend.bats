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

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] || {
		cat "$BATS_TEST_TMPDIR/backend"
		tell_counters
	}
	collecting_end
}

# backend PROTOCOL SECONDS [MS]: BACKEND is where it can be asked
backend() {
	start backend node "$BATS_TEST_DIRNAME/bad-backend.mjs" "$1" "$PORT" "${@:2}"
	BACKEND=$ADDRESS
}

backend_says() { curl -sf -m 60 "$BACKEND" >backend && jq -e "$1" backend; }
has_recorded() { grep -q 'spans, ns each' service; }

# What was measured: nothing is asserted of it.
show() { echo "# $PROTOCOL, $1: $2" >&3; }

service() { # SECONDS [FILE]
	"$BUILD/oriel" run --service-name steady -- "$BUILD/programs/steady" "${RATE:-10000}" "$1" 600 "${@:2}" >service 2>service.err
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
	local all=${BAD_BACKEND_SECONDS:-2} sent
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
	nothing_dropped
	[ "$(tail -n 1 service)" = flushed ]
	jq -e ".missing == 0 and .again == 0 and .most == $sent - 1" backend
	jq -e ".taken + .rejected == $sent and .rejected > 0 and (.requests | length) == 7" backend
	[ "$(metric oriel_export_dropped_refused_total)" = "$(jq .rejected backend)" ]
	[ "$(metric oriel_export_sent_total)" = "$(jq '.taken + 20000' backend)" ]
}

# By the service for want of room in its segment, by the collector for want of time, or by the queue.
nothing_dropped() {
	local name
	for name in service_losses records_dropped memory_dropped export_dropped_{queue_full,retries,closing}; do
		[ "$(metric oriel_${name}_total)" = 0 ] || {
			echo "$name"
			return 1
		}
	done
}

# The collector ends, and the next one goes on with what it finds in the segment and on disk.
restart() {
	local old
	old=$(collector_pid)
	kill -"$1" "$old"
	wait_for 60 gone "$old"
	"$BUILD/oriel" run -- true
}

restarting() {
	local RATE=2000 i before requests='[.requests[]] | add // 0' all=${BAD_BACKEND_SECONDS:-2}
	export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=500 ORIEL_EXPORT_CONCURRENCY=8
	backend "$PROTOCOL" 5e-1 50
	service "$all" "$PWD/enough" 3>&- 4>&- &
	STARTED+=($!)
	for ((i = 0; i < 3 + all / 20; i++)); do
		backend_says .way
		before=$(jq "$requests" backend)
		wait_for 120 backend_says "($requests) > $before + 10"
		restart "$1"
	done
	touch enough
	wait_for $((all + 60)) has_recorded
	BACKEND=$BACKEND/good
	backend_says .way
	wait "${STARTED[-1]}"
	show "$1, service" "$(head -n 1 service)"
	wait_for 60 backend_says ".missing == 0 and .most == $(awk '{ print $1; exit }' service) - 1"
	show "$1, in the end" "$(cat backend)"
}

# But for a request whose answer came in the very last moment.
@test "a collector that is restarted all the while loses nothing, and sends nothing twice" {
	PROTOCOL=grpc
	export OTEL_EXPORTER_OTLP_PROTOCOL=grpc
	restarting TERM
	jq -e '.again <= 500' backend
}

# What was answered just then comes again: nobody has noted it.
@test "one that is killed loses nothing, too" {
	PROTOCOL=grpc
	export OTEL_EXPORTER_OTLP_PROTOCOL=grpc
	restarting KILL
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
