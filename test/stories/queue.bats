#!/usr/bin/env bats
# A backend that is away: what it didn't take waits on disk, and comes when it is back.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	PORT=$(free_port)
	export OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$PORT
}

teardown() { collecting_end; }

backend() {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/receiver.py" got "$PORT" >port 2>receiver.err 3>&- 4>&- &
	BACKEND=$!
	STARTED+=($!)
	wait_for 20 test -s port
}

query() { "$BUILD/oriel" run --service-name "$1" -- sqlite3 :memory: 'select 41 + 1' >/dev/null 2>>err; }

on_disk() { [ "$(cat "$ORIEL_DATA_DIR"/queue/*/*.queue 2>/dev/null | grep -ac "$1")" -ge 1 ]; }
off_disk() { ! on_disk "$1"; }
came() { [ -s got ] && jq -se --arg name "$1" '[.[] | select(.path == "/v1/traces" and (.text | contains($name)))] | length == 1' got; }

# all_come_with NAME: a backend is there, a query more is made, and what waited comes with it
all_come_with() {
	backend
	query "$1"
	wait_for 40 came "$1"
	wait_for 20 came first
	wait_for 20 came second
	wait_for 20 off_disk first
	wait_for 20 off_disk second
}

@test "it outlives the outage, the run and the collector, and nothing comes twice" {
	query first
	wait_for 20 on_disk first
	kill -9 "$(collector_pid)"
	wait_for 20 gone "$(collector_pid)"
	query second
	wait_for 20 on_disk second
	all_come_with third
}

# The first one's is still there: its run has ended, and it is given ten seconds.
@test "a service that begins while another's queue waits has one, too" {
	query first
	query second
	wait_for 20 on_disk first
	wait_for 20 on_disk second
	kill -9 "$(collector_pid)"
	wait_for 20 gone "$(collector_pid)"
	all_come_with third
}

@test "with none allowed nothing is written" {
	ORIEL_QUEUE_MAX_BYTES=0 query first
	query second
	wait_for 20 on_disk second
	not on_disk first
}
