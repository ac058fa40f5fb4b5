#!/usr/bin/env bats
# oriel tail: what services say, where somebody sits.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }
teardown() { collecting_end; }

talks() { "$BUILD/oriel" run -- "$BUILD/programs/talks" "$@" 2>/dev/null; }
tail_now() { "$BUILD/oriel" tail --once "$@"; }

# kept N: so many records are in the store
kept() { wait_for 10 api_says "logs?limit=1000" ".logs | length == $1"; }

@test "it waits where nothing runs, and then writes each record as it comes" {
	"$BUILD/oriel" tail --service talks >"$BATS_TEST_TMPDIR/tail" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED+=($!)
	wait_for 10 grep -q 'nothing is running here; waiting' "$BATS_TEST_TMPDIR/err"
	talks 3
	wait_for 20 grep -q 'i=2' "$BATS_TEST_TMPDIR/tail"
	talks 5
	wait_for 20 grep -q 'i=4' "$BATS_TEST_TMPDIR/tail"
	[ "$(grep -cE '^[0-9:.]{12} talks      INFO      talking  i=[0-4] .*\(talks\.c:[0-9]+\)$' "$BATS_TEST_TMPDIR/tail")" = 8 ]
	not grep -q $'\e' "$BATS_TEST_TMPDIR/tail"
}

@test "it shows the last ones first, oldest above, and as many as are asked for" {
	talks 30
	kept 30
	[ "$(tail_now | grep -oE ' i=[0-9]+' | tr -d '\n')" = ' i=20 i=21 i=22 i=23 i=24 i=25 i=26 i=27 i=28 i=29' ]
	[ "$(tail_now --lines 2 | wc -l)" = 2 ]
	[ -z "$(tail_now --lines 0)" ]
}

@test "records are chosen by service, level, trace, logger and text" {
	trace=$(talks span)
	talks 3
	kept 4
	[ "$(tail_now | wc -l)" = 4 ]
	[ "$(tail_now --level error | wc -l)" = 1 ]
	[ "$(tail_now --trace "$trace" | wc -l)" = 1 ]
	tail_now --trace "$trace" | grep "ERROR     working  well=false .* trace=$trace"
	[ "$(tail_now --grep TALKING | wc -l)" = 3 ]
	[ "$(tail_now --service other | wc -l)" = 0 ]
	[ "$(tail_now --logger other | wc -l)" = 0 ]
	run -64 tail_now --level loud
	run -64 tail_now --trace 12
}

@test "as JSON it is the API's, and traces are lines of their own" {
	trace=$(talks span)
	kept 1
	tail_now --json | jq -e '.body == "working" and .severity == 17 and .attributes.well == false'
	wait_for 10 api_says "traces/$trace" '.spans | length == 1'
	tail_now --spans | grep -E "talks      internal .* work  1 span  trace=$trace"
}

@test "what a record holds can't act on a terminal" {
	talks foul
	kept 1
	tail_now >"$BATS_TEST_TMPDIR/tail"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/tail")" = 1 ]
	not env LC_ALL=C grep -q '[[:cntrl:]]' "$BATS_TEST_TMPDIR/tail"
}

@test "nothing to ask is said" {
	run -1 tail_now
	[[ $output == *"nothing is running here"* ]]
}
