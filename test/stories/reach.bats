#!/usr/bin/env bats
# Calls that go past LD_PRELOAD, and those that don't: each is seen once.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() {
	collecting_begin
	OPENS=$BUILD/programs/opens
	PLUGIN=$BUILD/programs/plugin-openssl.so
}
teardown() { collecting_end; }

# scopes SCOPE...: the spans of these are what came, and no others
scopes() {
	local all
	all=$(printf '"oriel.%s",' "$@")
	see "[.[].scope] | sort == [${all%,}]"
}

plugin_is_seen() {
	same "$OPENS" "$1" "$PLUGIN" http://127.0.0.1:1/
	scopes libcurl sqlite
}

@test "a plugin that is opened with RTLD_LOCAL is watched" { plugin_is_seen local; }
@test "a plugin that is opened with RTLD_GLOBAL is watched" { plugin_is_seen global; }
@test "a plugin that is opened with RTLD_DEEPBIND is watched" { plugin_is_seen deepbind; }

@test "what a program asks dlsym for is watched" {
	same "$OPENS" dlsym libsqlite3.so.0
	same "$OPENS" default libsqlite3.so.0
	scopes sqlite sqlite
}

@test "Python's ctypes are watched" {
	local python=/usr/bin/python3
	[ -x $python ] || skip "no python3"
	run -0 run_watched $python -c '
import ctypes
s = ctypes.CDLL("libsqlite3.so.0")
db, st = ctypes.c_void_p(), ctypes.c_void_p()
assert s.sqlite3_open(b":memory:", ctypes.byref(db)) == 0
assert s.sqlite3_prepare_v2(db, b"SELECT 42", -1, ctypes.byref(st), None) == 0
assert s.sqlite3_step(st) == 100 and s.sqlite3_step(st) == 101
s.sqlite3_finalize(st), s.sqlite3_close(db)'
	scopes sqlite
}

@test "a plugin in a namespace of its own is left alone, and works" {
	same "$OPENS" namespace "$PLUGIN" http://127.0.0.1:1/
	same "$OPENS" global "$PLUGIN" http://127.0.0.1:1/
	scopes libcurl sqlite
}

@test "without auditing, what goes past LD_PRELOAD isn't seen, and works" {
	ORIEL_AUDIT=no same "$OPENS" deepbind "$PLUGIN" http://127.0.0.1:1/
	LD_AUDIT=/nowhere.so run_watched "$OPENS" dlsym libsqlite3.so.0 2>/dev/null
	same "$OPENS" global "$PLUGIN" http://127.0.0.1:1/
	scopes libcurl sqlite
}

@test "a library that stands between is passed once by each call" {
	cat >"$BATS_TEST_TMPDIR/between.c" <<-END
		#include <dlfcn.h>
		#include <stdio.h>
		int sqlite3_step(void *s)
		{
			static int (*next)(void *);
			if (!next)
				next = (int (*)(void *))dlsym(RTLD_NEXT, "sqlite3_step");
			fputs("between\n", stdout);
			return next(s);
		}
	END
	cc -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/between.so" "$BATS_TEST_TMPDIR/between.c"
	LD_PRELOAD=$BATS_TEST_TMPDIR/between.so same "$BUILD/programs/sqlite-runs" "$BATS_TEST_TMPDIR/runs.db"
	grep -q between "$BATS_TEST_TMPDIR/watched"
	see 'length == 17'
}

@test "doctor says whether such calls would be seen" {
	run -0 "$BUILD/oriel" doctor -- "$OPENS"
	[[ $output == *"auditing"*"RTLD_DEEPBIND"* ]]
	ORIEL_AUDIT=no run -0 "$BUILD/oriel" doctor -- "$OPENS"
	[[ $output == *"auditing"*"switched off"* ]]
}
