/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are hard to be a guest of, one by each word. Each prints what it saw, so that it can
 * be compared with itself, unwatched.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int fine)
{
	if (!fine)
		abort();
}

static sqlite3 *opened(void)
{
	sqlite3 *db;

	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	return db;
}

static void query(sqlite3 *db, const char *sql)
{
	must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

/* A port that is listened on, and where nobody answers. */
static int silent(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 8) == 0);
	must(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	return ntohs(a.sin_port);
}

/* ---- a sandbox that kills --------------------------------------------------------------------------- */

#define ALLOW(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void lock_in(void)
{
	struct sock_filter rule[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(exit_group),
		ALLOW(rt_sigreturn),
		ALLOW(brk),
		ALLOW(mmap),
		ALLOW(munmap),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { sizeof(rule) / sizeof(rule[0]), rule };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0);
}

/* Used before the door closes, and first used behind it. */
static int sandbox(void)
{
	sqlite3 *db = opened();

	query(db, "SELECT 1 AS before");
	lock_in();
	for (int i = 0; i < 20; i++)
		query(db, "SELECT 1 AS inside");
	_exit(7);
}

static int sandbox_at_once(void)
{
	lock_in();
	for (int i = 0; i < 20; i++) {
		sqlite3 *db = opened();

		query(db, "SELECT 1 AS inside");
		sqlite3_close(db);
	}
	_exit(7);
}

/* ---- signals ---------------------------------------------------------------------------------------- */

static sqlite3 *in_handler;

static void handler(int signal)
{
	(void)signal;
	query(in_handler, "SELECT 1 AS handler");
}

static int row(void *arg, int n, char **value, char **name)
{
	(void)arg, (void)n, (void)value, (void)name;
	return raise(SIGUSR1);
}

static atomic_int ticks;
static int null_fd, pair[2];

static void tick(int signal)
{
	char byte = 0;

	(void)signal;
	errno = 4712;
	if (write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1 &&
	    write(null_fd, &byte, 1) == 1)
		ticks++;
	close(dup(null_fd));
}

/* Inside a hook, at a moment that is known; then at any moment. */
static int signals(void)
{
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { 0 };
	sqlite3 *db = opened();
	sigset_t set;
	int got;

	in_handler = opened();
	signal(SIGUSR1, handler);
	must(sqlite3_exec(db, "SELECT 1 AS outer UNION ALL SELECT 2", row, NULL, NULL) ==
	     SQLITE_OK);
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &often, NULL);
	while (ticks < 50)
		query(db,
		      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 20000) "
		      "SELECT count(x) AS interrupted FROM c");
	setitimer(ITIMER_REAL, &never, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR2);
	printf("%d\n", sigwait(&set, &got) == 0 && got == SIGUSR2);
	printf("%d\n", unshare(CLONE_NEWUSER) ? errno : 0);
	return 0;
}

/* ---- threads that don't come back ---------------------------------------------------------------------- */

static atomic_int inside;

/* A function of SQL: the thread is inside sqlite3_step, and so inside the agent's hook. */
static void stay(sqlite3_context *c, int n, sqlite3_value **value)
{
	(void)c, (void)n;
	inside++;
	if (sqlite3_value_int(value[0]))
		syscall(SYS_exit, 0);
	for (;;)
		pause();
}

static void *in_sqlite(void *exits)
{
	sqlite3 *db = opened();

	sqlite3_create_function(db, "stay", 1, SQLITE_UTF8, NULL, stay, NULL, NULL);
	query(db, exits ? "SELECT stay(1)" : "SELECT stay(0)");
	return NULL;
}

static size_t entered(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

static int begun(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)arg, (void)a, (void)b, (void)c, (void)d;
	inside++;
	return 0;
}

static void *in_curl(void *url)
{
	CURL *c = curl_easy_init();

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, entered);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, begun);
	curl_easy_perform(c);
	return NULL;
}

static void *usual(void *arg)
{
	sqlite3 *db = opened();

	query(db, "SELECT 1 AS usual");
	sqlite3_close(db);
	return arg;
}

static pthread_t started(void *(*start)(void *), void *arg)
{
	pthread_t t;

	inside = 0;
	must(pthread_create(&t, NULL, start, arg) == 0);
	while (!inside)
		sched_yield();
	return t;
}

static int lost_threads(void)
{
	char url[64];
	void *result;
	pthread_t t;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", silent());
	for (int i = 0; i < 3; i++) {
		t = started(in_sqlite, NULL);
		must(pthread_cancel(t) == 0 && pthread_join(t, &result) == 0);
		printf("%d\n", result == PTHREAD_CANCELED);
		t = started(in_curl, url);
		must(pthread_cancel(t) == 0 && pthread_join(t, &result) == 0);
		printf("%d\n", result == PTHREAD_CANCELED);
		t = started(in_sqlite, url);
		must(pthread_join(t, &result) == 0);
	}
	for (int i = 0; i < 20; i++)
		must(pthread_create(&t, NULL, usual, NULL) == 0 && pthread_join(t, NULL) == 0);
	return 0;
}

/* ---- a daemon ------------------------------------------------------------------------------------------ */

static void run_daemon(const char *path)
{
	sqlite3 *db;
	int fd;

	setsid();
	if (fork())
		_exit(0);
	for (fd = 0; fd < 1024; fd++)
		close(fd);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	db = opened();
	for (int i = 0; i < 25; i++) {
		query(db, "SELECT 1 AS line");
		dprintf(fd, "line %d of descriptor %d\n", i, fd);
	}
	dprintf(fd, "end\n");
	_exit(0);
}

static int daemonise(const char *path)
{
	pid_t pid = fork();

	if (!pid)
		run_daemon(path);
	must(waitpid(pid, NULL, 0) == pid);
	return 0;
}

/* ---- memory, and errno ------------------------------------------------------------------------------------ */

/* Allocations are counted: a guest makes none. */
static atomic_long allocations;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}

void free(void *p)
{
	__libc_free(p);
}

#define SAYS(call) \
	do { \
		long before = allocations; \
		errno = 4711; \
		(void)(call); \
		printf("%-30.30s errno %d, %ld allocations\n", #call, errno, \
		       allocations - before); \
	} while (0)

static int accounts(void)
{
	char *none[] = { NULL };
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	pthread_t t;
	CURL *c = NULL, *copy = NULL;
	CURLM *m = NULL;

	setvbuf(stdout, NULL, _IONBF, 0);
	curl_global_init(CURL_GLOBAL_ALL);
	for (int i = 0; i < 2; i++) {
		SAYS(sqlite3_open(":memory:", &db));
		SAYS(sqlite3_prepare_v2(db, "SELECT 1", -1, &s, NULL));
		SAYS(sqlite3_step(s));
		SAYS(sqlite3_step(s));
		SAYS(sqlite3_finalize(s));
		SAYS(sqlite3_exec(db, "SELECT nonsense", NULL, NULL, NULL));
		SAYS(sqlite3_close(db));
		SAYS(sqlite3_open("/nowhere/x.db", &db));
		SAYS(sqlite3_close_v2(db));
		SAYS(c = curl_easy_init());
		SAYS(curl_easy_setopt(c, CURLOPT_URL, "ftp://127.0.0.1:1/"));
		SAYS(curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL));
		SAYS(copy = curl_easy_duphandle(c));
		SAYS(curl_easy_reset(copy));
		SAYS(m = curl_multi_init());
		SAYS(curl_multi_add_handle(m, copy));
		SAYS(curl_multi_remove_handle(m, copy));
		SAYS(curl_easy_cleanup(copy));
		SAYS(curl_easy_cleanup(c));
		SAYS(curl_multi_cleanup(m));
		SAYS(pthread_create(&t, NULL, usual, NULL));
		SAYS(pthread_join(t, NULL));
		SAYS(execve("/nowhere", none, none));
		SAYS(execvp("nowhere", none));
		SAYS(close(-1));
		SAYS(read(-1, &t, 1));
		SAYS(write(-1, "", 1));
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} all[] = {
		{ "sandbox", sandbox },	  { "sandbox-at-once", sandbox_at_once },
		{ "signals", signals },	  { "lost-threads", lost_threads },
		{ "accounts", accounts },
	};

	if (argc == 3 && strcmp(argv[1], "daemon") == 0)
		return daemonise(argv[2]);
	for (size_t i = 0; argc == 2 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run();
	return 64;
}
