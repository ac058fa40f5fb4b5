#!/usr/bin/env bats
# Work that leaves its thread keeps its context, and the program can't tell.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { collecting_end; }

# children NAME...: these are the children of "asked", and nothing else is
children() {
	see "(.[] | select(.name == \"asked\").span_id) as \$asked
		| [.[] | select(.parent_id == \$asked).name] | sort == ($(jq -nc '$ARGS.positional' --args "$@") | sort)"
}

@test "threads and queued work are children of what was current when they were made" {
	[ "$(OTEL_SDK_DISABLED=true "$BUILD/programs/threads")" = 3 ]
	[ "$(run_watched "$BUILD/programs/threads")" = 3 ]
	children small exit cancelled c11 own 'pool at first' once 'after work' again 'after work'
	spans '[.[] | select(.name == "alone" or .name == "stray" or .name == "nobody asked" or .name == "pool later") | .parent_id // ""] == ["", "", "", ""]'
	spans '[.[] | select(.name == "waited") | .parent_id // ""] == ["", "", "", "", ""]'
	spans '([.[] | select(.name == "own")][0].span_id) as $own | [.[] | select(.parent_id == $own).name] == ["within own"]'
	spans '[.[] | select(has("open") or .status == "error")] == []'
}

@test "threads can be left alone, and so can libuv" {
	run_watched "$BUILD/programs/threads"
	children small exit cancelled c11 own 'pool at first' once 'after work' again 'after work'
	rm -rf "$ORIEL_DATA_DIR"
	pid=$(collector_pid)
	kill "$pid" && wait_for 10 gone "$pid"
	ORIEL_DISABLED_INSTRUMENTATIONS=threads,uv run_watched "$BUILD/programs/threads"
	see 'length >= 17'
	children
}
