/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hard part is to have everything that the call may ruin somewhere that it can't reach. It lies
 * with a thread that shares memory and signal actions with the program, but has descriptors, working
 * directory, umask and signal mask of its own, copied by the kernel when it was made:
 *
 *     first thread  ── begin ── the call ─────────────── end ── ...
 *                        │          ╲ crash, exit: says why, waits       ╱ done: joins
 *     the watcher        └─ waits for a word, or for the time ─ execve ─┘
 *
 * execve by any thread ends all others and makes that thread the process, with what it has. So
 * nothing is put back: it was never lost.
 *
 * The watcher is a raw clone: libc doesn't know of it, and the program stays single-threaded to libc.
 * It shares the first thread's thread-local storage, so it makes system calls only, and ignores errno.
 * Arguments and environment are copied into pages that are then read-only.
 */
#include "agent/bootstrap/guard.h"
#include "base/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
	WATCHER_STACK = 32768,
	HANDLER_STACK = 32768,
};

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

enum { N_FATAL = sizeof(fatal) / sizeof(fatal[0]) };

/* Of the word that all wait for. RUNNING becomes one of the others by compare-and-swap, once. */
enum {
	RUNNING,
	FAILED,
	DONE,
	HELPLESS, /* execve didn't work: let happen what happens */
};

struct stacks {
	char watcher[WATCHER_STACK] __attribute__((aligned(16)));
	char handler[HANDLER_STACK] __attribute__((aligned(16)));
};

static struct {
	_Atomic uint32_t word;
	_Atomic uint32_t watcher; /* its tid; the kernel stores 0 and wakes when it is gone */
	_Atomic pid_t pid;	  /* of the process that is guarded; 0: none */
	struct outcome outcome;	  /* by whoever made the word FAILED, before that */
	uint64_t until_ns;
	unsigned timeout_ms;
	sigset_t mask;
	struct sigaction action[NSIG]; /* of the program's, before */
	stack_t stack;
	struct itimerval alarm;
	struct stacks *stacks;
	char name[OUTCOME_NAME];
	char path[PATH_MAX];
	char variable[sizeof(HOOK_FAILED_VARIABLE) + OUTCOME_WIRE];
	char **argv, **envp; /* in `image` */
	void *image;
	size_t image_size;
	bool told_of_exit;
} guard;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void word_wait(_Atomic uint32_t *word, uint32_t while_it_is, const struct timespec *most)
{
	syscall(SYS_futex, word, FUTEX_WAIT, while_it_is, most, NULL, 0);
}

static void word_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- failing ------------------------------------------------------------------------------------ */

/* The first who says so decides. Release: pairs with the watcher's acquire, which reads `outcome`. */
static bool claim(const struct outcome *o)
{
	static _Atomic uint32_t taken;
	uint32_t nobody = 0;

	if (!atomic_compare_exchange_strong(&taken, &nobody, 1))
		return false;
	guard.outcome.kind = o->kind;
	guard.outcome.detail = o->detail;
	return true;
}

void guard_fail(const struct outcome *o)
{
	uint32_t running = RUNNING;

	if (atomic_load(&guard.pid) != getpid() || atomic_load(&guard.word) == DONE)
		return;
	if (claim(o)) {
		atomic_compare_exchange_strong_explicit(&guard.word, &running, FAILED,
							memory_order_release, memory_order_relaxed);
		word_wake(&guard.word);
	}
	while (atomic_load(&guard.word) != HELPLESS && atomic_load(&guard.word) != DONE)
		word_wait(&guard.word, atomic_load(&guard.word), NULL);
}

/* Passed on as if nobody had been here, should there be no help, or in a child of the call's. */
static void on_fatal(int signal, siginfo_t *info, void *context)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };

	(void)context;
	guard_fail(&(struct outcome){ .kind = OUTCOME_SIGNAL, .detail = signal });
	sigaction(signal, &usual, NULL);
	if (info->si_code <= 0)
		syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}

static void on_end(int status, void *unused)
{
	(void)unused;
	guard_fail(&(struct outcome){ .kind = OUTCOME_EXITED, .detail = status });
}

/* ---- the watcher -------------------------------------------------------------------------------- */

/* What outlives execve and isn't this thread's own: ignored signals, and the alarm. */
static void put_back(void)
{
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			sigaction(s, &guard.action[s], NULL);
	setitimer(ITIMER_REAL, &guard.alarm, NULL);
	sigprocmask(SIG_SETMASK, &guard.mask, NULL);
}

static void execute_anew(void)
{
	static const char name[] = HOOK_FAILED_VARIABLE "=";

	memcpy(guard.variable, name, sizeof(name) - 1);
	outcome_write(&guard.outcome, atomic_load(&guard.pid), guard.name,
		      guard.variable + sizeof(name) - 1);
	put_back();
	syscall(SYS_execve, guard.path, guard.argv, guard.envp); /* not the one that is watched */
	syscall(SYS_execve, "/proc/self/exe", guard.argv, guard.envp);
	atomic_store(&guard.word, HELPLESS);
	word_wake(&guard.word);
}

static int watch(void *unused)
{
	(void)unused;
	for (;;) {
		uint32_t word = atomic_load_explicit(&guard.word, memory_order_acquire);
		uint64_t now = now_ns();
		struct timespec rest;

		if (word == DONE)
			return 0;
		if (word == FAILED)
			break;
		if (now >= guard.until_ns) {
			struct outcome late = { .kind = OUTCOME_TIMEOUT,
						.detail = (int)guard.timeout_ms };
			uint32_t running = RUNNING;

			if (claim(&late) &&
			    atomic_compare_exchange_strong(&guard.word, &running, FAILED))
				break;
			now = guard.until_ns - 1000000; /* somebody was faster */
		}
		rest.tv_sec = (time_t)((guard.until_ns - now) / 1000000000u);
		rest.tv_nsec = (long)((guard.until_ns - now) % 1000000000u);
		word_wait(&guard.word, RUNNING, &rest);
	}
	execute_anew();
	return 0;
}

static bool watcher_start(void)
{
	const int shares = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			   CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	sigset_t all;
	int tid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &guard.mask);
	tid = clone(watch, guard.stacks->watcher + WATCHER_STACK, shares, NULL, &guard.watcher,
		    NULL, &guard.watcher);
	sigprocmask(SIG_SETMASK, &guard.mask, NULL);
	return tid > 0;
}

/* ---- what it takes to execute the program anew --------------------------------------------------- */

/* From the kernel, because the dynamic linker may have hidden some of them. */
static size_t read_arguments(char *to, size_t room, size_t *count)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	char part[4096];
	size_t n = 0;
	ssize_t got;

	*count = 0;
	while (fd >= 0 && (got = read(fd, part, sizeof(part))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			*count += part[i] == '\0';
		if (to && n + (size_t)got > room)
			got = (ssize_t)(room - n);
		if (to)
			memcpy(to + n, part, (size_t)got);
		n += (size_t)got;
		if (to && n == room)
			break;
	}
	if (fd >= 0)
		close(fd);
	return n;
}

static char **list_strings(char **list, const char *text, size_t n)
{
	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		*list++ = (char *)(uintptr_t)(text + at);
	*list++ = NULL;
	return list;
}

/* One mapping: both lists of pointers, then the arguments, then the environment. */
static bool image_make(void)
{
	size_t n_args, n_env = 0, env_bytes = 0;
	size_t arg_bytes = read_arguments(NULL, 0, &n_args), head;
	char *text, *env;

	for (char **v = environ; v && *v; v++, n_env++)
		env_bytes += strlen(*v) + 1;
	if (!arg_bytes || !n_args)
		return false;
	head = (n_args + n_env + 4) * sizeof(char *);
	guard.image_size = head + arg_bytes + 1 + env_bytes;
	guard.image = mmap(NULL, guard.image_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guard.image == MAP_FAILED)
		return false;
	text = (char *)guard.image + head;
	arg_bytes = read_arguments(text, arg_bytes, &n_args);
	guard.argv = guard.image;
	guard.envp = list_strings(guard.argv, text, arg_bytes);
	guard.envp[0] = guard.variable;
	env = text + arg_bytes + 1;
	for (size_t i = 0; i < n_env; i++) {
		size_t n = strlen(environ[i]) + 1;

		memcpy(env, environ[i], n);
		guard.envp[1 + i] = env;
		env += n;
	}
	return mprotect(guard.image, guard.image_size, PROT_READ) == 0;
}

/* By its path, if that still is it, so that it keeps its name; else through /proc. */
static bool path_find(void)
{
	struct stat here, there;
	ssize_t n = readlink("/proc/self/exe", guard.path, sizeof(guard.path) - 1);

	if (n <= 0 || stat("/proc/self/exe", &there) < 0)
		return false;
	guard.path[n] = '\0';
	if (stat(guard.path, &here) < 0 || here.st_dev != there.st_dev ||
	    here.st_ino != there.st_ino)
		strcpy(guard.path, "/proc/self/exe");
	return true;
}

static void catch_fatal(void)
{
	struct sigaction ours = { .sa_sigaction = on_fatal,
				  .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_sp = guard.stacks->handler, .ss_size = HANDLER_STACK };

	for (int s = 1; s < NSIG; s++)
		sigaction(s, NULL, &guard.action[s]);
	getitimer(ITIMER_REAL, &guard.alarm);
	sigaltstack(&stack, &guard.stack);
	sigfillset(&ours.sa_mask);
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &ours, NULL);
	if (!guard.told_of_exit)
		guard.told_of_exit = on_exit(on_end, NULL) == 0;
}

/* An action that the call made its own stays. */
static void release_fatal(void)
{
	for (size_t i = 0; i < N_FATAL; i++) {
		struct sigaction now;

		if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_sigaction == on_fatal)
			sigaction(fatal[i], &guard.action[fatal[i]], NULL);
	}
	if (!(guard.stack.ss_flags & SS_ONSTACK))
		sigaltstack(&guard.stack, NULL);
}

static void memory_free(void)
{
	if (guard.image && guard.image != MAP_FAILED)
		munmap(guard.image, guard.image_size);
	if (guard.stacks && (void *)guard.stacks != MAP_FAILED)
		munmap(guard.stacks, sizeof(*guard.stacks));
	guard.image = NULL;
	guard.stacks = NULL;
}

bool guard_begin(unsigned timeout_ms)
{
	guard.stacks = mmap(NULL, sizeof(*guard.stacks), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if ((void *)guard.stacks == MAP_FAILED || !path_find() || !image_make()) {
		memory_free();
		return false;
	}
	prctl(PR_GET_NAME, guard.name);
	guard.timeout_ms = timeout_ms;
	guard.until_ns = now_ns() + timeout_ms * 1000000ull;
	catch_fatal();
	atomic_store(&guard.pid, getpid());
	if (!watcher_start()) {
		atomic_store(&guard.pid, 0);
		release_fatal();
		memory_free();
		return false;
	}
	return true;
}

/* Joins the watcher before its stack goes; waits for the new image if that is coming. */
void guard_end(void)
{
	uint32_t running = RUNNING, tid;
	int kept = errno;

	if (!atomic_compare_exchange_strong(&guard.word, &running, DONE)) {
		while (atomic_load(&guard.word) == FAILED)
			word_wait(&guard.word, FAILED, NULL);
		return;
	}
	word_wake(&guard.word);
	while ((tid = atomic_load(&guard.watcher)))
		word_wait(&guard.watcher, tid, NULL);
	atomic_store(&guard.pid, 0);
	release_fatal();
	memory_free();
	errno = kept;
}
