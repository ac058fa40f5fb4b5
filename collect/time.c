/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/time.h"

#include "base/clock.h"

enum { MOMENT_TRIES = 8, MEASURE_NS = 1500000 };

/* Rates outside of 0.1 to 10 GHz, or off by more than this share, are a measurement gone wrong. */
enum { RATE_JUMP = 1000 };

static uint64_t counter_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

struct moment {
	uint64_t tsc, mono, real;
};

/* All clocks at once: of some tries the one that was interrupted least. */
static struct moment moment_now(void)
{
	struct moment best = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < MOMENT_TRIES; i++) {
		uint64_t a = clock_mono_ns();
		uint64_t tsc = counter_now();
		uint64_t real = clock_real_ns();
		uint64_t b = clock_mono_ns();

		if (b - a < least) {
			least = b - a;
			best = (struct moment){ tsc, a + (b - a) / 2, real };
		}
	}
	return best;
}

static uint64_t rate_between(struct moment a, struct moment b)
{
	if (b.tsc <= a.tsc || b.mono <= a.mono)
		return 0;
	return (uint64_t)(((unsigned __int128)(b.mono - a.mono) << 32) / (b.tsc - a.tsc));
}

void timeline_start(struct timeline *t)
{
	struct moment a = moment_now(), b;

	do
		b = moment_now();
	while (b.mono - a.mono < MEASURE_NS);
	*t = (struct timeline){ b.tsc, b.mono, b.real, rate_between(a, b) };
}

void timeline_anchor(struct timeline *t)
{
	struct moment was = { t->tsc, t->mono, t->real }, now = moment_now();
	uint64_t rate = rate_between(was, now);
	uint64_t off = rate > t->rate ? rate - t->rate : t->rate - rate;

	/* A short stretch measures worse than what we have. */
	if (now.mono - was.mono > 500000000 && off < t->rate / RATE_JUMP)
		t->rate = rate;
	t->tsc = now.tsc;
	t->mono = now.mono;
	t->real = now.real;
}

static uint64_t plus(uint64_t base, __int128 ns)
{
	__int128 sum = (__int128)base + ns;

	return sum < 0 ? 0 : sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}

static __int128 ticks_ns(const struct timeline *t, uint64_t from, uint64_t to)
{
	return ((__int128)(int64_t)(to - from) * (__int128)t->rate) >> 32;
}

static __int128 since(uint64_t from, uint64_t to)
{
	return (__int128)to - (__int128)from;
}

uint64_t timeline_mono(const struct timeline *t, struct instant at)
{
	if (at.source == INSTANT_TSC)
		return plus(t->mono, ticks_ns(t, t->tsc, at.value));
	if (at.source == INSTANT_REAL)
		return plus(t->mono, since(t->real, at.value));
	return at.value;
}

uint64_t timeline_real(const struct timeline *t, struct instant at)
{
	if (at.source == INSTANT_TSC)
		return plus(t->real, ticks_ns(t, t->tsc, at.value));
	if (at.source == INSTANT_MONO)
		return plus(t->real, since(t->mono, at.value));
	return at.value;
}

uint64_t timeline_end(const struct timeline *t, struct instant start, uint64_t start_real,
		      struct instant end)
{
	uint64_t ns;

	if (start.source == INSTANT_REAL || end.source == INSTANT_REAL)
		ns = timeline_real(t, end);
	else if (start.source == INSTANT_TSC && end.source == INSTANT_TSC)
		ns = plus(start_real, ticks_ns(t, start.value, end.value));
	else
		ns = plus(start_real, since(timeline_mono(t, start), timeline_mono(t, end)));
	return ns < start_real ? start_real : ns;
}
