#!/usr/bin/env bats
# Which libraries are watched: by the environment, by options, and by calls of the program itself.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

@test "a library that is disabled is left alone, and the others are watched" {
	serve "$BUILD/oriel" run --disabled-instrumentations ' MicroHTTPD , nobody,sockets' -- "$BUILD/programs/busy-server"
	[ "$(curl -s "http://$HERE/sql")" = sql ]
	see '[.[].scope] == ["oriel.sqlite"]'
}

@test "a disabled library is known by its other names, and * is all of them" {
	ORIEL_DISABLED_INSTRUMENTATIONS=SQL run_watched "$BUILD/programs/sqlite-traced"
	ORIEL_DISABLED_INSTRUMENTATIONS='libcurl,*' run_watched "$BUILD/programs/sqlite-traced"
	OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=sqlite3 run_watched "$BUILD/programs/sqlite-traced"
	ORIEL_DISABLED_INSTRUMENTATIONS= OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=sqlite \
		run_watched "$BUILD/programs/sqlite-traced"
	see 'length == 8'
	[ "$(api runs | jq '.runs | length')" = 4 ]
}

# texts: the statements that were seen, but for those under traffic
texts() { see "[.[] | select(.scope == \"oriel.sqlite\").attributes.\"db.query.text\" | split(\"said_\")[-1]] | sort == ($1 | sort)" q=said_; }

@test "a library is off alone, and everything that serves HTTP is off as http" {
	serve "$BUILD/oriel" run --disabled-instrumentations curl -- "$BUILD/programs/busy-server"
	[ "$(curl -s "http://$HERE/next?http://127.0.0.1:1/")" = next ]
	stop_server
	serve "$BUILD/oriel" run --disabled-instrumentations Http -- "$BUILD/programs/busy-server"
	[ "$(curl -s "http://$HERE/sql")" = sql ]
	stop_server
	see '[.[].scope] | sort == ["oriel.libmicrohttpd", "oriel.sqlite"]'
}

@test "a program that is linked with the agent says itself what is watched, and when" {
	run -0 "$BUILD/programs/linked"
	[ "$output" = $'0\n0\n0\n1' ]
	texts '["one", "two", "three"]'
}

@test "ORIEL_INSTRUMENT=1 watches such a program from its beginning, and no is no" {
	for no in 0 no NONE false ' off '; do
		ORIEL_INSTRUMENT=$no run -0 "$BUILD/programs/linked"
	done
	ORIEL_INSTRUMENT=1 ORIEL_SERVICE=yes OTEL_SERVICE_NAME=asked run -0 "$BUILD/programs/linked"
	see '[.[] | select(.service == "asked")] | length == 1' q=said_before
	spans 'length == 1' q=said_before
}

@test "under oriel run a program that is linked with the agent has it once" {
	run_watched "$BUILD/programs/linked"
	texts '["before", "one", "two", "three"]'
}

@test "where recording is off, oriel_instrument says why" {
	OTEL_SDK_DISABLED=true run -0 "$BUILD/programs/linked"
	[ "$output" = $'1\n1\n1\n1' ]
}
