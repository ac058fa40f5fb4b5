/* SPDX-License-Identifier: Apache-2.0 */
#include "model/point.h"

#include "base/fnv.h"

#include <math.h>

bool point_same_series(const struct metric_point *a, const struct metric_point *b)
{
	return a->kind == b->kind && str_eq(a->name, b->name) && str_eq(a->unit, b->unit) &&
	       scope_same(a->scope, b->scope) && attributes_same(a->attributes, b->attributes);
}

uint32_t point_series_hash(const struct metric_point *p)
{
	return attributes_hash(p->attributes,
			       fnv_add(FNV_START + (uint64_t)p->kind, p->name.p, p->name.n));
}

double point_number(const struct metric_point *p)
{
	return p->is_double ? p->number : (double)p->integer;
}

static bool same_bounds(const struct metric_point *a, const struct metric_point *b)
{
	return a->n_bounds == b->n_bounds &&
	       (a->bounds == b->bounds || !a->n_bounds ||
		memcmp(a->bounds, b->bounds, a->n_bounds * sizeof(*a->bounds)) == 0);
}

bool point_has_buckets(const struct metric_point *p)
{
	return p->positive.count || p->negative.count || p->zero_count == p->count;
}

bool point_can_add(const struct metric_point *a, const struct metric_point *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case METRIC_SUM:
	case METRIC_UP_DOWN:
	case METRIC_EXPONENTIAL:
		return true;
	case METRIC_HISTOGRAM:
		return same_bounds(a, b);
	case METRIC_SUMMARY:
		return point_has_buckets(a) && point_has_buckets(b);
	default:
		return false;
	}
}

void point_add_number(struct metric_point *to, const struct metric_point *from)
{
	if (to->is_double || from->is_double) {
		to->number = point_number(to) + point_number(from);
		to->is_double = true;
	} else {
		to->integer = (int64_t)((uint64_t)to->integer + (uint64_t)from->integer);
	}
}

void point_add_times(struct metric_point *to, const struct metric_point *from)
{
	if (from->start_ns < to->start_ns)
		to->start_ns = from->start_ns;
	if (from->time_ns > to->time_ns)
		to->time_ns = from->time_ns;
}

/* ---- memory ---------------------------------------------------------------------------------------- */

static void *grown(void *was, uint32_t *room, size_t n, size_t size, struct arena *a)
{
	void *p = was;

	if (n > *room || !p) {
		p = arena_take(a, (n ? n : 1) * size);
		*room = p ? (uint32_t)n : 0;
	}
	return p;
}

static bool has_exponential(enum metric_kind kind)
{
	return kind == METRIC_EXPONENTIAL || kind == METRIC_SUMMARY;
}

static struct exponential_memory memory_of(const struct point_room *room)
{
	return (struct exponential_memory){ room->buckets, room->n_buckets / 2 };
}

/* The lists must be copied again when they move. */
static bool room_buckets(struct metric_point *p, struct point_room *room, size_t n, struct arena *a)
{
	uint64_t *was = room->buckets;

	room->buckets = grown(was, &room->n_buckets, n, sizeof(*was), a);
	if (!room->buckets)
		return false;
	if (has_exponential(p->kind)) {
		if (room->buckets != was || !room->owns)
			exponential_copy(p, memory_of(room));
	} else if (p->buckets != room->buckets) {
		memcpy(room->buckets, p->buckets, (p->n_bounds + 1) * sizeof(*p->buckets));
		p->buckets = room->buckets;
	}
	return true;
}

static size_t width_for(const struct metric_point *p)
{
	size_t n = exponential_width(p);

	return n < EXPONENTIAL_USUAL  ? EXPONENTIAL_USUAL
	       : n > EXPONENTIAL_MOST ? EXPONENTIAL_MOST
				      : n;
}

static bool own_buckets(struct metric_point *p, struct point_room *room, struct arena *a)
{
	if (p->kind == METRIC_HISTOGRAM)
		return room_buckets(p, room, p->n_bounds + 1, a);
	if (has_exponential(p->kind) && point_has_buckets(p))
		return room_buckets(p, room, 2 * width_for(p), a);
	return true;
}

static bool own_bounds(struct metric_point *p, struct point_room *room, struct arena *a)
{
	if (p->kind != METRIC_HISTOGRAM)
		return true;
	room->bounds = grown(room->bounds, &room->n_bounds, p->n_bounds, sizeof(double), a);
	if (!room->bounds)
		return false;
	if (p->n_bounds && p->bounds != room->bounds)
		memcpy(room->bounds, p->bounds, p->n_bounds * sizeof(double));
	p->bounds = room->bounds;
	return true;
}

static bool own_quantiles(struct metric_point *p, struct point_room *room, struct arena *a)
{
	if (!p->n_quantiles || p->quantile == room->quantile)
		return true;
	room->quantile =
		grown(room->quantile, &room->n_quantiles, p->n_quantiles, sizeof(*p->quantile), a);
	if (!room->quantile)
		return false;
	memcpy(room->quantile, p->quantile, p->n_quantiles * sizeof(*p->quantile));
	p->quantile = room->quantile;
	return true;
}

static size_t exemplars_most(const struct metric_point *p)
{
	return p->kind == METRIC_HISTOGRAM     ? p->n_bounds + 1
	       : p->kind == METRIC_EXPONENTIAL ? (size_t)POINT_EXEMPLARS
					       : 1;
}

static bool own_exemplars(struct metric_point *p, struct point_room *room, size_t n,
			  struct arena *a)
{
	struct exemplar *was = room->exemplar;

	if (!n)
		return true;
	room->exemplar = grown(was, &room->n_exemplars, n, sizeof(*was), a);
	if (!room->exemplar)
		return false;
	if (p->n_exemplars && p->exemplar != room->exemplar)
		memcpy(room->exemplar, p->exemplar, p->n_exemplars * sizeof(*was));
	p->exemplar = room->exemplar;
	return true;
}

bool point_own(struct metric_point *p, struct point_room *room, struct arena *a)
{
	room->owns = false;
	if (!own_buckets(p, room, a) || !own_quantiles(p, room, a) ||
	    !own_exemplars(p, room, p->n_exemplars, a) || (room->keeps && !own_bounds(p, room, a)))
		return false;
	for (size_t i = 0; room->keeps && i < p->n_exemplars; i++)
		room->exemplar[i].attributes = (struct attributes){ 0 };
	room->owns = true;
	return true;
}

/* ---- exemplars ------------------------------------------------------------------------------------- */

static double exemplar_number(const struct exemplar *e)
{
	return e->is_double ? e->number : (double)e->integer;
}

/* Two of one bucket stand for the same: of exponential histograms buckets are taken by powers of two. */
static int64_t bucket_of(const struct metric_point *p, const struct exemplar *e)
{
	double v = exemplar_number(e);
	size_t low = 0, high = p->n_bounds;
	int power = 0;

	if (p->kind == METRIC_EXPONENTIAL) {
		frexp(v, &power);
		return v == 0 ? INT16_MIN : v < 0 ? -8192 - power : power;
	}
	if (p->kind != METRIC_HISTOGRAM)
		return 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v <= p->bounds[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return (int64_t)low;
}

static struct exemplar *exemplar_place(struct metric_point *p, struct point_room *room,
				       const struct exemplar *e)
{
	int64_t bucket = bucket_of(p, e);
	size_t oldest = 0;

	for (size_t i = 0; i < p->n_exemplars; i++) {
		if (bucket_of(p, &room->exemplar[i]) == bucket)
			return &room->exemplar[i];
		if (room->exemplar[i].time_ns < room->exemplar[oldest].time_ns)
			oldest = i;
	}
	if (p->n_exemplars < room->n_exemplars) {
		room->exemplar[p->n_exemplars] = (struct exemplar){ .time_ns = 0 };
		return &room->exemplar[p->n_exemplars++];
	}
	return &room->exemplar[oldest];
}

static bool add_exemplars(struct metric_point *to, struct point_room *room,
			  const struct metric_point *from, struct arena *a)
{
	size_t most = exemplars_most(to);

	if (!from->n_exemplars)
		return true;
	if (!own_exemplars(to, room, most > to->n_exemplars ? most : to->n_exemplars, a))
		return false;
	for (size_t i = 0; i < from->n_exemplars; i++) {
		struct exemplar *at = exemplar_place(to, room, &from->exemplar[i]);

		if (at->time_ns > from->exemplar[i].time_ns)
			continue;
		*at = from->exemplar[i];
		if (room->keeps)
			at->attributes = (struct attributes){ 0 };
	}
	return true;
}

/* ---- adding ---------------------------------------------------------------------------------------- */

static void add_extremes(struct metric_point *to, const struct metric_point *from)
{
	if (from->count && (!to->count || from->min < to->min))
		to->min = from->min;
	if (from->count && (!to->count || from->max > to->max))
		to->max = from->max;
	to->count += from->count;
	to->sum += from->sum;
}

static bool add_buckets(struct metric_point *to, struct point_room *room,
			const struct metric_point *from, struct arena *a)
{
	if (has_exponential(to->kind)) {
		if (!room_buckets(to, room, 2 * width_for(from), a))
			return false;
		exponential_add(to, memory_of(room), from);
	} else {
		for (size_t i = 0; i <= to->n_bounds; i++)
			room->buckets[i] += from->buckets[i];
	}
	add_extremes(to, from);
	for (size_t i = 0; i < to->n_quantiles; i++)
		room->quantile[i].value = exponential_quantile(to, room->quantile[i].quantile);
	return true;
}

bool point_add(struct metric_point *to, struct point_room *room, const struct metric_point *from,
	       struct arena *a)
{
	if (!room->owns && !point_own(to, room, a))
		return false;
	if (!add_exemplars(to, room, from, a))
		return false;
	if (to->kind == METRIC_SUM || to->kind == METRIC_UP_DOWN)
		point_add_number(to, from);
	else if (!add_buckets(to, room, from, a))
		return false;
	point_add_times(to, from);
	return true;
}

/* ---- taking away ----------------------------------------------------------------------------------- */

static bool subtract_number(struct metric_point *p, const struct metric_point *before)
{
	bool falls = p->kind == METRIC_SUM && point_number(p) < point_number(before);

	if (p->is_double || before->is_double) {
		p->number = point_number(p) - point_number(before);
		p->is_double = true;
	} else {
		p->integer = (int64_t)((uint64_t)p->integer - (uint64_t)before->integer);
	}
	return !falls;
}

static bool subtract_explicit(struct metric_point *p, struct point_room *room,
			      const struct metric_point *before)
{
	if (!same_bounds(p, before))
		return false;
	for (size_t i = 0; i <= p->n_bounds; i++) {
		if (room->buckets[i] < before->buckets[i])
			return false;
		room->buckets[i] -= before->buckets[i];
	}
	return true;
}

bool point_subtract(struct metric_point *p, struct point_room *room,
		    const struct metric_point *before)
{
	if (p->kind != before->kind)
		return false;
	if (p->kind == METRIC_SUM || p->kind == METRIC_UP_DOWN)
		return subtract_number(p, before);
	if (p->count < before->count)
		return false;
	p->count -= before->count;
	p->sum -= before->sum;
	p->min = p->max = NAN;
	if (p->kind == METRIC_HISTOGRAM)
		return subtract_explicit(p, room, before);
	return p->kind == METRIC_EXPONENTIAL && exponential_subtract(p, memory_of(room), before);
}
