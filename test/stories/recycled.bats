#!/usr/bin/env bats
# Totals that never go back: workers by the thousand, and collectors that are killed meanwhile.
# RECYCLED=10000 is the whole of it; `make check` takes fewer.

load collecting

setup() {
	collecting_begin
	export OTEL_METRICS_EXPORTER=prometheus OTEL_EXPORTER_PROMETHEUS_PORT=0 ORIEL_STORE=none ORIEL_PROCESS_METRICS=false
}

teardown() {
	exec 8>&-
	collecting_end
}

scraped() { find_page && curl -sf -m 20 "$PAGE/metrics" | awk -v name="$1" 'index($1, name "{") == 1 { n += $2 } END { printf "%d\n", n }'; }
scraped_is() { [ "$(scraped "$1")" = "$2" ]; }

# total_is COUNTED: what was counted is what is scraped, soon.
total_is() {
	wait_for 120 scraped_is jobs_total "$1" && return
	echo "scraped $(scraped jobs_total), counted $1"
	find_page && curl -s "$PAGE/metrics" | grep -E 'losses_total|dropped|bad' | grep -v ' 0$'
	return 1
}

# Memory of the collector's own, in KiB.
space() { awk '/^RssAnon:/ { print $2 }' "/proc/$(collector_pid)/status"; }

# recycle WORKERS AT_ONCE: the program; `step` lets it go on with the next 250.
recycle() {
	OUT=$BATS_TEST_TMPDIR/recycle.out
	mkfifo "$BATS_TEST_TMPDIR/go"
	exec 8<>"$BATS_TEST_TMPDIR/go"
	"$BUILD/oriel" run -- "$BUILD/programs/recycle" "$@" <"$BATS_TEST_TMPDIR/go" >"$OUT" 2>"$OUT.err" 3>&- 4>&- 8>&- &
	STARTED+=($!)
}

reached() { grep -q "^$1=$2 " "$OUT"; }
counted() { sed -n "s/^$1=$2 counted=//p" "$OUT"; }
step() { echo >&8; }

@test "recycled workers: the total is what they counted, and the collector takes no more room for it" {
	local most=${RECYCLED:-2000} first last
	# What AddressSanitizer keeps of freed memory is no room that the collector takes.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=8
	recycle "$most" 8
	for n in $(seq 250 250 "$most"); do
		wait_for 240 reached workers "$n"
		total_is "$(counted workers "$n")"
		[ "$n" != 1000 ] || first=$(space)
		last=$(space)
		step
	done
	wait_for 10 reached all "$most"
	[ "$(scraped job_duration_seconds_count)" = "$(counted all "$most")" ]
	[ "$(metric oriel_processes_ended_total)" = "$most" ]
	[ "$(metric oriel_totals_forgotten_total)" = 0 ]
	echo "$most workers, counted $(counted all "$most"), collector ${first} KiB after 1000, ${last} KiB at the end"
	# What differs is how many of a step were there at once.
	[ "$last" -lt $((first + 16384)) ]
	[ "$(stat -c %s "$ORIEL_RUN_DIR/totals")" -lt 65536 ]
}

@test "a collector that is killed takes no total with it" {
	recycle 500 8
	wait_for 240 reached workers 250
	total_is "$(counted workers 250)"
	kill -9 "$(collector_pid)"
	"$BUILD/oriel" run -- true
	wait_for 10 scraped_is jobs_total "$(counted workers 250)"
	[ "$(scraped job_duration_seconds_count)" = "$(counted workers 250)" ]
	step
	# Again and again, in the midst of it.
	for _ in 1 2 3 4 5; do
		read -rt 0.2 <> <(:) || :
		kill -9 "$(collector_pid)" || :
		"$BUILD/oriel" run -- true
	done
	wait_for 240 reached workers 500
	total_is "$(counted workers 500)"
	wait_for 10 scraped_is job_duration_seconds_count "$(counted workers 500)"
}

@test "what an earlier collector left is looked at twice: nonsense is nothing, and counted" {
	recycle 100 8
	wait_for 240 reached all 100
	wait_for 120 scraped_is jobs_total "$(counted all 100)"
	[ -s "$ORIEL_RUN_DIR/totals" ]
	kill -9 "$(collector_pid)"
	head -c 300 /dev/urandom >"$ORIEL_RUN_DIR/totals"
	"$BUILD/oriel" run -- true
	wait_for 10 find_page
	[ "$(metric oriel_totals_unread_total)" = 1 ]
	[ "$(scraped jobs_total)" = 0 ]
}
