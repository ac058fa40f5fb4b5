#!/usr/bin/env bats
# Exporters of one's own: a shared object beside all others (include/oriel-export.h).

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
	mkdir -m 755 mine
	install -m 755 "$BUILD/programs/exporters/mine.so" mine/
	export ORIEL_MY_FILE=$PWD/got
}

teardown() { collecting_end; }

query() { "$BUILD/oriel" run "$@" -- sqlite3 :memory: 'select 41 + 1' >>out 2>>err; }

@test "it gets OTLP, and what it wants later comes again" {
	query --service-name shop --traces-exporter ./mine/mine.so,otlp_file --otlp-file "$PWD/other"
	wait_for 20 test -s got
	jq -e '.signal == 1 and (.request.resourceSpans[0].resource.attributes | any(.value.stringValue == "shop"))
		and (.request.resourceSpans[0].scopeSpans[0].spans | length == 1)' got
	wait_for 20 test -s other
	grep -q 'export plugin: traces: not yet; trying again' "$ORIEL_DATA_DIR/collector.log"
	grep -q 'export plugin: works again' "$ORIEL_DATA_DIR/collector.log"
	[ "$(metric oriel_export_retried_total)" -ge 1 ]
}

@test "one that others can write to is not loaded, and the service runs" {
	chmod 777 mine
	query --traces-exporter ./mine/mine.so
	wait_for 20 grep -q 'others can write to its directory' err
	chmod 755 mine
	chmod 666 mine/mine.so
	query --traces-exporter ./mine/mine.so
	wait_for 20 grep -q 'mine.so: others can write to it' err
	[ "$(grep -cx 42 out)" = 2 ]
	[ ! -e got ]
}

@test "what is none, and one that doesn't want to, are told" {
	query --traces-exporter ./mine/missing.so
	wait_for 20 grep -q 'missing.so: No such file' err
	echo text >mine/text.so
	query --traces-exporter ./mine/text.so
	wait_for 20 grep -q 'text.so: file too short\|text.so: invalid ELF header' err
	ORIEL_MY_FILE=/nowhere/got query --traces-exporter ./mine/mine.so
	wait_for 20 grep -q "ORIEL_MY_FILE can't be written" err
	query --metrics-exporter ./mine/mine.so
	wait_for 20 grep -q 'mine does not take all that it is named for' err
	[ "$(grep -cx 42 out)" = 4 ]
}
