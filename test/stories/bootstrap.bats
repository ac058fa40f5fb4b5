#!/usr/bin/env bats
# The bootstrap hook: when it runs, and that no hook can hurt the service that it is for.

bats_require_minimum_version 1.5.0
load collecting

setup() {
	collecting_begin
	ORIEL=$BUILD/oriel
	HOOKS=$BUILD/programs/bootstrap
	SHOWS=$BUILD/programs/shows
	export ORIEL_COLLECTOR=none
	cd "$BATS_TEST_TMPDIR"
}

teardown() { collecting_end; }

# show COMMAND...: what it prints of itself; hooks are told by variables, which don't count
show() {
	umask 027
	(trap '' USR1 && printf 'one\ntwo\n' | exec "$@" 3>&- 4>&- 8</dev/null) |
		grep -avE '^env (HOOK_|_=|OLDPWD=|LOG_FORMAT=)'
	return "${PIPESTATUS[0]}"
}

# hook DOES...: it does each of these, and the program can't tell, but for one warning that says WHY
# (variables before it go to the hook)
harmless() {
	local rc=0 does=$1 why=${2:-}
	show "$SHOWS" argument 'another one' >plain || rc=$?
	[ "$rc" = 7 ]
	rc=0
	export HOOK_DOES=$does
	show "$ORIEL" run -- "$SHOWS" argument 'another one' >with 2>err || rc=$?
	[ "$rc" = 7 ] || cat err
	[ "$rc" = 7 ]
	diff plain with
	grep -F ' oriel.bootstrap: ' err >said || : # an abort may say something itself
	cat said
	[ "$(wc -l <said)" = 1 ]
	[[ $(<said) == *" WARNING - oriel.bootstrap: "*"$why"*"; starting without it" ]]
}

object() { export ORIEL_BOOTSTRAP=$HOOKS/does.so; }

@test "absent: silent, nothing is different" {
	show "$SHOWS" >plain || [ $? = 7 ]
	show "$ORIEL" run -- "$SHOWS" >with 2>err || [ $? = 7 ]
	diff plain with
	[ "$(grep -vc '^oriel: ' err)" = 0 ]
}

@test "a hook that writes to NULL" { object; harmless null "signal 11"; }
@test "a hook that crashes in its constructor" { object; harmless constructor "signal 11"; }
@test "a hook that aborts" { object; harmless abort "signal 6"; }
@test "a hook that divides by zero" { object; harmless divide "signal 8"; }
@test "a hook that overflows its stack" { object; harmless overflow "signal 11"; }
@test "a hook that throws a C++ exception" { object; harmless throw "signal 6"; }
@test "a hook that overflows the heap and frees" { object; harmless heap; }
@test "a hook that ruins the arena and allocates" { object; harmless arena; }
@test "a hook that ruins the heap and returns 0" { object; harmless latent "corrupted the heap"; }
@test "a hook that calls exit(0)" { object; harmless exit "ended the process with status 0"; }
@test "a hook that calls _exit(3)" { object; harmless _exit "ended the process with status 3"; }
@test "a hook that calls exit_group itself" { object; harmless exit_group "status 4"; }
@test "a hook that kills itself" { object; harmless kill "signal 9"; }
@test "a hook that closes and opens, changes directory, umask and mask, and crashes" {
	object
	harmless wreck "signal 11"
}
@test "a hook that changes directory and umask, and returns 0" {
	object
	harmless change "changed the working directory"
}
@test "a hook that changes the umask" { object; harmless umask "changed the umask"; }
@test "a hook that blocks all signals" { object; harmless mask "changed the signal mask"; }
@test "a hook that closes descriptors" { object; harmless close "closed or replaced descriptor 0"; }
@test "a hook that leaves a thread, which crashes 30 ms later" { object; harmless thread "left a thread"; }
@test "a hook that returns an error" { object; harmless return "returned 3"; }
@test "a hook that isn't there" {
	export ORIEL_BOOTSTRAP=./nowhere.so
	harmless - "nowhere.so can't be loaded: cannot open shared object file"
}
@test "a hook that is something else" {
	export ORIEL_BOOTSTRAP=$HOOKS/nothing.so
	harmless - "has no function oriel_bootstrap"
}
@test "a hook that lacks a function" {
	export ORIEL_BOOTSTRAP=$HOOKS/needs.so
	harmless - "undefined symbol: nobody_has_this"
}
@test "a hook that hangs" {
	object
	export ORIEL_BOOTSTRAP_TIMEOUT=200ms
	harmless hang "took longer than 200 ms"
}
@test "a hook that hangs with all signals blocked" {
	object
	export ORIEL_BOOTSTRAP_TIMEOUT=0.2
	harmless hang-blocked "took longer than 200 ms"
}

# What the trial doesn't show: the program is executed anew.
@test "a hook that closes descriptors, where there may be few" {
	object
	ulimit -n 64
	harmless close "closed or replaced descriptor 0"
}

# jail PROGRAM...: these, and what they need, in ./jail; no /proc in it
jail() {
	local file
	[ "$(id -u)" = 0 ] || skip "needs chroot"
	mkdir -p jail/dev
	mknod -m 666 jail/dev/null c 1 3 2>/dev/null || skip "needs mknod"
	for file in "$@" $(ldd "$@" | grep -o '/[^ :]*\.so[^ :]*' | sort -u); do
		[ -e "jail$file" ] || install -D "$file" "jail$file"
	done
}

@test "in another root directory, without the agent, the warning says so, and nothing else is said" {
	object
	jail "$SHOWS" "$ORIEL_BOOTSTRAP"
	run --separate-stderr -7 env HOOK_DOES=well "$ORIEL" run -- chroot jail "$SHOWS"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"oriel.bootstrap: $ORIEL_BOOTSTRAP can't be loaded, because the agent isn't there for the program that is started"* ]]
	unset ORIEL_BOOTSTRAP
	run --separate-stderr -7 "$ORIEL" run -- chroot jail "$SHOWS"
	[ -z "$stderr" ]
}

@test "where /proc is not, that is why there is no agent, and a hook's thread that crashes is found all the same" {
	object
	jail "$ORIEL" "$SHOWS" "$ORIEL_BOOTSTRAP" "$BUILD/liboriel-agent.so" "$BUILD/liboriel-first.so"
	run --separate-stderr -7 env HOOK_DOES=well ORIEL_RUN_DIR=/run chroot jail "$ORIEL" run -- "$SHOWS"
	[[ $stderr == *"shows can't be watched: liboriel-agent.so isn't found: "*"/proc"*"--agent"* ]]
	run --separate-stderr -7 env HOOK_DOES=thread "$ORIEL" run -- chroot jail "$SHOWS"
	[[ $stderr == *"left a thread"* ]]
	run --separate-stderr -7 env HOOK_DOES=thread ORIEL_RUN_DIR=/run chroot jail "$ORIEL" run --agent "$BUILD/liboriel-agent.so" -- "$SHOWS"
	[[ $stderr == *"left a thread"* ]]
}

@test "the same when it only counts: crash, abort, overflow, heap" {
	object
	export HOOK_WHEN=real
	harmless null "signal 11"
	harmless abort "signal 6"
	harmless divide "signal 8"
	harmless overflow "signal 11"
	harmless throw "signal 6"
	harmless arena
	harmless latent "corrupted the heap"
}

@test "the same when it only counts: exit, hang, error" {
	object
	export HOOK_WHEN=real ORIEL_BOOTSTRAP_TIMEOUT=200ms
	harmless exit "ended the process with status 0"
	harmless hang "took longer than 200 ms"
	harmless hang-blocked "took longer than 200 ms"
	harmless return "returned 3"
}

@test "the same when it only counts: descriptors, directory, umask, mask, alarm, ignored signals" {
	object
	export HOOK_WHEN=real
	harmless wreck "signal 11"
	harmless change "changed the working directory"
	harmless umask "changed the umask"
	harmless mask "changed the signal mask"
	harmless close "closed or replaced descriptor 0"
}

@test "the process stays the same one when the program is executed anew" {
	object
	HOOK_DOES=null HOOK_WHEN=real "$ORIEL" run -- python3 -c 'import os; print(os.getpid(), os.getppid())' >out 2>err &
	local pid=$!
	wait "$pid"
	grep -q "starting without it" err
	[ "$(<out)" = "$pid $$" ] || [ "$(<out)" = "$pid $BASHPID" ]
}

@test "it runs before the constructors of the program and of its libraries, after one trial" {
	export HOOK_MARKS=$PWD/marks SHOWS_MARKS=$PWD/marks
	"$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$HOOKS/shows-library" >out </dev/null || [ $? = 7 ]
	diff - marks <<-END
		trial
		hook
		constructor of a library
		constructor of the program
		main
	END
}

@test "once: not again in a forked child" {
	export HOOK_MARKS=$PWD/marks SHOWS_FORK=1
	"$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS" >out </dev/null || [ $? = 7 ]
	[ "$(grep -c hook marks)" = 1 ]
	[ "$(grep -c trial marks)" = 1 ]
}

@test "for the service alone: not for the shell before it, nor for what it starts" {
	export HOOK_MARKS=$PWD/marks
	"$ORIEL" run --bootstrap "$HOOKS/does.so" -- sh -c "env /usr/bin/python3 -c 'import subprocess
subprocess.run([\"sed\", \"--version\"], stdout=subprocess.DEVNULL)'; :"
	[ "$(grep -c hook marks)" = 1 ]
}

@test "a function in the program, exported by -rdynamic or by -loriel" {
	local name
	export HOOK_DOES=well HOOK_MARKS=$PWD/marks SHOWS_MARKS=$PWD/marks
	for name in exported referred; do
		rm -f marks
		"$ORIEL" run -- "$HOOKS/shows-$name" >out </dev/null || [ $? = 7 ]
		grep -q '^env OTEL_SERVICE_NAME=hooked$' out
		diff - marks <<-END
			trial
			hook
			constructor of the program
			main
		END
	done
	HOOK_DOES=null "$ORIEL" run -- "$HOOKS/shows-exported" >out 2>err </dev/null || [ $? = 7 ]
	grep -q 'oriel_bootstrap() was ended by signal 11; starting without it' err
}

@test "a function that isn't exported can't be seen, and doctor says so" {
	export HOOK_MARKS=$PWD/marks
	"$ORIEL" run -- "$HOOKS/shows-hidden" >out </dev/null || [ $? = 7 ]
	[ ! -e marks ]
	run "$ORIEL" doctor -- "$HOOKS/shows-hidden"
	[[ $(tr -s ' \n' ' ' <<<"$output") == *"isn't exported"*"-rdynamic"* ]]
}

# beside MODE: shows, and a hook beside it
beside() {
	mkdir dir
	cp "$SHOWS" dir/shows
	install -m "$1" "$HOOKS/does.so" dir/oriel_bootstrap.so
	export HOOK_MARKS=$PWD/marks SHOWS_MARKS=$PWD/marks
}

@test "a hook in the program's own directory" {
	beside 644
	"$ORIEL" run -- dir/shows >out </dev/null || [ $? = 7 ]
	[ "$(head -n 2 marks | paste -sd ' ')" = "trial hook" ]
}

@test "one that others can write to is refused, and told" {
	beside 666
	run -7 --separate-stderr "$ORIEL" run -- dir/shows </dev/null
	[ "$(head -n 1 marks)" = "constructor of the program" ]
	[[ $stderr == *"dir/oriel_bootstrap.so is not loaded: others than its owner may write to it"* ]]
	run "$ORIEL" doctor -- dir/shows
	[[ $(tr -s ' \n' ' ' <<<"$output") == *"is not loaded: others than its owner may write to it"* ]]
}

@test "one of somebody else is refused" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	beside 644
	chown nobody dir/oriel_bootstrap.so
	run -7 --separate-stderr "$ORIEL" run -- dir/shows </dev/null
	[[ $stderr == *"belongs neither to the program's owner nor to root"* ]]
	[ "$(head -n 1 marks)" = "constructor of the program" ]
}

@test "none switches all hooks off" {
	beside 644
	"$ORIEL" run --bootstrap off -- dir/shows >out 2>err </dev/null || [ $? = 7 ]
	[ "$(head -n 1 marks)" = "constructor of the program" ]
	not grep -q bootstrap err
}

@test "LOG_FORMAT=json: the warning is a line of JSON" {
	export LOG_FORMAT=json HOOK_DOES=return
	"$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS" >out 2>err </dev/null || [ $? = 7 ]
	grep '^{' err | jq -e '.level == "WARNING" and .logger == "oriel.bootstrap"
		and (.message | endswith("does.so returned 3; starting without it"))
		and (.timestamp | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z$"))'
	: >'br"oken
'.so
	"$ORIEL" run --bootstrap 'br"oken
.so' -- "$SHOWS" >out 2>err </dev/null || [ $? = 7 ]
	grep '^{' err | jq -e '.message | contains("br\"oken\n.so")'
}

@test "ORIEL_STRICT: a failed hook keeps the program from starting" {
	export ORIEL_STRICT=1 SHOWS_MARKS=$PWD/marks
	HOOK_DOES=return run -125 "$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS"
	[[ $output == *"returned 3; not starting"* ]]
	HOOK_DOES=null HOOK_WHEN=real run -125 "$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS"
	printf '#!/bin/sh\nexit 1\n' >hook
	chmod 755 hook
	run -125 "$ORIEL" run --bootstrap ./hook -- "$SHOWS"
	[ ! -e marks ]
}

@test "what a hook set is what the service is called; its messages and how it went are log records" {
	unset ORIEL_COLLECTOR
	export HOOK_DOES=well OTEL_RESOURCE_ATTRIBUTES=team=old,region=eu
	"$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS" >out </dev/null || [ $? = 7 ]
	grep -q '^env OTEL_RESOURCE_ATTRIBUTES=region=eu,team=a%2Cb$' out
	wait_for 20 api_says 'logs?limit=10' '[.logs[].body] | contains(["hello from the hook", "bootstrap"])'
	api logs | jq -e '.logs[] | select(.body == "bootstrap") | .severity == 9
		and .service == "hooked" and .attributes["oriel.bootstrap.outcome"] == "fired"
		and .attributes["oriel.bootstrap.settings"] == 2
		and .attributes["oriel.bootstrap.duration_ms"] > 0'
}

@test "that it was left out is a log record, too" {
	unset ORIEL_COLLECTOR
	HOOK_DOES=null "$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS" >out 2>err </dev/null || [ $? = 7 ]
	wait_for 20 api_says 'logs?limit=10' '[.logs[] | select(.body == "bootstrap" and .severity == 13
		and .attributes["oriel.bootstrap.outcome"] == "was ended by signal 11")] | length == 1'
}

@test "a program that is linked with the agent runs it by itself" {
	cc -o linked "$TOP/test/programs/shows.c" -Wl,--no-as-needed "$BUILD/liboriel-agent.so" \
		"$BUILD/liboriel.so" -Wl,-rpath,"$BUILD"
	export ORIEL_BOOTSTRAP=$HOOKS/does.so HOOK_MARKS=$PWD/marks
	HOOK_DOES=well ./linked >out </dev/null || [ $? = 7 ]
	grep -q '^env OTEL_SERVICE_NAME=hooked$' out
	[ "$(grep -c hook marks)" = 1 ]
	HOOK_DOES=null HOOK_WHEN=real run -7 --separate-stderr ./linked </dev/null
	[[ $stderr == *"does.so was ended by signal 11; starting without it"* ]]
}

@test "a hook that loads a library, starts a thread and uses much memory is no bad one" {
	local audit
	export HOOK_DOES=work
	for audit in yes no; do
		ORIEL_AUDIT=$audit "$ORIEL" run --bootstrap "$HOOKS/does.so" -- "$SHOWS" >out 2>err </dev/null ||
			[ $? = 7 ]
		grep -q '^env OTEL_SERVICE_NAME=worked$' out || { cat err; false; }
		not grep oriel.bootstrap err
		[ "$(ORIEL_AUDIT=$audit "$ORIEL" run --bootstrap "$HOOKS/does.so" -- /usr/bin/python3 -c 'import os
print(os.environ["OTEL_SERVICE_NAME"])' 2>err)" = worked ]
	done
}

@test "a program that is built with AddressSanitizer, whichever way its runtime comes" {
	local compiler
	for compiler in gcc clang; do
		command -v "$compiler" || continue
		"$compiler" -fsanitize=address -o asan "$TOP/test/programs/shows.c" 2>log || { cat log; false; }
		HOOK_DOES=well "$ORIEL" run --bootstrap "$HOOKS/does.so" -- ./asan >out 2>err </dev/null || [ $? = 7 ]
		grep -q '^env OTEL_SERVICE_NAME=hooked$' out || { cat err; false; }
		HOOK_DOES=null HOOK_WHEN=real run -7 --separate-stderr "$ORIEL" run --bootstrap "$HOOKS/does.so" \
			-- ./asan </dev/null
		[[ $stderr == *"does.so was ended by signal 11; starting without it"* ]]
	done
}

# ---- scripts

# script LINES: an executable hook
script() {
	printf '#!/bin/sh\n%s\n' "$1" >hook
	chmod 755 hook
}

@test "a script runs before the program, and what it prints is set" {
	script 'echo "# comment"; echo; echo OTEL_SERVICE_NAME=shop; echo "OTEL_RESOURCE_ATTRIBUTES=a=b c"'
	"$ORIEL" run --bootstrap hook -- "$SHOWS" >out 2>err </dev/null || [ $? = 7 ]
	grep -q '^env OTEL_SERVICE_NAME=shop$' out
	grep -q '^env OTEL_RESOURCE_ATTRIBUTES=a=b c$' out
	not grep -q bootstrap err
}

@test "a static program can have a script" {
	cc -static -xc -o static - <<<'#include <stdlib.h>
	#include <stdio.h>
	int main(void) { return puts(getenv("OTEL_SERVICE_NAME")) < 0; }'
	script 'echo OTEL_SERVICE_NAME=shop'
	[ "$("$ORIEL" run --bootstrap ./hook -- ./static 2>err)" = shop ]
	"$ORIEL" run --bootstrap "$HOOKS/does.so" -- ./static 2>err || :
	grep -q "oriel.bootstrap: .*does.so can't be loaded, because the agent can't" err
}

@test "a script that fails sets nothing, and the program starts" {
	local body
	for body in 'exit 3' 'kill -9 $$' 'sleep 60' 'echo PATH=/nowhere' 'echo hello' 'exec yes OTEL_A=1' \
		'exec >&-; sleep 60'; do
		script "echo OTEL_SERVICE_NAME=shop; $body"
		ORIEL_BOOTSTRAP_TIMEOUT=300ms "$ORIEL" run --bootstrap ./hook -- "$SHOWS" >out 2>err </dev/null ||
			[ $? = 7 ]
		not grep -q '^env OTEL_SERVICE_NAME' out
		[ "$(grep -c 'oriel.bootstrap: ./hook .*; starting without it' err)" = 1 ] || { cat err; false; }
	done
	chmod 644 hook
	"$ORIEL" run --bootstrap ./hook -- "$SHOWS" >out 2>err </dev/null || [ $? = 7 ]
	grep -q "can't be executed" err
}

# ---- doctor

@test "doctor shows first of all lines that it fired, in which time, and what it set" {
	export HOOK_DOES=well SHOWS_MARKS=$PWD/marks
	run "$ORIEL" doctor --bootstrap "$HOOKS/does.so" -- "$SHOWS"
	[[ $(grep -aE '^  [^a-zA-Z/ ]' <<<"$output" | head -n 1) == *bootstrap*fired\ in\ *\ ms,\ set\ 2\ settings ]]
	[ ! -e marks ]
	run "$ORIEL" doctor -- "$HOOKS/shows-exported"
	[[ $output == *"fired in "*"set 2 settings"* ]]
	[ ! -e marks ]
	script 'echo OTEL_SERVICE_NAME=shop'
	run "$ORIEL" doctor --bootstrap ./hook -- "$SHOWS"
	[[ $output == *"fired in "*"set 1 setting"* ]]
}

@test "doctor says why a hook doesn't fire, and that there is none" {
	HOOK_DOES=null run "$ORIEL" doctor --bootstrap "$HOOKS/does.so" -- "$SHOWS"
	[[ $output == *"bootstrap"*"was ended by signal 11"* ]]
	HOOK_DOES=null HOOK_WHEN=real run "$ORIEL" doctor --bootstrap "$HOOKS/does.so" -- "$SHOWS"
	[[ $output == *"bootstrap"*"was ended by signal 11"* ]]
	run "$ORIEL" doctor -- "$SHOWS"
	[[ $output == *"bootstrap"*"no hook"* ]]
}
