/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/probe.h"
#include "agent/bootstrap/heap.h"
#include "agent/bootstrap/posture.h"
#include "base/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LINGER_MS = 100, /* for a thread of the hook's that crashes at once */
	STEP_LEAST_NS = 50000,
	STEP_MOST_NS = 2000000,
};

/* How far the child came; what ends it there tells whose fault it is. */
enum stage {
	STAGE_HOOK,
	STAGE_THREADS,
	STAGE_HEAP,
	STAGE_DONE,
};

struct shared {
	_Atomic int stage; /* the child's release pairs with nothing: it is read after its end */
	struct outcome outcome;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nap(uint64_t ns)
{
	struct timespec t = { .tv_nsec = (long)ns };

	nanosleep(&t, NULL);
}

/* ---- the child ---------------------------------------------------------------------------------- */

/* No core file either: 1 stops both a file and a program that takes cores. */
static void child_become(pid_t parent)
{
	struct rlimit no_core = { 1, 1 };
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	setsid();
	setrlimit(RLIMIT_CORE, &no_core);
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	setenv(HOOK_PROBE_VARIABLE, "1", 1);
}

/* Without stdio, which would use a heap that may be damaged. Nobody knows: it may have. */
static bool has_threads(void)
{
	static const char key[] = "\nThreads:\t1\n";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n <= 0 || !memmem(text, (size_t)n, key, sizeof(key) - 1);
}

static void child_linger(void)
{
	for (int ms = 0; ms < LINGER_MS && has_threads(); ms += 5)
		nap(5000000);
}

static void child_run(const struct probe *p, struct shared *shared, pid_t parent)
{
	struct posture before;
	struct heap_row heap;
	bool known;

	child_become(parent);
	posture_take(&before);
	known = heap_find(&heap);
	p->call(&shared->outcome);
	if (shared->outcome.kind != OUTCOME_FIRED || !posture_holds(&before, &shared->outcome))
		goto done;
	atomic_store(&shared->stage, STAGE_HEAP);
	if (known && !heap_is_in_order(&heap)) {
		shared->outcome = (struct outcome){ .kind = OUTCOME_HEAP };
		goto done;
	}
	atomic_store(&shared->stage, STAGE_THREADS);
	child_linger();
	atomic_store(&shared->stage, STAGE_HEAP);
	heap_exercise();
done:
	atomic_store(&shared->stage, STAGE_DONE);
	syscall(SYS_exit_group, 0);
}

/* ---- the parent --------------------------------------------------------------------------------- */

/* How the child ended, when it did not come to its own end. */
static void judge(const struct shared *shared, const siginfo_t *end, struct outcome *o)
{
	int stage = atomic_load(&shared->stage);

	if (stage == STAGE_DONE) {
		*o = shared->outcome;
		o->text[sizeof(o->text) - 1] = '\0';
		return;
	}
	*o = (struct outcome){ .kind = OUTCOME_EXITED, .detail = end->si_status };
	if (end->si_code != CLD_EXITED)
		o->kind = stage == STAGE_HEAP	   ? OUTCOME_HEAP
			  : stage == STAGE_THREADS ? OUTCOME_THREAD
						   : OUTCOME_SIGNAL;
}

/* Its whole session goes, while its own pid can't be anybody else's yet. */
static void reap(pid_t child)
{
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
	while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static void wait_for(pid_t child, const struct shared *shared, unsigned timeout_ms,
		     struct outcome *o)
{
	uint64_t until = now_ns() + timeout_ms * 1000000ull, step = STEP_LEAST_NS;
	siginfo_t end = { 0 };

	for (;;) {
		end.si_pid = 0;
		if (waitid(P_PID, (id_t)child, &end, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
		    end.si_pid) {
			judge(shared, &end, o);
			break;
		}
		/* The time is the hook's: what comes after it is ours, and bounded. */
		if (now_ns() > until + (atomic_load(&shared->stage) ? 1000000000u : 0)) {
			*o = (struct outcome){ .kind = OUTCOME_TIMEOUT, .detail = (int)timeout_ms };
			break;
		}
		nap(step);
		step = step * 3 / 2 < STEP_MOST_NS ? step * 3 / 2 : STEP_MOST_NS;
	}
	reap(child);
}

bool probe_run(const struct probe *p, struct outcome *o)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid(), child;

	if (shared == MAP_FAILED)
		return false;
	child = (pid_t)syscall(SYS_clone, 0ul, NULL, NULL, NULL, 0ul);
	if (child == 0)
		child_run(p, shared, self);
	if (child > 0)
		wait_for(child, shared, p->timeout_ms, o);
	munmap(shared, sizeof(*shared));
	return child > 0;
}
