/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutex, recursive or not, is taken some instructions before it is known by whom, and known to be
 * nobody's some before it is given back. A signal handler that comes in between and wants it waits for
 * its own thread, for good. So all there is to know is one word:
 *
 *     others wait 1 | shut so many times 9 | by this thread 22         0: open
 *
 * Tids have 22 bits (PID_MAX_LIMIT). A thread that only exists in the parent of this process opens
 * nothing here any more, and one that has ended doesn't either: who would wait asks whether it is there.
 */
#include "lib/door.h"

#include "lib/thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ONCE = 1 << 22, WHO = ONCE - 1 };

#define WAITED (1u << 31)
#define TIMES (~(WAITED | WHO))

static uint32_t door_self(void)
{
	uint32_t tid = thread_tid();

	return tid ? tid : (uint32_t)gettid();
}

static bool is_there(uint32_t tid)
{
	return tgkill(getpid(), (pid_t)tid, 0) == 0 || errno != ESRCH;
}

/* Until it may have changed, a second at most: who had it may have ended without opening it. */
static void door_wait(struct door *d, uint32_t was)
{
	struct timespec second = { .tv_sec = 1 };
	int kept = errno;

	if (!is_there(was & WHO))
		atomic_compare_exchange_strong_explicit(&d->word, &was, was & WAITED,
							memory_order_acquire, memory_order_relaxed);
	else if (was & WAITED ||
		 atomic_compare_exchange_strong_explicit(&d->word, &was, was | WAITED,
							 memory_order_relaxed,
							 memory_order_relaxed))
		syscall(SYS_futex, &d->word, FUTEX_WAIT_PRIVATE, was | WAITED, &second, NULL, 0);
	errno = kept;
}

/* Acquire: pairs with the release in door_open. Who has waited can't know whether he was the only one. */
void door_shut(struct door *d)
{
	uint32_t was = atomic_load_explicit(&d->word, memory_order_relaxed);
	uint32_t self = door_self(), waited = 0;

	for (;;) {
		uint32_t who = was & WHO, now = (who ? was : was | self | waited) + ONCE;

		if (who && who != self) {
			door_wait(d, was);
			waited = WAITED;
			was = atomic_load_explicit(&d->word, memory_order_relaxed);
		} else if (atomic_compare_exchange_weak_explicit(&d->word, &was, now,
								 memory_order_acquire,
								 memory_order_relaxed)) {
			return;
		}
	}
}

void door_open(struct door *d)
{
	uint32_t was = atomic_load_explicit(&d->word, memory_order_relaxed);
	uint32_t self = door_self(), now;
	int kept = errno;

	do {
		if ((was & WHO) != self)
			return;
		now = (was & TIMES) == ONCE ? 0 : was - ONCE;
	} while (!atomic_compare_exchange_weak_explicit(&d->word, &was, now, memory_order_release,
							memory_order_relaxed));
	if (!now && was & WAITED)
		syscall(SYS_futex, &d->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = kept;
}

void door_forked(struct door *d)
{
	atomic_store_explicit(&d->word, 0, memory_order_relaxed);
}
