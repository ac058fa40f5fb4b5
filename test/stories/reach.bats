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

@test "a program whose libraries need much thread-local storage starts, and so do its children" {
	cd "$BATS_TEST_TMPDIR"
	cc -shared -fPIC -o much.so -xc - <<-END
		static __thread char big[2632] __attribute__((tls_model("initial-exec")));
		int plugin(const char *url) { return big[0] = url ? 7 : 0; }
	END
	cc -o needs -xc - -xnone ./much.so -Wl,-rpath,"$PWD" <<-END
		int plugin(const char *);
		int main(void) { return plugin("url"); }
	END
	run -7 run_watched ./needs
	for how in execv vfork-execv spawn; do
		run -7 run_watched "$BUILD/programs/starts" $how ./needs
		LD_PRELOAD=$PWD/much.so run -7 run_watched "$BUILD/programs/starts" $how ./needs
	done
	run -0 "$BUILD/oriel" doctor -- ./needs
	[[ $output == *"auditing"*"thread-local"* ]]
	[ "$(run_watched env | grep -c '^LD_AUDIT=')" = 0 ]
	[ "$(run_watched "$BUILD/programs/starts" execv /usr/bin/env | grep -c '^LD_AUDIT=')" = 0 ]
	[ "$(ORIEL_AUDIT=yes run_watched "$BUILD/programs/starts" vfork-execv /usr/bin/env | grep -c '^LD_AUDIT=')" = 1 ]
}

@test "with auditing a program's heap gives back what it no longer needs, as without" {
	cd "$BATS_TEST_TMPDIR"
	cc -w -O0 -o heap -xc - <<-END
		#include <stdio.h>
		#include <stdlib.h>
		#include <unistd.h>
		int main(void)
		{
			static void *p[4096];
			char *top, *before = sbrk(0);
			for (int i = 0; i < 4096; i++)
				p[i] = malloc(1000);
			top = sbrk(0);
			for (int i = 0; i < 4096; i++)
				free(p[i]);
			return printf("%d %d\\n", top > before, (char *)sbrk(0) < top) < 0;
		}
	END
	ORIEL_AUDIT=yes same ./heap
	[ "$(cat plain)" = "1 1" ]
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

# A library with functions of SQLite's names, and a plugin that needs it.
second_copy() {
	cd "$BATS_TEST_TMPDIR"
	cat >own.c <<-END
		int sqlite3_step(void *s) { return s ? 0 : 4711; }
		int sqlite3_close(void *s) { return s ? 0 : 4712; }
	END
	cat >ask.c <<-END
		#include <stdio.h>
		int sqlite3_step(void *), sqlite3_close(void *);
		int plugin(const char *url) { return url ? sqlite3_step(0) + sqlite3_close(0) : 0; }
	END
	cc -shared -fPIC -o libown.so -Wl,-soname,libown-1a2b.so own.c
	cc -shared -fPIC "$@" -o ask.so ask.c -L. -lown -Wl,-rpath,"$PWD"
	ln -sf libown.so libown-1a2b.so
	cat >two.c <<-END
		#include <dlfcn.h>
		#include <stdio.h>
		#include <string.h>
		int main(int argc, char **argv)
		{
			int how = RTLD_LAZY | (strcmp(argv[1], "deepbind") ? RTLD_LOCAL : RTLD_DEEPBIND);
			for (int i = 2; i < argc; i++) {
				void *l = dlopen(argv[i], i == 2 ? RTLD_LAZY : how);
				int (*plugin)(const char *) = (int (*)(const char *))dlsym(l, "plugin");
				printf("%d\\n", plugin("http://127.0.0.1:1/"));
			}
		}
	END
	cc -o two two.c
}

@test "every hook that there is stands where a program finds it" {
	local hooks exported
	hooks=$(grep -rhoE '^HOOK [^(]*\(' "$TOP/agent" | grep -oE '[A-Za-z_0-9]+\($' | tr -d '(' | sort -u)
	exported=$(nm -D --defined-only "$BUILD/liboriel-agent.so" | sed 's/.* //; s/@.*//' | sort -u)
	[ "$(wc -l <<<"$hooks")" -gt 100 ]
	[ -z "$(comm -23 <(echo "$hooks") <(echo "$exported"))" ]
}

@test "two copies of a library in one process are not mixed up" {
	for binding in lazy now; do
		second_copy -Wl,-z,$binding
		for how in local deepbind; do
			same ./two $how "$PLUGIN" ./ask.so
			grep -qx 9423 "$BATS_TEST_TMPDIR/watched"
			same ./two $how ./ask.so "$PLUGIN"
			grep -qx 9423 "$BATS_TEST_TMPDIR/watched"
		done
	done
}

@test "doctor says whether such calls would be seen" {
	run -0 "$BUILD/oriel" doctor -- "$OPENS"
	[[ $output == *"auditing"*"RTLD_DEEPBIND"* ]]
	ORIEL_AUDIT=no run -0 "$BUILD/oriel" doctor -- "$OPENS"
	[[ $output == *"auditing"*"switched off"* ]]
}

@test "a plugin finds as much room for its thread-local storage as without" {
	second_copy
	for size in 512 1024 1600; do
		cc -shared -fPIC -DSIZE=$size -o tls.so -xc - <<-END
			static __thread char big[SIZE] __attribute__((tls_model("initial-exec")));
			int plugin(const char *url) { big[SIZE - 1] = url ? 7 : 0; return big[SIZE - 1]; }
		END
		same ./two local ./tls.so
		grep -qx 7 "$BATS_TEST_TMPDIR/watched"
	done
}
