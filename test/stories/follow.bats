#!/usr/bin/env bats
# What a watched program starts: watched too, or not when asked so, and never kept from starting.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() {
	collecting_begin
	export ORIEL_COLLECTOR=none
	STARTS=$BUILD/programs/starts
}
teardown() { collecting_end; }

ways=(execve execv execvp execvpe execl execlp execle fexecve execveat)

# agents HOW OPTION...: how often the agent is in the maps of a program that is started so
agents() {
	local how=$1
	shift
	"$BUILD/oriel" run "$@" -- "$STARTS" "$how" /bin/cat /proc/self/maps | grep -c '/liboriel-agent\.so' || :
}

@test "a child is watched however it is started" {
	for how in "${ways[@]/#/vfork-}" "${ways[@]}" spawn spawnp system popen; do
		[ "$(agents "$how")" != 0 ] || fail_at "$how"
	done
}

@test "with --no-follow no child is watched however it is started" {
	for how in "${ways[@]/#/vfork-}" spawn spawnp system popen; do
		[ "$(agents "$how" --no-follow)" = 0 ] || fail_at "$how"
		[ "$(ORIEL_FOLLOW=no agents "$how")" = 0 ] || fail_at "$how"
	done
}

@test "with --no-follow a program that takes another's place is watched all the same" {
	for how in "${ways[@]}"; do
		[ "$(agents "$how" --no-follow)" != 0 ] || fail_at "$how"
	done
}

@test "other entries of LD_PRELOAD and LD_AUDIT stay, and so does everything else" {
	libc=$(ldd /bin/cat | awk '/libm?c\.so/ { print $3; exit }')
	run -0 env LD_PRELOAD="$libc" "$BUILD/oriel" run --no-follow -- "$STARTS" vfork-execv /usr/bin/env
	grep -qx "LD_PRELOAD=$libc" <<<"$output"
	[ "$(grep -c 'oriel-agent\|ORIEL_RUN_ID' <<<"$output")" = 0 ]
	env -0 ORIEL_FOLLOW=no | sort -z | grep -zv '^_=' >"$BATS_TEST_TMPDIR/before"
	"$BUILD/oriel" run --no-follow -- "$STARTS" vfork-execv /usr/bin/env -0 | sort -z | grep -zv '^_=' >"$BATS_TEST_TMPDIR/after"
	diff -a "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a wrapper that preloads a library of its own adds it, and takes nothing away" {
	libc=$(ldd /bin/cat | awk '/libm?c\.so/ { print $3; exit }')
	[ "$(run_watched sh -c "export LD_PRELOAD=$libc; exec '$STARTS' maps")" = watched ]
	[ "$(run_watched env LD_PRELOAD="$libc" "$STARTS" maps)" = watched ]
	[ "$(ORIEL_AUDIT=yes run_watched env LD_PRELOAD="$libc" "$STARTS" maps)" = watched ]
	[ "$(run_watched env -u LD_PRELOAD cat /proc/self/maps | grep -c oriel-agent)" = 0 ]
	[ "$("$BUILD/oriel" run --no-follow -- sh -c "LD_PRELOAD=$libc cat /proc/self/maps; true" | grep -c oriel-agent)" = 0 ]
}

@test "a program that clears its environment and starts itself anew is watched again" {
	for how in "${ways[@]}" "${ways[@]/#/vfork-}" spawn spawnp; do
		[ "$(run_watched "$STARTS" "bare-$how" "$STARTS" maps)" = watched ] || fail_at "$how"
	done
	[ "$(run_watched "$STARTS" bare-execv /bin/cat /proc/self/maps | grep -c oriel-agent)" = 0 ]
	cp "$STARTS" "$BATS_TEST_TMPDIR/starts"
	run -0 run_watched "$BATS_TEST_TMPDIR/starts" bare-vfork-execv /usr/bin/env
	[ "${lines[-1]}" = A=1 ]
}

@test "a new version of the program in the place of the old one is watched again" {
	here=$BATS_TEST_TMPDIR/starts
	cp "$STARTS" "$here"
	cat >"$BATS_TEST_TMPDIR/upgrade" <<-END
		#!/bin/sh
		cp "$STARTS" "$here.new" && mv "$here.new" "$here"
	END
	chmod +x "$BATS_TEST_TMPDIR/upgrade"
	run -0 run_watched "$here" bare-execv "$here" vfork-execv "$BATS_TEST_TMPDIR/upgrade"
	run -0 run_watched "$here" bare-vfork-execv "$here" bare-execv "$here" maps
	[ "${lines[-1]}" = watched ]
}

@test "a child for musl, a static one and one with AddressSanitizer start" {
	command -v musl-gcc >/dev/null || skip "no musl-gcc"
	cd "$BATS_TEST_TMPDIR"
	echo 'int main(void) { return 7; }' >seven.c
	musl-gcc -o musl seven.c
	cc -static -o static seven.c
	cc -fsanitize=address -o asan seven.c
	printf '#!%s\n' "$PWD/musl" >script
	printf '#! %s\n' "$PWD/script" >script2
	chmod +x script script2
	for program in musl static asan script script2; do
		for how in "${ways[@]}" "${ways[@]/#/vfork-}" spawn spawnp; do
			# The kernel can't: the descriptor of the script is closed when its interpreter opens it.
			[[ $program$how = script*@(fexecve|execveat) ]] && continue
			run -7 run_watched "$STARTS" "$how" "./$program"
			not grep -vE '^oriel: |^$' <<<"$output"
		done
	done
	PATH=/nowhere:$PWD:$PATH run -7 run_watched "$STARTS" execvp musl
	run -7 run_watched sh -c '/lib/ld-musl-*.so.1 ./musl; exit $?'
	not grep -q musl <<<"$output"
	# What a shell starts, and with much in the environment.
	for i in {1..300}; do export "V$i=$i"; done
	run -7 run_watched sh -c './musl; exit $?'
}

# unseen REASON: one such program is counted, and none for another reason
unseen() {
	find_page && curl -sf -m 10 "$PAGE/metrics" | grep '^oriel_agent_unseen_total' >unseen
	[ "$(wc -l <unseen)" = 1 ] && grep -q "oriel_reason=\"$1\".* 1\$" unseen
}

@test "a program that is started as a user whom the run directory is closed to is told of, not in its streams" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	setpriv --reuid=65534 --clear-groups test -r "$BUILD/liboriel-agent.so" || skip "another user can't reach $BUILD"
	unset ORIEL_COLLECTOR
	cd "$BATS_TEST_TMPDIR"
	run --separate-stderr -0 "$BUILD/oriel" run -- setpriv --reuid=65534 --clear-groups sqlite3 :memory: 'select 7'
	[ "$output" = 7 ]
	wait_for 10 unseen "run directory"
	wait_for 10 api_says logs '[.logs[] | select(.body | contains("may not enter the run directory")) | .attributes."oriel.run_dir"] == [env.ORIEL_RUN_DIR]'
}

@test "and so is one that the agent doesn't fit" {
	command -v musl-gcc >/dev/null || skip "no musl-gcc"
	unset ORIEL_COLLECTOR
	cd "$BATS_TEST_TMPDIR"
	musl-gcc -xc -o musl - <<<'int main(void) { return 7; }'
	run -7 "$BUILD/oriel" run -- sh -c './musl; exit $?'
	wait_for 10 unseen unfit
}

@test "what only lists a program's libraries lists none of ours" {
	cd "$BATS_TEST_TMPDIR"
	run_watched sh -c 'ldd /bin/true' >with 2>&1
	ldd /bin/true >without
	diff <(sed 's/ (0x.*//' without) <(sed 's/ (0x.*//' with)
}

@test "what can't be started fails as it would fail" {
	for how in execve execv execvp execvpe execl execlp execle spawn spawnp; do
		run -2 run_watched "$STARTS" "$how" ./nowhere
	done
}

@test "nginx is watched through its binary upgrade" {
	[ -x /usr/sbin/nginx ] || skip "no nginx"
	cd "$BATS_TEST_TMPDIR"
	cat >conf <<-END
		daemon on;
		worker_processes 1;
		error_log $PWD/error.log;
		pid $PWD/pid;
		events { worker_connections 16; }
		http { access_log off; server { listen unix:$PWD/socket; return 200 hello; } }
	END
	run_watched /usr/sbin/nginx -p "$PWD" -c "$PWD/conf" 3>&- 4>&-
	wait_for 10 test -s pid
	old=$(cat pid)
	grep -q liboriel-agent "/proc/$old/maps"
	kill -USR2 "$old"
	wait_for 10 test -s pid.oldbin
	wait_for 10 test -s pid
	new=$(cat pid)
	kill -QUIT "$old"
	wait_for 10 gone "$old"
	[ "$(curl -s --unix-socket socket http://x/)" = hello ]
	seen=$(grep -c liboriel-agent "/proc/$new/maps")
	kill -QUIT "$new"
	wait_for 10 gone "$new"
	[ "$seen" != 0 ]
}
