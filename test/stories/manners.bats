#!/usr/bin/env bats
# Programs that are hard to be a guest of: the same with and without, and seen where they can be.
# What else belongs here is told in run.bats (static, musl, AddressSanitizer), doctor.bats (setuid, file
# capabilities), follow.bats (children, cleared environments) and reach.bats (ways past LD_PRELOAD).

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() {
	collecting_begin
	MANNERS=$BUILD/programs/manners
}
teardown() { watching_end; }

# statements LABEL: so many runs of "SELECT ? AS LABEL"
statements() { echo "([.[] | select((.attributes.\"db.query.text\" // \"\") | test(\"$1\"))] | length)"; }

@test "in a sandbox that kills, what was warm and what was cold are both seen" {
	same "$MANNERS" sandbox
	run -7 run_watched "$MANNERS" sandbox
	run -7 run_watched "$MANNERS" sandbox-at-once
	see "$(statements before) == 2 and $(statements inside) == 60"
	spans '[.[] | select(has("open"))] == []'
}

@test "signal handlers may call watched functions, within others, at any moment" {
	same "$MANNERS" signals
	see "$(statements outer) == 1 and $(statements handler) == 2 and $(statements interrupted) > 0"
	spans '[.[] | select(has("open"))] == []'
}

@test "threads that are cancelled or end inside a hook leave everything usable" {
	same "$MANNERS" lost-threads
	see "$(statements usual) == 20 and $(statements stay) == 6"
	spans '[.[] | select(.scope == "oriel.libcurl")] | length == 3'
	spans '[.[] | select(has("open"))] == []'
}

@test "a daemon that closes every descriptor finds nothing of ours, and is seen" {
	for plain in 1 ''; do
		${plain:+env} ${plain:+ORIEL_INSTRUMENT=no} "$BUILD/oriel" run -- "$MANNERS" daemon "$BATS_TEST_TMPDIR/lines$plain"
		wait_for 10 grep -q end "$BATS_TEST_TMPDIR/lines$plain"
	done
	diff "$BATS_TEST_TMPDIR/lines1" "$BATS_TEST_TMPDIR/lines"
	[ "$(grep -c descriptor "$BATS_TEST_TMPDIR/lines")" = 25 ]
	see "$(statements line) == 25"
}

@test "with a malloc of its own: no hook allocates, and none changes errno" {
	same "$MANNERS" accounts
	grep -q 'errno 4711, 0 allocations' "$BATS_TEST_TMPDIR/watched"
	see "$(statements usual) == 2"
}

@test "watched functions may be called by constructors that run before the agent's" {
	cat >"$BATS_TEST_TMPDIR/eager.c" <<-END
		#include <curl/curl.h>
		#include <errno.h>
		#include <sqlite3.h>
		#include <stdio.h>
		#include <string.h>
		#include <unistd.h>
		__attribute__((constructor)) static void eager(void)
		{
			if (strcmp(program_invocation_short_name, "oriel") == 0)
				return;
			CURL *c = curl_easy_init();
			sqlite3 *db;
			curl_easy_setopt(c, CURLOPT_URL, "http://127.0.0.1:1/");
			int r = curl_easy_perform(c);
			curl_easy_cleanup(c);
			int s = sqlite3_open(":memory:", &db) || sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL);
			sqlite3_close(db);
			dprintf(1, "eager %d %d\n", r, s);
		}
	END
	cc -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/eager.so" "$BATS_TEST_TMPDIR/eager.c" -lcurl -lsqlite3
	LD_PRELOAD=$BATS_TEST_TMPDIR/eager.so same "$BUILD/programs/sqlite-traced"
	grep -q 'eager 7 0' "$BATS_TEST_TMPDIR/watched"
	see "[.[] | select(.service == \"unknown_service:sqlite-traced\" and .scope == \"oriel.sqlite\")] | length >= 8"
}

@test "a chain of programs, each starting the next in another way, is watched to its end" {
	starts=$BUILD/programs/starts
	same "$starts" vfork-execv "$starts" spawn "$starts" execvp "$starts" popen "$starts" vfork-execle \
		"$BUILD/programs/sqlite-traced"
	see 'length == 8'
}

@test "a setuid program and one with capabilities run as they would, unwatched" {
	[ "$(id -u)" = 0 ] && command -v setpriv setcap >/dev/null || skip "needs root, setpriv and setcap"
	starts=$BATS_TEST_TMPDIR/starts
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" 2>/dev/null || :
	as="setpriv --reuid 65534 --regid 65534 --clear-groups env ORIEL_RUN_DIR=$BATS_TEST_TMPDIR/run ORIEL_COLLECTOR=none"
	mkdir -m 700 "$BATS_TEST_TMPDIR/run"
	chown 65534 "$BATS_TEST_TMPDIR/run"
	cp "$BUILD/programs/starts" "$starts"
	chmod 755 "$starts"
	run -0 $as "$BUILD/oriel" run -- "$starts" maps || skip "another user can't reach $BUILD"
	[ "${lines[-1]}" = watched ] || skip "another user can't reach $BUILD"
	chown 65533 "$starts" && chmod 4755 "$starts"
	run -0 $as "$BUILD/oriel" run -- "$starts" maps
	[ "${lines[-1]}" = alone ]
	[[ $output == *setuid* ]]
	# The same as a child, which the launcher has not seen.
	run -0 $as "$BUILD/oriel" run -- "$BUILD/programs/starts" vfork-execv "$starts" maps
	[ "${lines[-1]}" = alone ]
	chown 0 "$starts" && chmod 755 "$starts" && setcap cap_net_bind_service+ep "$starts" || skip "no file capabilities here"
	run -0 $as "$BUILD/oriel" run -- "$starts" maps
	[ "${lines[-1]}" = alone ]
	[[ $output == *capabilities* ]]
}

@test "a server that locks itself in before it serves answers as ever, and is seen" {
	cat >"$BATS_TEST_TMPDIR/locked.c" <<-END
		#include <errno.h>
		#include <linux/filter.h>
		#include <linux/seccomp.h>
		#include <stddef.h>
		#include <string.h>
		#include <sys/prctl.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		#define KILL(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \\
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
		int listen(int fd, int n)
		{
			struct sock_filter rule[] = {
				BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
				KILL(getpid), KILL(gettid), KILL(socket), KILL(clock_gettime), KILL(getrandom),
				KILL(readlink), KILL(kill), KILL(getpeername), KILL(ioctl),
				BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
			};
			struct sock_fprog filter = { sizeof(rule) / sizeof(rule[0]), rule };
			int r = (int)syscall(SYS_listen, fd, n);
			if (strcmp(program_invocation_short_name, "hello-server") == 0) {
				prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
				syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
			}
			return r;
		}
	END
	cc -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/locked.so" "$BATS_TEST_TMPDIR/locked.c"
	for mode in '' threads; do
		LD_PRELOAD=$BATS_TEST_TMPDIR/locked.so serve "$BUILD/programs/hello-server" $mode
		[ "$(curl -s "http://$HERE/a")" = hello ]
		stop_server
		LD_PRELOAD=$BATS_TEST_TMPDIR/locked.so serve run_watched "$BUILD/programs/hello-server" $mode
		[ "$(curl -s "http://$HERE/a")" = hello ]
		[ "$(curl -s "http://$HERE/error")" = broken ]
		stop_server
	done
	see '[.[] | select(.scope == "oriel.libmicrohttpd")] | length == 4'
}

@test "programs that are built with sanitizers are watched" {
	cd "$BATS_TEST_TMPDIR"
	for kind in address thread undefined; do
		cc -fsanitize=$kind -I"$TOP/include" -o "on-$kind" -xc - -lsqlite3 -lpthread <<-END
			#include <pthread.h>
			#include <sqlite3.h>
			#include <stdio.h>
			static void *work(void *db)
			{
				return sqlite3_exec(db, "SELECT 1 AS $kind", NULL, NULL, NULL) ? NULL : db;
			}
			int main(void)
			{
				pthread_t t;
				sqlite3 *db;
				void *r = NULL;
				if (sqlite3_open(":memory:", &db) || pthread_create(&t, NULL, work, db))
					return 1;
				pthread_join(t, &r);
				sqlite3_close(db);
				printf("%d\n", r == db);
				return 0;
			}
		END
		same "./on-$kind"
		grep -qx 1 watched
		see "$(statements $kind) == 1"
	done
}
