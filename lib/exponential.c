/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponential: histograms whose buckets follow what is measured (Metrics SDK, "Base2 Exponential
 * Bucket Histogram Aggregation"; Data Model, "ExponentialHistogram").
 *
 *     series  FIRST ──► buckets, scale 20, 16 of them ──► scale 7, 160 ──► scale 5, 160   NEWEST
 *
 * Nothing is moved when the scale must fall: the next buckets are made, of the scale at which the
 * last ones' range and the new value fit, and what comes goes there. A reader adds all of them up
 * at the scale where everything fits, which is the one that moving would have led to.
 *
 * All threads count in the same buckets, by atomic additions; sum, extremes and zeros are in their own
 * blocks. Where no room is left for the next buckets, the overflow series takes the value, in buckets
 * of the lowest scale that it has had from the start.
 */
#include "lib/metric.h"

enum { COARSE_LOWEST = -2 };

/* Exponent and mantissa in [1, 2). */
static double split(double v, int *exponent)
{
	uint64_t bits = as_bits(v);
	int e = (int)(bits >> 52);

	if (!e) { /* subnormal */
		bits = as_bits(v * 0x1p54);
		e = (int)(bits >> 52) - 54;
	}
	*exponent = e - 1023;
	return as_double((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);
}

/*
 * The bits of the logarithm one after the other: squared, it is in [1, 2) or [2, 4). Each doubles the
 * error of what came before, so that at scale 20 values within 2^-32 of a bound may be in its other bucket;
 * powers of two are exact.
 */
int32_t exponential_index(double v, int scale)
{
	int32_t index;
	double m;

	m = split(v, &index);
	for (int i = 0; i < scale; i++) {
		int32_t bit;

		m *= m;
		bit = m >= 2;
		m *= bit ? 0.5 : 1.0;
		index = (int32_t)((uint32_t)index << 1) + bit;
	}
	index -= m == 1; /* upper bounds belong to their bucket */
	return scale < 0 ? index >> -scale : index;
}

static struct buckets *buckets_at(uint64_t at)
{
	return (struct buckets *)(series_area() + (uint32_t)at);
}

static uint64_t range_of(int32_t low, int32_t high)
{
	return (uint32_t)low | (uint64_t)(uint32_t)high << 32;
}

static int32_t range_low(uint64_t range)
{
	return (int32_t)(uint32_t)range;
}

static int32_t range_high(uint64_t range)
{
	return (int32_t)(uint32_t)(range >> 32);
}

/* With this index in it. */
static uint64_t range_with(uint64_t range, int32_t index)
{
	int32_t low = range_low(range), high = range_high(range);

	if (low > high)
		return range_of(index, index);
	return range_of(index < low ? index : low, index > high ? index : high);
}

static bool range_fits(uint64_t range, uint32_t n, int lower)
{
	int64_t low = range_low(range) >> lower, high = range_high(range) >> lower;

	return high - low < n;
}

static bool buckets_count(struct buckets *b, int32_t index)
{
	uint64_t range = atomic_load_explicit(&b->range, memory_order_relaxed), with;
	_Atomic uint64_t *word = (_Atomic uint64_t *)(b + 1);

	do {
		with = range_with(range, index);
		if (!range_fits(with, b->n, 0))
			return false;
	} while (with != range && !atomic_compare_exchange_weak_explicit(&b->range, &range, with,
									 memory_order_relaxed,
									 memory_order_relaxed));
	atomic_fetch_add_explicit(&word[buckets_word(index, b->n)], 1, memory_order_release);
	return true;
}

static uint32_t buckets_make(int scale, uint32_t n)
{
	uint32_t at = area_take(sizeof(struct buckets) + n * 8);
	struct buckets *b;

	if (!at)
		return 0;
	b = buckets_at(at);
	b->scale = (int16_t)scale;
	b->n = (uint16_t)n;
	atomic_init(&b->range, range_of(1, 0));
	return at;
}

/* What comes after those, which `index` doesn't fit; NULL: the first. 0: no room. */
static uint32_t buckets_after(const struct buckets *b, int32_t index)
{
	uint64_t range;
	int lower = 0;

	if (!b)
		return buckets_make(BUCKETS_SCALE_MOST, BUCKETS_FIRST);
	range = range_with(atomic_load_explicit(&b->range, memory_order_relaxed), index);
	while (!range_fits(range, BUCKETS_MOST, lower))
		lower++;
	return buckets_make(b->scale - lower, BUCKETS_MOST);
}

/* Release: whoever finds them there finds them whole. The one that comes first is used by all. */
static uint32_t buckets_link(_Atomic uint32_t *link, uint32_t made)
{
	uint32_t there = 0;

	area_publish(made, SERIES_BUCKETS);
	if (atomic_compare_exchange_strong_explicit(link, &there, made, memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	area_publish(made, SERIES_DEAD);
	return there;
}

/* In the series' buckets of that sign; the index there in *slot. False: no room for more buckets. */
static bool series_count(uint32_t series_at, unsigned sign, double v, int32_t *slot)
{
	_Atomic uint64_t *cell = series_cells(series_at);
	_Atomic uint64_t *newest = &cell[EXPONENTIAL_NEWEST + sign];
	uint32_t at = (uint32_t)atomic_load_explicit(newest, memory_order_acquire);

	for (;;) {
		struct buckets *b = at ? buckets_at(at) : NULL;
		_Atomic uint32_t *link =
			b ? &b->next_at : (_Atomic uint32_t *)&cell[EXPONENTIAL_FIRST + sign];

		*slot = b ? exponential_index(v, b->scale) : 0;
		if (b && buckets_count(b, *slot))
			return true;
		at = atomic_load_explicit(link, memory_order_acquire);
		if (!at)
			at = buckets_after(b, *slot);
		else
			link = NULL;
		if (!at)
			return false;
		if (link)
			at = buckets_link(link, at);
		/* Release: pairs with the acquire above. An older one does as well: it has a next. */
		atomic_store_explicit(newest, at, memory_order_release);
	}
}

static void coarse_count(uint32_t series_at, unsigned sign, double v)
{
	int32_t index = exponential_index(v, BUCKETS_SCALE_LEAST);

	atomic_fetch_add_explicit(&series_cells(series_at)[EXPONENTIAL_COARSE + 3 * sign +
							   (unsigned)(index - COARSE_LOWEST)],
				  1, memory_order_relaxed);
}

uint32_t exponential_count(const struct handle *h, uint32_t at, double v, size_t *slot)
{
	unsigned sign = v < 0;
	int32_t index = 0;

	*slot = 0;
	if (v == 0)
		return at;
	v = sign ? -v : v;
	if (!series_count(at, sign, v, &index)) {
		process_lose(LOSS_series_overflow, 1);
		at = h->overflow_at;
		if (at && !series_count(at, sign, v, &index))
			coarse_count(at, sign, v);
	}
	*slot = (uint32_t)index % EXEMPLARS_EXPONENTIAL;
	return at;
}
