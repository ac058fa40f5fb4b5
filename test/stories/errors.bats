#!/usr/bin/env bats
# Errors: with the stack that they were found on, and what a failed request is told.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }

teardown() { collecting_end; }

fails() {
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/failing" "$@"
	echo "$output"
	[ "$status" = 0 ]
	TRACE=${lines[0]}
}

@test "an error knows where it was found, by function, file and line" {
	fails 2
	wait_for 20 api_says "traces/$TRACE" '(.logs | length) == 4'
	api_says "traces/$TRACE" '[.logs[] | select(.attributes["exception.type"] == "PaymentRefused")] | length == 2 and
		all(.[]; .severity == 17 and (.body | startswith("order 100")) and .attributes["oriel.stack"] == null and
			([.attributes["oriel.frames"][].function] | .[0:3] == ["refuse", "pay", "main"]) and
			(.attributes["exception.stacktrace"] | startswith("#0 ")) and
			(.attributes["oriel.frames"][0].file | endswith("failing.c")))'
}

@test "a failed request says its id and nothing else; the log says why" {
	fails
	[ "${lines[1]}" = 'application/json {"error":"internal_server_error","request_id":"req-4711"}' ]
	[ "${lines[2]}" = 'application/problem+json {"type":"about:blank","title":"Internal Server Error","status":500,"request_id":"req-4711"}' ]
	wait_for 20 api_says "traces/$TRACE" 'any(.logs[]; .body == "unhandled_exception")'
	api_says "traces/$TRACE" '.logs[] | select(.body == "unhandled_exception") | .attributes | .method == "POST" and .path == "/orders" and
		.["exception.type"] == "OutOfStock" and .request_id == "req-4711" and .["oriel.frames"][0].function == "handle"'
}

@test "thousands of errors from one place are named, all of them" {
	fails 3000
	wait_for 30 api_says "traces/$TRACE" '(.logs | length) == 3002'
	api_says "traces/$TRACE" 'all(.logs[]; .attributes["oriel.frames"] | length > 0)'
}

kinds() { api_says "errors" "$1"; }

@test "errors are grouped by type, message and place, over runs and releases" {
	fails 5 1.0
	fails 3 1.1
	wait_for 20 kinds '[.errors[] | select(.type == "PaymentRefused")] | length == 1 and
		(.[0] | .count == 8 and .message == "order <n> refused by <text>" and .place == "refuse (failing.c:23)" and
			([.releases[].version] == ["1.1", "1.0"]) and ([.releases[].count] == [3, 5]) and .service == "failing")'
	kinds '[.errors[].type] | sort == ["NotFound", "OutOfStock", "PaymentRefused", "Timeout"]'
	kinds 'all(.errors[]; (.first_ns | length) == 19 and .first_ns <= .last_ns)'
	local id
	id=$(api errors | jq -r '.errors[] | select(.type == "PaymentRefused") | .id')
	api_says "errors/$id" '(.seen | length) == 8 and .record.attributes["oriel.frames"][0].function == "refuse" and
		(.seen[0].message | startswith("order 1002 refused")) and all(.seen[]; .trace_id and .run)'
	api_says "errors?q=bank" '.errors == []'
	api_says "errors?q=paymentref" '(.errors | length) == 1'
	api_says "errors?service=other" '.errors == []'
	run ! api errors/0000000000000000
	run ! api errors/nothing
}

@test "a crash is an error, once, and outlives its collector" {
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/crash" segv
	wait_for 20 kinds '(.errors | length) == 1 and (.errors[0] | .crash and .type == "SIGSEGV" and .count == 1 and
		(.place | startswith("die_here (crash.c:")) and .releases[0].version == "1.2.3")'
	kill "$(collector_pid)"
	wait_for 10 test -z "$(collector_pid)" || :
	run --separate-stderr "$BUILD/oriel" run -- "$BUILD/programs/crash" segv
	wait_for 20 kinds '(.errors | length) == 1 and .errors[0].count == 2'
}
