#!/usr/bin/env bats
# Audit records: on disk when the program has ended, whatever ended it, in a trail that shows changes.

bats_require_minimum_version 1.5.0
load collecting

setup() { collecting_begin; }
teardown() { collecting_end; }

audits() { "$BUILD/oriel" run --service-name books -- "$BUILD/programs/audits" "$@" 3>&- 4>&-; }

# records N: so many are in the trail, each number of each process once
records() {
	local n
	n=$(cat "$ORIEL_DATA_DIR"/audit/*.jsonl | jq -c '[.instance, .number]' | sort -u | wc -l)
	[ "$n" = "$1" ] && [ "$(cat "$ORIEL_DATA_DIR"/audit/*.jsonl | wc -l)" = "$1" ]
}

@test "a record is on disk when the program has ended" {
	audits 3 return
	records 3 # at once: exit has waited
	audits 2 stop
	records 5
	run -0 "$BUILD/oriel" export --audit
	[ "${#lines[@]}" = 5 ]
	jq -se 'map(.number) == [1, 2, 3, 1, 2] and all(.[]; .event == "user.deleted" and .service == "books"
		and .attributes.by == "parent" and (.trace_id | length) == 32 and .attributes.password == "[REDACTED]"
		and (.time | test("^2[0-9]{3}-[0-9-]{5}T[0-9:]{8}[.][0-9]{6}Z$")))' <<<"$output"
	[[ $output != *hunter2* ]]
}

@test "one whose program was killed is kept, and each process has its own" {
	audits 2 kill || :
	wait_for 10 records 2
	audits 2 fork
	wait_for 10 records 6
	run -0 "$BUILD/oriel" export --audit --check
	[[ $output == "6 records, unchanged; the last one's hash is "* ]]
}

@test "a flush says when they are on disk, and that they aren't where nobody writes" {
	run -0 --separate-stderr audits 4 flush
	[ "$output" = "flushed 1" ]
	records 4
	export ORIEL_RUN_DIR=$ORIEL_RUN_DIR/other
	mkdir -m 700 "$ORIEL_RUN_DIR"
	ORIEL_COLLECTOR=none ORIEL_FALLBACK=none run -0 "$BUILD/programs/audits" 1 stop # doesn't wait
	records 4
	export ORIEL_RUN_DIR=${ORIEL_RUN_DIR%/other}
}

@test "more records than there is room for are all kept, or told" {
	ORIEL_SEGMENT_SIZE=65536 run -0 --separate-stderr audits 20000 flush
	lost=$(grep -c 'is lost' <<<"$output" || :)
	wait_for 20 records $((20000 - lost))
	wait_for 10 eval '[ "$(metric oriel_service_losses_total)" = "$lost" ]'
}

@test "a collector that is killed and the next one keep each record once" {
	audits 100 return
	records 100
	kill -9 "$(collector_pid)"
	audits 100 return
	wait_for 10 records 200
	"$BUILD/oriel" export --audit --check
}

@test "a record that somebody changes, or takes out, shows" {
	audits 3 return
	file=$(echo "$ORIEL_DATA_DIR"/audit/*.jsonl)
	sed -i 's/"user.id":2/"user.id":9/' "$file"
	run -1 "$BUILD/oriel" export --audit --check
	[[ $output == *"1 of 3 records are not as they were written, the first at ${file##*/}:2"* ]]
	sed -i 2d "$file"
	run -1 "$BUILD/oriel" export --audit --check
	[[ $output == *"1 of 2 records"* ]]
}

@test "they are log records, too: on the page, whatever the level and the sampler" {
	LOG_LEVEL=CRITICAL OTEL_TRACES_SAMPLER=always_off audits 1 return
	wait_for 10 api_says 'logs?limit=10' '[.logs[] | select(.scope == "oriel.audit")] | length == 1 and .[0].body == "user.deleted"'
}

@test "days that are over for as long as was said go, and where there is no store there is a trail" {
	ORIEL_STORE=none audits 1 return
	records 1
	mv "$ORIEL_DATA_DIR"/audit/*.jsonl "$ORIEL_DATA_DIR/audit/audit-2020-01-01.jsonl"
	audits 1 return
	records 2
	kill "$(collector_pid)"
	wait_for 10 [ ! -s "$ORIEL_RUN_DIR/collector.pid" ] || :
	ORIEL_AUDIT_DAYS=30 audits 1 return
	wait_for 10 records 2
	[ ! -e "$ORIEL_DATA_DIR/audit/audit-2020-01-01.jsonl" ]
	"$BUILD/oriel" export --audit --check
}
