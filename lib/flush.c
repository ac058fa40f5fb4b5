/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flush: a number in the segment that goes up, and an answer to it. No socket, so that a process that has
 * locked itself in can ask as well; the collector looks at the number in each of its rounds.
 */
#include "lib/process.h"

#include <errno.h>
#include <time.h>

enum { STEP_NS = 1000000, STALE_S = 5 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Acquire: pairs with the collector's release; the outcome is the answer's, or a later one's. */
static bool is_answered(uint32_t number)
{
	uint32_t answered =
		atomic_load_explicit(&process.segment->flush_answered, memory_order_acquire);

	return (int32_t)(answered - number) >= 0;
}

static bool is_alone(uint64_t now)
{
	uint64_t seen = atomic_load_explicit(&process.segment->collector_ns, memory_order_relaxed);

	return seen + STALE_S * 1000000000ull < now;
}

static int wait_for(uint32_t number, uint64_t until)
{
	const struct timespec step = { 0, STEP_NS };
	uint64_t now;

	while (!is_answered(number)) {
		now = now_ns();
		if (now >= until)
			return is_alone(now) ? ORIEL_FLUSH_NOBODY : ORIEL_FLUSH_LATE;
		nanosleep(&step, NULL);
		if (!process_is_ours())
			return ORIEL_FLUSH_NOBODY;
	}
	return (int)atomic_load_explicit(&process.segment->flush_outcome, memory_order_relaxed);
}

int oriel_flush(unsigned timeout_ms)
{
	uint64_t until = now_ns() + timeout_ms * 1000000ull;
	int kept = errno, outcome;
	uint32_t number;

	if (!oriel_recording() || !process_is_ours())
		return ORIEL_FLUSH_NOBODY;
	number = atomic_fetch_add_explicit(&process.segment->flush_asked, 1, memory_order_release) +
		 1;
	outcome = wait_for(number, until);
	errno = kept;
	return outcome;
}

_Static_assert((int)FLUSH_DELIVERED == ORIEL_FLUSHED && (int)FLUSH_LATE == ORIEL_FLUSH_LATE &&
		       (int)FLUSH_LOST == ORIEL_FLUSH_LOST,
	       "the collector answers in the caller's numbers");
