#!/usr/bin/env bats
# What a service says by itself, and from where.

bats_require_minimum_version 1.5.0
load collecting
setup() { collecting_begin; }
teardown() { collecting_end; }

# says FILTER: jq's filter becomes true of the log records
says() {
	wait_for 15 api_says logs "$1" || {
		api logs
		false
	}
}

@test "each record says from where it comes, and whose it is" {
	"$BUILD/oriel" run -- "$BUILD/programs/logs" places
	says '[.logs[].body] | sort == ["3 of book left", "in a span", "no connection", "order placed"]'
	says '.logs | all(.attributes["code.file.path"] | endswith("test/programs/logs.c"))'
	says '.logs | all(.attributes["code.function.name"] == "places" and (.attributes["code.line.number"] > 15))'
	says '[.logs[].attributes["code.line.number"]] | unique | length == 4'
	says '[.logs[] | select(.body == "no connection") | .scope] == ["db"]'
	says '[.logs[] | select(.body == "in a span") | .span_id | length] == [16]'
}

@test "levels come from the environment, one for all and one for each logger" {
	LOG_LEVEL=critical ORIEL_LOG_LEVELS=db=error "$BUILD/oriel" run -- "$BUILD/programs/logs" places
	says '[.logs[].body] | sort == ["in a span", "no connection"]'
	run --separate-stderr "$BUILD/oriel" run --log-level=loud -- true
	grep -q "LOG_LEVEL: ignoring 'loud': no level, so it is INFO" <<<"$stderr"
}
