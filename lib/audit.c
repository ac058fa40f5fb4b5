/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/audit.h"

#include "lib/process.h"

#include <errno.h>
#include <time.h>

enum { ROOM_WAIT_MS = 1000, STEP_NS = 1000000, STALE_S = 5 };

static _Atomic bool waited_in_vain; /* not again for each record, unless a collector lives */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void wait_a_step(void)
{
	struct timespec step = { 0, STEP_NS };

	nanosleep(&step, NULL);
}

static bool collector_lives(void)
{
	uint64_t seen = atomic_load_explicit(&process.segment->collector_ns, memory_order_relaxed);

	return seen && now_ns() < seen + STALE_S * 1000000000ull;
}

static bool write_in_time(struct str event, struct oriel_attributes attributes, uint64_t number)
{
	uint64_t until;

	if (log_write_audit(event, attributes, number))
		return true;
	if (atomic_load_explicit(&waited_in_vain, memory_order_relaxed) && !collector_lives())
		return false;
	until = now_ns() + ROOM_WAIT_MS * 1000000ull;
	do {
		wait_a_step();
		if (log_write_audit(event, attributes, number))
			return true;
	} while (now_ns() < until);
	return false;
}

bool oriel_audit_write(const char *event, struct oriel_attributes attributes)
{
	int kept = errno;
	bool done;

	if (!oriel_recording() || !process_is_ours())
		return false;
	done = write_in_time(str_of(event), attributes,
			     atomic_fetch_add_explicit(&process.segment->audits, 1,
						       memory_order_relaxed) +
				     1);
	atomic_store_explicit(&waited_in_vain, !done, memory_order_relaxed);
	process_lose(LOSS_audits_no_room, !done);
	errno = kept;
	return done;
}

/* How many of the first `n` nobody has on disk, nor has given up. */
static bool all_settled(uint64_t n)
{
	const struct segment_header *s = process.segment;

	/* Acquire: pairs with the collector's release after its sync. */
	return atomic_load_explicit(&s->audits_kept, memory_order_acquire) +
		       atomic_load_explicit(&s->loss[LOSS_audits_no_room], memory_order_relaxed) >=
	       n;
}

bool oriel_audit_flush(unsigned timeout_ms)
{
	uint64_t n, until = now_ns() + timeout_ms * 1000000ull;
	int kept = errno;
	bool settled;

	if (!process_is_ours())
		return false;
	n = atomic_load_explicit(&process.segment->audits, memory_order_relaxed);
	while (!(settled = all_settled(n)) && now_ns() < until)
		wait_a_step();
	errno = kept;
	return settled;
}

/* Also for one that hasn't shown itself yet. */
static bool is_worth_while(void)
{
	return collector_lives() ||
	       (!process.config.no_collector &&
		!atomic_load_explicit(&process.segment->collector_ns, memory_order_relaxed));
}

void audit_stop(void)
{
	if (process.config.audit_flush_ms && process_is_ours() &&
	    atomic_load_explicit(&process.segment->audits, memory_order_relaxed) &&
	    is_worth_while())
		oriel_audit_flush(process.config.audit_flush_ms);
}

/* exit, of a program that didn't stop us. One that never said oriel_audit doesn't wait. */
__attribute__((destructor)) static void audit_exit(void)
{
	if (oriel_recording())
		audit_stop();
}
