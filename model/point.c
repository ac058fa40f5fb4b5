/* SPDX-License-Identifier: Apache-2.0 */
#include "model/point.h"

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

bool point_can_add(const struct metric_point *a, const struct metric_point *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == METRIC_HISTOGRAM ? same_bounds(a, b) : a->kind != METRIC_GAUGE;
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

static void add_histogram(struct metric_point *to, uint64_t *buckets,
			  const struct metric_point *from)
{
	for (size_t i = 0; i <= to->n_bounds; i++)
		buckets[i] = to->buckets[i] + from->buckets[i];
	to->buckets = buckets;
	if (from->count && (!to->count || from->min < to->min))
		to->min = from->min;
	if (from->count && (!to->count || from->max > to->max))
		to->max = from->max;
	to->count += from->count;
	to->sum += from->sum;
}

void point_add(struct metric_point *to, uint64_t *buckets, const struct metric_point *from)
{
	if (to->kind == METRIC_HISTOGRAM)
		add_histogram(to, buckets, from);
	else
		point_add_number(to, from);
	if (from->start_ns < to->start_ns)
		to->start_ns = from->start_ns;
	if (from->time_ns > to->time_ns)
		to->time_ns = from->time_ns;
}
