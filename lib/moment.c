/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moment: durations by the processor's counter, which costs half of what CLOCK_MONOTONIC does.
 *
 * How long a count takes is measured against that clock: from an anchor, which the first call sets,
 * over 10 ms, and once more over a second. Until then a moment is nanoseconds, and says so.
 */
#include "base/hot.h"
#include "lib/clock.h"
#include "lib/thread.h"
#include "lib/watcher.h"

#include <math.h>

#define MOMENT_NS (1ull << 63)

enum { FIRST_LOOK_NS = 10 * 1000 * 1000, LAST_LOOK_NS = 1000 * 1000 * 1000 };

/* The same moment by both clocks. `busy` is taken and given back by whoever looks; no one waits. */
struct pair {
	uint64_t count, ns;
};
static struct pair anchor;
static _Atomic uint32_t busy;

static _Atomic uint64_t next_look;	   /* a count; the last one never comes */
static _Atomic uint64_t seconds_per_count; /* a double's bits; 0: not known yet */

/* Of a few tries the one that nothing came between. */
static struct pair pair_of_now(void)
{
	uint64_t least = UINT64_MAX;
	struct pair best = { 0, 0 };

	for (int i = 0; i < 4; i++) {
		uint64_t before = clock_count(), ns = clock_slow(), after = clock_count();

		if (after - before < least) {
			least = after - before;
			best = (struct pair){ before + (after - before) / 2, ns };
		}
	}
	return best;
}

static void measure(struct pair now)
{
	uint64_t counts = now.count - anchor.count, ns = now.ns - anchor.ns, bits;
	double each = (double)ns / 1e9 / (double)counts;

	memcpy(&bits, &each, sizeof(bits));
	atomic_store_explicit(&next_look,
			      ns < LAST_LOOK_NS
				      ? anchor.count +
						(uint64_t)((double)LAST_LOOK_NS / 1e9 / each) + 1
				      : UINT64_MAX,
			      memory_order_relaxed);
	/* Release: whoever has this sees when to look next. */
	atomic_store_explicit(&seconds_per_count, bits, memory_order_release);
}

static __attribute__((noinline, cold)) void look(void)
{
	struct pair now;

	if (!process.segment || !clock_counts() ||
	    atomic_exchange_explicit(&busy, 1, memory_order_acquire))
		return;
	now = pair_of_now();
	if (!anchor.count)
		anchor = now;
	else if (now.ns - anchor.ns >= FIRST_LOOK_NS && now.count > anchor.count)
		measure(now);
	atomic_store_explicit(&busy, 0, memory_order_release);
}

static uint64_t moment_slow(void)
{
	look();
	return clock_slow() | MOMENT_NS;
}

uint64_t oriel_moment(void)
{
	uint64_t count;

	if (!atomic_load_explicit(&seconds_per_count, memory_order_acquire) || !clock_counts())
		return moment_slow();
	count = clock_count();
	if (__builtin_expect(count >= atomic_load_explicit(&next_look, memory_order_relaxed), 0))
		look();
	return clock_counts() ? count : moment_slow();
}

static HOT uint64_t span_count(void)
{
	struct thread *t = oriel_recording() ? thread_if_any() : NULL;

	return t && clock_counts() ? t->span_count : 0;
}

HOT uint64_t oriel_moment_of_span(void)
{
	uint64_t count = span_count();

	if (!count || !atomic_load_explicit(&seconds_per_count, memory_order_acquire) ||
	    count >= atomic_load_explicit(&next_look, memory_order_relaxed))
		return oriel_moment();
	return count;
}

static double seconds_between(uint64_t moment, uint64_t count)
{
	uint64_t bits = atomic_load_explicit(&seconds_per_count, memory_order_acquire);
	double each;

	memcpy(&each, &bits, sizeof(each));
	return clock_counts() && count > moment ? (double)(count - moment) * each : (double)NAN;
}

double oriel_seconds_since(uint64_t moment)
{
	if (moment & MOMENT_NS)
		return (double)(clock_slow() - (moment & ~MOMENT_NS)) / 1e9;
	if (!clock_counts())
		return (double)NAN;
	return seconds_between(moment, clock_count());
}

double moment_until(uint64_t moment, uint64_t count)
{
	if ((moment & MOMENT_NS) || count <= moment)
		return oriel_seconds_since(moment);
	return seconds_between(moment, count);
}

double oriel_seconds_to_span(uint64_t moment)
{
	return moment_until(moment, span_count());
}
