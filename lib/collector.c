/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hard part is to leave no trace in the program: a first clone (VM, VFORK, no exit signal) that
 * makes a second one and is reaped here at once; the second is init's child from birth. Both run
 * on a small stack of their own in our memory, so they touch nothing of ours but that; the program
 * waits only until the second has exec'd, well under a millisecond on a quiet machine.
 */
#include "lib/collector.h"

#include "lib/fault.h"
#include "lib/process.h"
#include "lib/segment.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { STACK = 32768, PATH_ROOM = 512, ENVIRONMENT_MOST = 1024 };

struct start {
	char program[PATH_ROOM];
	char verb[8], option[16];
	char *argv[4];
	char *envp[ENVIRONMENT_MOST + 1];
	sigset_t mask;
	char stack[2][STACK] __attribute__((aligned(16)));
};

static bool collector_lives(const char *dir)
{
	char path[PATH_ROOM];
	int fd;
	bool lives;

	snprintf(path, sizeof(path), "%s/collector.pid", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	lives = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return lives;
}

/* Absolute, because it is executed from another directory. */
static bool collector_try(char *out, const char *dir, size_t dir_n, const char *rest)
{
	char path[PATH_ROOM], whole[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s%s", (int)dir_n, dir, rest);

	if (n <= 0 || n >= PATH_ROOM || access(path, X_OK) != 0 || !realpath(path, whole))
		return false;
	n = snprintf(out, PATH_ROOM, "%s", whole);
	return n > 0 && n < PATH_ROOM;
}

/* ORIEL_COLLECTOR, beside the library, or in the bin/ that belongs to its lib/. */
static bool collector_find(char *out)
{
	const char *given = secure_getenv("ORIEL_COLLECTOR");
	const char *slash, *up;
	Dl_info info;

	if (given && given[0] == '/')
		return collector_try(out, given, strlen(given), "");
	if (!dladdr((void *)&process, &info) || !info.dli_fname)
		return false;
	slash = strrchr(info.dli_fname, '/');
	if (!slash)
		return collector_try(out, ORIEL_BINDIR, strlen(ORIEL_BINDIR), "/oriel");
	if (collector_try(out, info.dli_fname, (size_t)(slash - info.dli_fname), "/oriel"))
		return true;
	for (up = slash; up > info.dli_fname && up[-1] != '/'; up--)
		;
	if (up > info.dli_fname &&
	    collector_try(out, info.dli_fname, (size_t)(up - info.dli_fname), "bin/oriel"))
		return true;
	return collector_try(out, ORIEL_BINDIR, strlen(ORIEL_BINDIR), "/oriel");
}

/* What decides where a collector lives and what it does, then the rest, as far as there is room. */
static bool collector_needs(const char *v)
{
	return config_travels(v) || strncmp(v, "HOME=", 5) == 0 || strncmp(v, "XDG_", 4) == 0;
}

/* The collector must not be watched by itself. */
static void collector_environment(struct start *s)
{
	size_t n = 0;

	for (int needed = 1; needed >= 0; needed--)
		for (char **v = environ; v && *v && n < ENVIRONMENT_MOST; v++)
			if (collector_needs(*v) == needed && strncmp(*v, "LD_PRELOAD=", 11) != 0 &&
			    strncmp(*v, "LD_AUDIT=", 9) != 0)
				s->envp[n++] = *v;
	s->envp[n] = NULL;
}

/* Nothing of the program's goes along: descriptors, session, directory, signals, affinity. */
static int collector_become(void *arg)
{
	struct start *s = arg;
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;
	int fd;

	sigemptyset(&usual.sa_mask);
	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			__sigaction(i, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir("/") != 0)
		_exit(127);
	fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		_exit(127);
	for (int i = 0; i < 3; i++)
		if (i != fd)
			dup2(fd, i);
	if (syscall(SYS_close_range, 3u, ~0u, 0) != 0)
		for (fd = 3; fd < 1024; fd++)
			close(fd);
	execve(s->program, s->argv, s->envp);
	_exit(127);
}

static int collector_between(void *arg)
{
	struct start *s = arg;

	clone(collector_become, s->stack[1] + STACK, CLONE_VM | CLONE_VFORK, s);
	_exit(0);
}

static bool collector_may_start(void)
{
	int subreaper = 0;

	/* Nor with more rights than the caller's: its environment would choose the program. */
	return !getauxval(AT_SECURE) && getpid() != 1 &&
	       (prctl(PR_GET_CHILD_SUBREAPER, &subreaper) != 0 || !subreaper);
}

static void collector_clone(struct start *s)
{
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &s->mask);
	pid = clone(collector_between, s->stack[0] + STACK, CLONE_VM | CLONE_VFORK, s);
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
}

static bool collector_start(void)
{
	struct start *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool found;

	if (s == MAP_FAILED)
		return false;
	found = collector_find(s->program);
	if (found) {
		strcpy(s->verb, "collect");
		strcpy(s->option, "--background");
		s->argv[0] = s->program;
		s->argv[1] = s->verb;
		s->argv[2] = s->option;
		collector_environment(s);
		collector_clone(s);
	}
	munmap(s, sizeof(*s));
	return found;
}

bool collector_expect(bool start)
{
	char dir[PATH_ROOM - 64];

	if (segment_directory(dir, sizeof(dir)) != 0)
		return false;
	return collector_lives(dir) || (start && collector_may_start() && collector_start());
}
