/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/guard.h"

#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

static __thread struct {
	sigjmp_buf back;
	volatile sig_atomic_t on;
} guard;

static struct sigaction before;

/* A fault that isn't ours happens again, under the action that was there before us. */
static void guard_caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (guard.on && info->si_code > 0) {
		guard.on = 0;
		siglongjmp(guard.back, 1);
	}
	sigaction(sig, &before, NULL);
	if (info->si_code <= 0)
		raise(sig);
}

int guard_init(void)
{
	struct sigaction sa = { .sa_sigaction = guard_caught, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction was;

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGBUS, &sa, &was) < 0)
		return ERR(-errno);
	if (was.sa_sigaction != guard_caught)
		before = was;
	return 0;
}

/*
 * The signal mask is not saved (that is a system call): SA_NODEFER leaves it alone. The fence keeps
 * the step's accesses between the two marks as far as the compiler is concerned.
 */
int guard_run(void (*step)(void *you), void *you)
{
	if (sigsetjmp(guard.back, 0))
		return -EFAULT;
	guard.on = 1;
	atomic_signal_fence(memory_order_seq_cst);
	step(you);
	atomic_signal_fence(memory_order_seq_cst);
	guard.on = 0;
	return 0;
}

struct copy_step {
	void *to;
	const void *from;
	size_t n;
};

static void copy_step(void *you)
{
	struct copy_step *s = you;

	memcpy(s->to, s->from, s->n);
}

int guard_copy(void *to, const void *from, size_t n)
{
	return guard_run(copy_step, &(struct copy_step){ to, from, n });
}
