/* SPDX-License-Identifier: Apache-2.0 */
#include "model/exponential.h"

#include <math.h>

enum { SHIFT_MOST = 62 };

/* The indices that are in use, [low, high]; none while low > high. */
struct extent {
	int64_t low, high;
};

static const struct extent nowhere = { 1, 0 };

static bool is_empty(struct extent e)
{
	return e.low > e.high;
}

static struct extent extent_of(const struct exponential_buckets *b)
{
	size_t from = 0, n = b->count ? b->n : 0;

	while (from < n && !b->count[from])
		from++;
	while (n > from && !b->count[n - 1])
		n--;
	if (from == n)
		return nowhere;
	return (struct extent){ b->offset + (int64_t)from, b->offset + (int64_t)n - 1 };
}

static struct extent extent_lower(struct extent e, int by)
{
	return is_empty(e) ? e : (struct extent){ e.low >> by, e.high >> by };
}

static struct extent extent_both(struct extent a, struct extent b)
{
	if (is_empty(a) || is_empty(b))
		return is_empty(a) ? b : a;
	return (struct extent){ a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high };
}

static size_t extent_width(struct extent e)
{
	return is_empty(e) ? 0 : (size_t)(e.high - e.low + 1);
}

size_t exponential_width(const struct metric_point *p)
{
	size_t positive = extent_width(extent_of(&p->positive)),
	       negative = extent_width(extent_of(&p->negative));

	return positive > negative ? positive : negative;
}

static int shift_of(int64_t from, int64_t to)
{
	int64_t by = from - to;

	return by < 0 ? 0 : by > SHIFT_MOST ? SHIFT_MOST : (int)by;
}

static double bound(int64_t scale, int64_t index)
{
	if (scale > 0)
		return exp2(scalbn((double)index, scale > 64 ? -64 : -(int)scale));
	return exp2(scalbn((double)index, scale < -64 ? 64 : -(int)scale));
}

/* ---- one scale ------------------------------------------------------------------------------------- */

/* What is to become one, at the scale at which it fits. */
struct plan {
	int64_t scale;
	struct extent positive, negative;
};

static struct plan plan_of(const struct metric_point *a, const struct metric_point *b, size_t room)
{
	struct plan p = { .scale = a->scale };
	int by_a, by_b = 0;

	if (b && b->scale < p.scale)
		p.scale = b->scale;
	for (;; p.scale--) {
		by_a = shift_of(a->scale, p.scale);
		p.positive = extent_lower(extent_of(&a->positive), by_a);
		p.negative = extent_lower(extent_of(&a->negative), by_a);
		if (b) {
			by_b = shift_of(b->scale, p.scale);
			p.positive = extent_both(p.positive,
						 extent_lower(extent_of(&b->positive), by_b));
			p.negative = extent_both(p.negative,
						 extent_lower(extent_of(&b->negative), by_b));
		}
		if (extent_width(p.positive) <= room && extent_width(p.negative) <= room)
			return p;
	}
}

static void put(uint64_t *to, struct extent at, const struct exponential_buckets *from, int by)
{
	struct extent used = extent_of(from);

	for (int64_t i = used.low; i <= used.high; i++)
		to[(i >> by) - at.low] += from->count[i - from->offset];
}

/* Of one sign; `to` is the memory's half, in which a's may lie. */
static void add_sign(uint64_t *to, struct exponential_buckets *a, int by_a,
		     const struct exponential_buckets *b, int by_b, struct extent at)
{
	uint64_t sum[EXPONENTIAL_MOST];
	size_t n = extent_width(at);

	memset(sum, 0, n * sizeof(*sum));
	put(sum, at, a, by_a);
	if (b)
		put(sum, at, b, by_b);
	memcpy(to, sum, n * sizeof(*to));
	*a = (struct exponential_buckets){ n ? (int32_t)at.low : 0, to, n };
}

static void join(struct metric_point *to, struct exponential_memory m,
		 const struct metric_point *from)
{
	size_t room = m.room < EXPONENTIAL_MOST ? m.room : EXPONENTIAL_MOST;
	struct plan p = plan_of(to, from, room);
	int by_to = shift_of(to->scale, p.scale), by = from ? shift_of(from->scale, p.scale) : 0;

	add_sign(m.count, &to->positive, by_to, from ? &from->positive : NULL, by, p.positive);
	add_sign(m.count + m.room, &to->negative, by_to, from ? &from->negative : NULL, by,
		 p.negative);
	to->scale = (int32_t)p.scale;
}

void exponential_copy(struct metric_point *p, struct exponential_memory m)
{
	join(p, m, NULL);
}

/* Buckets that begin below the threshold are zero by it; it grows to where the last of them ends. */
static void raise_zero(struct metric_point *p, uint64_t *count, struct exponential_buckets *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (bound(p->scale, b->offset + (int64_t)i) >= p->zero_threshold)
			break;
		p->zero_count += count[i];
		if (count[i])
			p->zero_threshold = fmax(p->zero_threshold,
						 bound(p->scale, b->offset + (int64_t)i + 1));
		count[i] = 0;
	}
}

void exponential_add(struct metric_point *to, struct exponential_memory m,
		     const struct metric_point *from)
{
	bool differ = to->zero_threshold != from->zero_threshold;

	join(to, m, from);
	to->zero_count += from->zero_count;
	if (!differ)
		return;
	to->zero_threshold = fmax(to->zero_threshold, from->zero_threshold);
	raise_zero(to, m.count, &to->positive);
	raise_zero(to, m.count + m.room, &to->negative);
}

static bool take_sign(uint64_t *to, const struct exponential_buckets *a,
		      const struct exponential_buckets *before, int by)
{
	struct extent used = extent_of(before);

	for (int64_t i = used.low; i <= used.high; i++) {
		int64_t at = (i >> by) - a->offset;
		uint64_t n = before->count[i - before->offset];

		if (at < 0 || at >= (int64_t)a->n || to[at] < n)
			return false;
		to[at] -= n;
	}
	return true;
}

bool exponential_subtract(struct metric_point *to, struct exponential_memory m,
			  const struct metric_point *before)
{
	int by = shift_of(before->scale, to->scale);

	if (before->scale < to->scale || before->zero_count > to->zero_count ||
	    before->zero_threshold != to->zero_threshold)
		return false;
	to->zero_count -= before->zero_count;
	return take_sign(m.count, &to->positive, &before->positive, by) &&
	       take_sign(m.count + m.room, &to->negative, &before->negative, by);
}

/* ---- quantiles ------------------------------------------------------------------------------------- */

static uint64_t total_of(const struct exponential_buckets *b)
{
	uint64_t n = 0;

	for (size_t i = 0; b->count && i < b->n; i++)
		n += b->count[i];
	return n;
}

/* As far from both bounds, in parts of the value. */
static double middle(const struct metric_point *p, int64_t index)
{
	double low = bound(p->scale, index), high = bound(p->scale, index + 1);

	return isfinite(high) && low > 0 ? 2 * low / (low + high) * high : low;
}

static double within(const struct metric_point *p, double v)
{
	if (p->min <= p->max && p->count)
		v = fmin(fmax(v, p->min), p->max);
	return v;
}

double exponential_quantile(const struct metric_point *p, double q)
{
	const struct exponential_buckets *positive = &p->positive, *negative = &p->negative;
	uint64_t n = total_of(negative) + p->zero_count + total_of(positive), rank, seen = 0;

	if (!n || isnan(q))
		return NAN;
	q = fmin(fmax(q, 0), 1);
	rank = (uint64_t)ceil(q * (double)n);
	rank = rank < 1 ? 1 : rank > n ? n : rank;
	for (size_t i = negative->count ? negative->n : 0; i--;)
		if ((seen += negative->count[i]) >= rank)
			return within(p, -middle(p, negative->offset + (int64_t)i));
	if ((seen += p->zero_count) >= rank)
		return within(p, 0);
	for (size_t i = 0; positive->count && i < positive->n; i++)
		if ((seen += positive->count[i]) >= rank)
			return within(p, middle(p, positive->offset + (int64_t)i));
	return NAN;
}

/* ---- explicit bounds ------------------------------------------------------------------------------- */

struct explicit
{
	double *bounds;
	uint64_t *buckets;
	size_t n;
};

static void explicit_put(struct explicit *e, double upper, uint64_t count)
{
	if (e->n && e->bounds[e->n - 1] == upper) {
		e->buckets[e->n - 1] += count;
		return;
	}
	if (e->n == EXPLICIT_MOST || !isfinite(upper)) {
		e->buckets[e->n] += count; /* beyond the last bound */
		return;
	}
	e->bounds[e->n] = upper;
	e->buckets[e->n++] += count;
	e->buckets[e->n] = 0;
}

/* Is this the bucket that ends where one of the coarse scale does? All others are counted with it. */
static int64_t coarse(int64_t index, int by)
{
	return index >> by;
}

size_t exponential_explicit(const struct metric_point *p, double bounds[EXPLICIT_MOST],
			    uint64_t buckets[EXPLICIT_MOST + 1])
{
	struct extent negative = extent_of(&p->negative), positive = extent_of(&p->positive);
	struct explicit e = { bounds, buckets, 0 };
	int64_t scale = p->scale < 0 ? p->scale : 0;
	int by = shift_of(p->scale, scale);

	buckets[0] = 0;
	for (int64_t i = negative.high; i >= negative.low; i--) {
		int64_t c = coarse(i, by);

		if (i == negative.high)
			explicit_put(&e, -bound(scale, c + 1), 0);
		explicit_put(&e, -bound(scale, c), p->negative.count[i - p->negative.offset]);
	}
	if (p->zero_count || !is_empty(negative))
		explicit_put(&e, p->zero_threshold, p->zero_count);
	for (int64_t i = positive.low; i <= positive.high; i++) {
		int64_t c = coarse(i, by);

		if (i == positive.low && (!e.n || e.bounds[e.n - 1] < bound(scale, c)))
			explicit_put(&e, bound(scale, c), 0);
		explicit_put(&e, bound(scale, c + 1), p->positive.count[i - p->positive.offset]);
	}
	return e.n;
}
