#!/usr/bin/env bats
# However a service dies, what it had recorded arrives.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }
teardown() { collecting_end; }

# 1,000 spans, the one left open, and 1,000 log records, beside what a crash adds.
is_whole() {
	api_says "traces/$1" '(.spans | length) == 1001 and all(.spans[]; .open | not) and
		([.logs[] | select(.severity < 17)] | length) == 1000'
}

# dies STATUS HOW...: and nothing is missing
dies() {
	local expected=$1 trace
	shift
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/die" "$@"
	echo "$output"
	echo "$stderr"
	[ "$status" = "$expected" ]
	trace=${lines[0]}
	[[ $trace =~ ^[0-9a-f]{32}$ ]]
	wait_for 20 is_whole "$trace" || {
		api "traces/$trace" | jq '{ spans: (.spans | length), logs: (.logs | length), open: [.spans[] | select(.open)] }'
		api status | jq '[.counters[]? | select(.value > 0)]'
		return 1
	}
	api "traces/$trace" >"$BATS_TEST_TMPDIR/trace.json"
	left_open=$(jq -c '.spans[] | select(.name == "left open")' "$BATS_TEST_TMPDIR/trace.json")
	echo "$left_open"
	jq -e '.status == "error" and .end == "orphaned"' <<<"$left_open"
	jq -e '[.spans[] | select(.name == "work" and .status == "unset") | .attributes.i] | sort == [range(1000)]' \
		"$BATS_TEST_TMPDIR/trace.json" >/dev/null
	jq -e '[.logs[] | select(.body == "working") | .attributes.i] | sort == [range(1000)]' \
		"$BATS_TEST_TMPDIR/trace.json" >/dev/null
}

@test "SIGKILL loses nothing" { dies 137 kill; }
@test "a segmentation fault loses nothing" { dies 139 segv; }
@test "abort() loses nothing" { dies 134 abort; }
@test "SIGTERM loses nothing" { dies 143 term; }
@test "_exit(0) loses nothing" { dies 0 _exit; }
@test "exit() loses nothing" { dies 0 exit; }

@test "a forked child that is killed loses nothing" { dies 0 kill fork; }
@test "a forked child that calls _exit loses nothing" { dies 0 _exit fork; }
@test "a forked child that crashes loses nothing" { dies 0 segv fork; }

@test "the span that a crash cut short names the signal" {
	dies 139 segv
	[[ $left_open == *SIGSEGV* ]]
}

@test "a process that nobody launched loses nothing either" {
	run --separate-stderr "$BUILD/programs/die" kill
	[ "$status" = 137 ]
	"$BUILD/oriel" run -- true
	wait_for 20 is_whole "${lines[0]}"
}
