#!/usr/bin/env bats
# What `oriel doctor` and `oriel` alone say.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	ORIEL=$BUILD/oriel
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

@test "a program that uses SQLite would be watched" {
	run -0 "$ORIEL" doctor -- sqlite3 shop.db
	[[ $output == *"SQLite"*"a span for each statement"* ]]
	[[ $output == *libsqlite3.so.0* ]]
}

@test "nothing is run" {
	run "$ORIEL" doctor -- touch made
	[ ! -e made ]
}

@test "a static program can't be watched, and it says what would help" {
	cc -static -xc -o static - <<<'int main(void) { return 0; }'
	run -1 "$ORIEL" doctor -- ./static
	[[ $output == *"linked statically"* ]]
	[[ $output == *"oriel.h"* ]]
}

@test "a setuid program of somebody else can't be watched" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	cp /bin/true ./as-nobody
	chown nobody ./as-nobody
	chmod 4755 ./as-nobody
	run -1 "$ORIEL" doctor -- ./as-nobody
	[[ $output == *"setuid"* ]]
	chown root ./as-nobody
	chmod 4755 ./as-nobody
	run -0 "$ORIEL" doctor -- ./as-nobody
}

@test "file capabilities stop it for everybody but root" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v setcap || skip "no setcap"
	open=$(mktemp -d) # where nobody may go, too
	chmod 755 "$open"
	cp "$ORIEL" /bin/true "$open"
	setcap cap_net_bind_service=ep "$open/true" || skip "no file capabilities here"
	run -0 "$ORIEL" doctor -- "$open/true"
	run setpriv --reuid nobody --clear-groups "$open/oriel" doctor -- "$open/true"
	rm -rf "$open"
	[ "$status" = 1 ]
	[[ $output == *"AmbientCapabilities"* ]]
}

@test "a program built for musl can't be watched" {
	command -v musl-gcc || skip "no musl-gcc"
	musl-gcc -xc -o on-musl - <<<'int main(void) { return 0; }'
	run -1 "$ORIEL" doctor -- ./on-musl
	[[ $output == *"runs on musl"* ]]
}

@test "a copy of SQLite inside the program is recognised" {
	cc -xc -o inside - <<<'int sqlite3_step(void *p) { return p != 0; } int main(void) { return sqlite3_step(0); }'
	run -0 "$ORIEL" doctor -- ./inside
	[[ $output == *"SQLite"*"a copy of its own inside"* ]]
}

@test "libraries are found through the program's own RUNPATH" {
	mkdir -p sub
	cc -shared -fPIC -xc -o sub/libdeep.so - -Wl,--no-as-needed -lsqlite3 <<<'int deep(void) { return 0; }'
	cc -xc -o main - -Lsub -ldeep -Wl,-rpath,'$ORIGIN/sub' <<<'int deep(void); int main(void) { return deep(); }'
	run -0 "$ORIEL" doctor -- ./main
	[[ $output == *"a span for each statement"* ]]
}

@test "a script is looked at by its interpreter" {
	printf '#!/usr/bin/env dash\n' >script
	chmod +x script
	run -0 "$ORIEL" doctor -- ./script
	[[ $output == *"a script, run by "*/dash* ]]
}

@test "a program that the dynamic linker is told to load is looked at, and watched" {
	local linker="/lib64/ld-linux-x86-64.so.2"
	[ -e "$linker" ] || skip "another linker"
	run -0 "$ORIEL" doctor -- "$linker" --argv0 me /usr/bin/sqlite3
	[[ $output == *"the dynamic linker, which loads /usr/bin/sqlite3"* && $output == *"✓ SQLite"* ]]
	run -1 "$ORIEL" doctor -- "$linker" --list /usr/bin/sqlite3
	[[ $output == *"isn't told to start a program"* ]]
	run --separate-stderr "$ORIEL" run -- "$linker" /usr/bin/sqlite3 :memory: 'select 7'
	[ "$output" = 7 ] && [ -z "$stderr" ]
	wait_for 10 api_says services '[.services[].service] == ["unknown_service:sqlite3"]'
}

@test "a missing program is 127" {
	run -127 "$ORIEL" doctor -- no-such-program
	[[ $output == *"command not found"* ]]
}

@test "without a program it says whether everything is in place" {
	run -0 "$ORIEL" doctor
	[[ $output == *"shared memory"*"MiB free"*"collector"*"none is running"*"liboriel-agent.so"* ]]
	"$ORIEL" run -- sqlite3 :memory: 'select 1'
	run -0 "$ORIEL" doctor
	[[ $output == *"collector"*"pid $(collector_pid), version"* ]]
}

@test "the manual pages are what the tables say" {
	for c in run collect doctor; do
		"$ORIEL" help --mdoc $c | diff "$TOP/doc/man/oriel-$c.1" -
	done
	"$ORIEL" help --mdoc | diff "$TOP/doc/man/oriel.1" -
}

@test "there are no colours where no terminal is" {
	run "$ORIEL" doctor -- sqlite3
	[[ $output != *$'\033'* ]]
}

@test "oriel alone says that nothing runs, and what to do" {
	run -0 "$ORIEL"
	[[ $output == *"Nothing is running"*"oriel run -- "* ]]
}

@test "oriel alone shows what runs and where the page is" {
	mkfifo never
	"$ORIEL" run --service-name kiosk -- sqlite3 :memory: <>never 3>&- 4>&- 2>/dev/null &
	pid=$!
	STARTED+=($pid)
	shown() { "$ORIEL" | grep -q "kiosk.*pid $pid "; }
	wait_for 10 shown
	run "$ORIEL"
	[[ $output == *"http://127.0.0.1:"* ]]
	[[ $output == *"sqlite3 :memory:"*"running"* ]]
}

@test "a second collector by hand says who is first" {
	"$ORIEL" run -- sqlite3 :memory: 'select 1'
	run -3 "$ORIEL" collect
	[[ $output == *"running already"*"pid=$(collector_pid)"* ]]
}

@test "a collector in the foreground serves the page until SIGTERM, then delivers and leaves" {
	"$ORIEL" collect >said 2>&1 3>&- 4>&- &
	pid=$!
	STARTED+=($pid)
	wait_for 10 find_page
	kill -TERM $pid
	wait $pid
	grep -q 'leaving, as signal SIGTERM says' said
	[ ! -e "$ORIEL_RUN_DIR/collector.sock" ] || run -0 "$ORIEL"
}

@test "help begins with examples, and names every command that there is" {
	run -0 "$ORIEL" help run
	[[ ${lines[0]} == *"oriel run -- "* ]]
	run -0 "$ORIEL" help
	for c in collect doctor help run version; do
		[[ $output == *"  $c "* ]]
	done
}

@test "a misspelt command gets a suggestion" {
	run -64 "$ORIEL" docter
	[[ $output == *"did you mean \`oriel doctor\`"* ]]
}

@test "what of its lines would be seen, and what not" {
	run -0 "$ORIEL" doctor -- "$BUILD/programs/writes-fortified" out
	[[ $output == *"syslog"*"a log record for each line"* ]]
	[[ $output == *"--capture stdout,stderr"* && $output != *putc_unlocked* ]]
	cc -O2 -xc -o inlined - <<<'#include <stdio.h>
		int main(void) { putc_unlocked(65, stdout); return 0; }'
	run -0 "$ORIEL" doctor -- ./inlined
	[[ $output == *"(putc_unlocked)"* && $output != *"each line"* ]]
}
