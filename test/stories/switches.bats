#!/usr/bin/env bats
# Which libraries are watched: by the environment, by options, and by calls of the program itself.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() {
	[ -z "${SERVER:-}" ] || stop_server
	collecting_end
}

@test "a library that is disabled is left alone, and the others are watched" {
	serve "$BUILD/oriel" run --disabled-instrumentations ' HTTP , nobody' -- "$BUILD/programs/busy-server"
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
