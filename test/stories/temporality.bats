#!/usr/bin/env bats
# Metrics over OTLP: how often, since when, and as deltas for those who want them so.

load collecting

setup() {
	collecting_begin
	export OTEL_METRICS_EXPORTER=otlp_file ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/%s.json OTEL_METRIC_EXPORT_INTERVAL=200
	export ORIEL_PROCESS_METRICS=false
	METRICS=$BATS_TEST_TMPDIR/metrics.json
}

teardown() { collecting_end; }

# Points of one instrument as lines: instance, start, time, number, attributes.
points() {
	jq -rc --arg name "$1" '.resourceMetrics[] | (.resource.attributes[] | select(.key == "service.instance.id").value.stringValue) as $i |
		.scopeMetrics[].metrics[] | select(.name == $name) | (.sum // .histogram) |
		.aggregationTemporality as $t | .dataPoints[] |
		[$i, .startTimeUnixNano, .timeUnixNano, (.asInt // .count), (.attributes // [] | tostring), $t] | @tsv' "$METRICS"
}

total() { points "$1" | awk -F'\t' '{ n += $4 } END { print n + 0 }'; }
total_is() { [ "$(total "$1")" = "$2" ]; }

asks() { for _ in $(seq "$1"); do curl -sf -m 5 -o /dev/null "$ADDRESS/cart" || return 1; done; }

# Of each series no delta begins before the last one ended. (Between them may be one in which nothing came.)
without_overlaps() {
	points "$1" | sort -t$'\t' -k1,1 -k5,5 -k3,3 | awk -F'\t' '
		$1 $5 == last && $2 < end { print "overlap: " $0; bad = 1 }
		$3 <= $2 || $4 == 0 { print "of no time, or of nothing: " $0; bad = 1 }
		{ last = $1 $5; end = $3 }
		END { exit bad }'
}

@test "deltas of workers, of which one is killed all the while, add up to what was counted, and none overlap" {
	export OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta
	start jobs "$BUILD/oriel" run -- "$BUILD/programs/prefork" 4 200
	for _ in 1 2 3 4 5; do
		asks 40
		read -rt 0.3 <> <(:) || :
	done
	wait_for 10 total_is jobs 200
	wait_for 10 total_is job.duration 200
	[ "$(metric oriel_processes_ended_total)" -ge 2 ]
	without_overlaps jobs
	without_overlaps job.duration
	[ "$(points jobs | cut -f 6 | sort -u)" = 1 ]
	# What may fall is told as it stands.
	[ "$(points jobs.waiting | cut -f 6 | sort -u)" = 2 ]
}

@test "without a word they are cumulative, each since its series began" {
	start jobs "$BUILD/oriel" run -- "$BUILD/programs/prefork" 1 0
	asks 3
	twice() { [ "$(points jobs | awk -F'\t' '$4 == 3' | wc -l)" -ge 3 ]; }
	wait_for 10 twice
	[ "$(points jobs | cut -f 6 | sort -u)" = 2 ]
	[ "$(points jobs | cut -f 2 | sort -u | wc -l)" = 1 ]
}

@test "the console has them as deltas where that is asked for" {
	export OTEL_METRICS_EXPORTER=console ORIEL_CONSOLE_TEMPORALITY_PREFERENCE=delta
	start jobs "$BUILD/oriel" run -- "$BUILD/programs/prefork" 1 0
	asks 3
	told() { [ "$(grep -ac ' jobs [1-3]' "$BATS_TEST_TMPDIR/jobs.out")" -ge 1 ]; }
	falls() { [ "$(grep -ac ' jobs.waiting ' "$BATS_TEST_TMPDIR/jobs.out")" -ge 6 ]; }
	wait_for 10 told
	wait_for 10 falls
	[ "$(grep -ao ' jobs [1-3]' "$BATS_TEST_TMPDIR/jobs.out" | awk '{ n += $2 } END { print n }')" = 3 ]
}

@test "they come as often as was asked for" {
	start jobs "$BUILD/oriel" run -- "$BUILD/programs/prefork" 1 0
	asks 1
	many() { [ "$(points jobs | wc -l)" -ge 8 ]; }
	wait_for 20 many
	# By the collector's clock; one that was missed is left out.
	points jobs | cut -f 3 | sort | awk 'NR > 1 && ($1 - last) / 1e6 < 900 { n++ } { last = $1 } END { exit n < 1 }'
}

@test "one run's interval is not another's, though its collector is" {
	start jobs "$BUILD/oriel" run -- "$BUILD/programs/prefork" 1 0
	wait_for 10 test -s "$METRICS"
	unset OTEL_METRIC_EXPORT_INTERVAL
	ORIEL_OTLP_FILE=$BATS_TEST_TMPDIR/other-%s.json
	start other "$BUILD/oriel" run -- "$BUILD/programs/prefork" 1 0
	# Ten times the first one's interval, by its own clock.
	n=$(wc -l <"$METRICS")
	more() { [ "$(wc -l <"$METRICS")" -ge $((n + 10)) ]; }
	wait_for 20 more
	[ ! -s "$BATS_TEST_TMPDIR/other-metrics.json" ]
}
