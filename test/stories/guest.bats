#!/usr/bin/env bats
# liboriel in a program that nobody launched: what it leaves behind there, which is nothing.

bats_require_minimum_version 1.5.0
load collecting
setup() {
	collecting_begin
	export ORIEL_COLLECTOR=$BUILD/oriel
}
teardown() { collecting_end; }

# seen N: so many traces of guest are in the store
seen() { api_says services "[.services[] | select(.service == \"guest\") | .count] == [$1]"; }

@test "a program that starts the collector has no child, no descriptor and no signal of it" {
	"$BUILD/programs/guest" children
	[ -n "$(collector_pid)" ]
}

@test "a program that ignores SIGCHLD starts it as well" {
	(trap '' CHLD && exec "$BUILD/programs/guest" children)
	[ -n "$(collector_pid)" ]
}

@test "a program runs on when there is no collector to start" {
	ORIEL_COLLECTOR=/nowhere/oriel "$BUILD/programs/guest" children
	[ -z "$(collector_pid)" ]
}

@test "a daemon that forks twice and closes every descriptor is seen whole" {
	"$BUILD/programs/guest" daemon
	wait_for 10 seen 100 || {
		api services
		false
	}
}

@test "full shared memory turns recording off, and nothing else" {
	[ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m,mode=700 full "$ORIEL_RUN_DIR" 2>/dev/null || skip "needs mount"
	dd if=/dev/zero of="$ORIEL_RUN_DIR/rest" bs=1M count=8 2>/dev/null || :
	run -1 "$BUILD/programs/guest" children
	run -1 "$BUILD/programs/guest" daemon
	run --separate-stderr "$BUILD/oriel" run -- echo here
	[ "$status" = 0 ] && [ "$output" = here ]
	[[ $stderr == *"echo is not watched: only 0 MiB are free in $ORIEL_RUN_DIR; the command runs all the same"* ]]
	OTEL_LOG_LEVEL=error run --separate-stderr "$BUILD/oriel" run -- echo here
	[ "$output" = here ] && [[ $stderr != *"not watched"* ]]
	run -125 "$BUILD/oriel" run --strict -- echo here
	[[ $output != *here* && $output == *"refusing to start"* ]]
	run "$BUILD/oriel" doctor
	[[ $(tr -s '[:space:]' ' ' <<<"$output") == *"0 MiB free; that is too little, nothing is recorded"* ]]
	umount "$ORIEL_RUN_DIR"
}
