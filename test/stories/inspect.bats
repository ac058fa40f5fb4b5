#!/usr/bin/env bats
# What `oriel inspect` shows of a segment that was left behind.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

# leaves PROGRAM...: with no collector; SEGMENT is what it left, TRACE what it printed.
leaves() {
	ORIEL_COLLECTOR=none run --separate-stderr "$@"
	TRACE=${lines[0]}
	SEGMENT=$(echo "$ORIEL_RUN_DIR"/*.segment)
	[ -f "$SEGMENT" ]
}

@test "a crash is shown with its backtrace, its trace, what was open and what was said" {
	leaves "$BUILD/programs/crash" segv
	before=$(sha256sum <"$SEGMENT")
	run -0 "$BUILD/oriel" inspect "$SEGMENT"
	[[ $output == *"SIGSEGV  address not mapped at 0x8"* ]]
	[[ $output == *"in die_here (crash.c:"* ]]
	[[ $output == *"trace     $TRACE"* ]]
	[[ $output =~ 0\ \ die_here.*1\ \ check_out.*2\ \ serve.*3\ \ crasher ]]
	[[ $output == *"    pay  "*"it died in this one"* ]]
	[[ $output == *"warn   about to crash"* ]]
	[[ $output == *" rip 0x"* ]]
	[[ $output == *"service   crash 1.2.3"* ]]
	[[ $output != *$'\033'* ]]
	[ "$(sha256sum <"$SEGMENT")" = "$before" ]
}

@test "on a terminal it has colours, unless NO_COLOR is set" {
	leaves "$BUILD/programs/crash" abort
	TERM=xterm run -0 script -qec "$BUILD/oriel inspect $SEGMENT" /dev/null
	[[ $output == *$'\033[31m'*SIGABRT* ]]
	TERM=xterm NO_COLOR=1 run -0 script -qec "$BUILD/oriel inspect $SEGMENT" /dev/null
	[[ $output != *$'\033'* ]]
}

@test "one that was killed has what was open, and no crash" {
	leaves "$BUILD/programs/die" kill
	run -0 "$BUILD/oriel" inspect "$SEGMENT"
	[[ $output == *"1001 spans, 1 of them open, 1000 log records"* ]]
	[[ $output == *"crash     none noted"* ]]
	[[ $output == *"left open"* ]]
}

@test "what is no segment is told, and what is half of one hurts nobody" {
	leaves "$BUILD/programs/crash" segv
	echo hello >text
	run -1 "$BUILD/oriel" inspect text
	[[ $output == *"not a segment"* ]]
	run -1 "$BUILD/oriel" inspect missing
	[[ $output == *"No such file"* ]]
	run -64 "$BUILD/oriel" inspect
	mkfifo pipe
	run -1 timeout 10 "$BUILD/oriel" inspect pipe
	head -c 70000 "$SEGMENT" >short
	run -1 "$BUILD/oriel" inspect short
	python3 - "$SEGMENT" <<-'END'
		import random, sys
		whole = open(sys.argv[1], "rb").read()
		r = random.Random(7)
		for i in range(40):
		    b = bytearray(whole)
		    for _ in range(200):
		        b[r.randrange(8, len(b))] = r.randrange(256)
		    open(f"bent-{i}", "wb").write(b)
	END
	for f in bent-*; do
		run timeout 20 "$BUILD/oriel" inspect "$f"
		[ "$status" -le 1 ]
	done
}
