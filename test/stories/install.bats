#!/usr/bin/env bats
# What a program's own build finds after `make install`.

setup_file() {
	export TOP BUILD DEST
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${ORIEL_BUILD:-$TOP/build}
	DEST=$BATS_FILE_TMPDIR/dest
	DESTDIR=$DEST cmake --install "$BUILD" >"$BATS_FILE_TMPDIR/log" || { cat "$BATS_FILE_TMPDIR/log"; return 1; }
	export PKG_CONFIG_PATH
	PKG_CONFIG_PATH=$(dirname "$(find "$DEST" -name oriel.pc)")
	LIBDIR=$(dirname "$(find "$DEST" -name liboriel.so)")
	export LIBDIR ORIEL_COLLECTOR=none ORIEL_RUN_DIR=$BATS_FILE_TMPDIR/run
}

@test "pkg-config finds liboriel, and the six lines link with it" {
	cd "$BATS_TEST_TMPDIR"
	cc "$TOP/example/first.c" -o first $(pkg-config --cflags --libs oriel)
	LD_LIBRARY_PATH=$LIBDIR ./first
	[[ $(LD_LIBRARY_PATH=$LIBDIR ldd first) == *"$LIBDIR/liboriel.so.0"* ]]
}

@test "oriel-scope.h is there for libraries" {
	cd "$BATS_TEST_TMPDIR"
	cc "$TOP/test/programs/scoped.c" -o scoped $(pkg-config --cflags --libs oriel)
	[ "$(LD_LIBRARY_PATH=$LIBDIR ./scoped </dev/null 2>/dev/null)" = ready ]
}

@test "a program that links the archive needs nothing but libc" {
	cd "$BATS_TEST_TMPDIR"
	cc "$TOP/example/first.c" -o first $(pkg-config --cflags oriel) "$LIBDIR/liboriel.a"
	./first
	[ "$(ldd first | awk '{ print $1 }' | grep -vE 'linux-vdso|ld-linux|libc\.so' | wc -l)" = 0 ]
}

@test "pkg-config finds what tests of programs need, and names nothing but oriel_test_*" {
	cd "$BATS_TEST_TMPDIR"
	cc "$TOP/example/orders-test.c" -o orders-test $(pkg-config --cflags --libs oriel-test)
	[ "$(env -u ORIEL_RUN_DIR LD_LIBRARY_PATH=$LIBDIR ./orders-test)" = "all is as it was expected" ]
	[ "$(nm -g --defined-only --format=posix "$LIBDIR/liboriel-test.a" | awk 'NF > 2 { print $1 }' | grep -cv '^oriel_test_')" = 0 ]
}

@test "pkg-config finds the agent for programs that are linked with it, and it comes first" {
	cd "$BATS_TEST_TMPDIR"
	cc "$TOP/test/programs/linked.c" -o linked $(pkg-config --cflags --libs oriel-agent) -lsqlite3
	[ "$(LD_LIBRARY_PATH=$LIBDIR ldd linked | awk '$1 ~ /agent|sqlite/ { print $1 }')" = $'liboriel-agent.so\nlibsqlite3.so.0' ]
	LD_LIBRARY_PATH=$LIBDIR ./linked
}

@test "the archive has no global name but oriel_*" {
	run nm -g --defined-only --format=posix "$LIBDIR/liboriel.a"
	[ "$status" = 0 ]
	[ "$(printf '%s\n' "${lines[@]}" | awk 'NF > 2 { print $1 }' | grep -cv '^oriel_')" = 0 ]
	[ "$(printf '%s\n' "${lines[@]}" | grep -c '^oriel_start ')" = 1 ]
}

@test "liboriel.so exports no name but oriel_*, and needs nothing but libc" {
	[ "$(readelf -W --dyn-syms "$LIBDIR/liboriel.so" |
		awk '$5 != "LOCAL" && $6 == "DEFAULT" && $7 != "UND" && $8 !~ /^oriel_/ && NF >= 8 && $2 ~ /^0/')" = "" ]
	[ "$(readelf -d "$LIBDIR/liboriel.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vcE '^(libc\.so\.6|ld-linux.*)$')" = 0 ]
}

@test "CMake finds the package, shared and static" {
	cd "$BATS_TEST_TMPDIR"
	cat >CMakeLists.txt <<-END
		cmake_minimum_required(VERSION 3.16)
		project(first C)
		find_package(Oriel 0.1 REQUIRED)
		add_executable(first $TOP/example/first.c)
		target_link_libraries(first Oriel::oriel)
		add_executable(first-static $TOP/example/first.c)
		target_link_libraries(first-static Oriel::static)
		add_executable(linked $TOP/test/programs/linked.c)
		target_link_libraries(linked Oriel::agent sqlite3)
	END
	cmake -S . -B out -DCMAKE_PREFIX_PATH="$DEST/usr/local;$DEST/usr" >log || { cat log; false; }
	cmake --build out >log || { cat log; false; }
	out/first
	out/first-static
	out/linked
}

@test "the installed oriel runs a program" {
	run "$(find "$DEST" -name oriel -path '*bin/*')" run -- echo hello
	[ "$status" = 0 ]
	[[ $output == *hello* ]]
}
