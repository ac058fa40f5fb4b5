/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Point: metric points of one series, from several processes or scopes, as one.
 *
 *     struct point_room room = { 0 };
 *     if (point_can_add(&sum, p))
 *             ok = point_add(&sum, &room, p, &arena);        false: no memory
 *
 * A point borrows its lists. What is added to has lists of its own, in the room, which grows from the
 * arena and is used again for the next addition: a series that is added to for ever takes no more than
 * its largest point.
 */
#pragma once

#include "base/arena.h"
#include "model/exponential.h"

enum { POINT_EXEMPLARS = 20 }; /* of a histogram without bounds */

struct point_room {
	uint64_t *buckets;
	double *bounds;
	struct exemplar *exemplar;
	struct quantile *quantile;
	uint32_t n_buckets, n_bounds, n_exemplars, n_quantiles;
	bool owns;  /* the point's lists are here */
	bool keeps; /* all of them, for ever */
};

/* Of one series, within what has told them: by all that names it. */
bool point_same_series(const struct metric_point *a, const struct metric_point *b);
uint32_t point_series_hash(const struct metric_point *p);

double point_number(const struct metric_point *p);

/* Smallest and greatest, where they are known: not NaN. (Of a difference they aren't.) */
static inline bool point_has_extremes(const struct metric_point *p)
{
	return p->count && p->min <= p->max;
}

static inline bool point_has_temporality(const struct metric_point *p)
{
	return p->kind != METRIC_GAUGE && p->kind != METRIC_SUMMARY;
}

/* Sums of one sort, histograms of equal bounds, what has exponential buckets; never gauges. */
bool point_can_add(const struct metric_point *a, const struct metric_point *b);

/*
 * What can be added. The earlier start counts, the later time; of exemplars of one bucket the later.
 * `to` has its lists in the room from here on.
 */
bool point_add(struct metric_point *to, struct point_room *room, const struct metric_point *from,
	       struct arena *a);

/*
 * What has come since `before`, of which it is a later state and whose room it isn't: it has been copied
 * into its own. False: `before` is no part of it, something began anew; of no use any more. Exemplars stay.
 */
bool point_subtract(struct metric_point *p, struct point_room *room,
		    const struct metric_point *before);

/*
 * Copies the lists into the room. With `keeps` set the bounds, too, and exemplars lose their attributes,
 * which would have no end: then nothing is borrowed any more but texts and the point's own attributes.
 */
bool point_own(struct metric_point *p, struct point_room *room, struct arena *a);

/* The numbers alone, of gauges too; and when they were counted. */
void point_add_number(struct metric_point *to, const struct metric_point *from);
void point_add_times(struct metric_point *to, const struct metric_point *from);

/* Has it buckets from which its quantiles can be worked out? Of SUMMARY and EXPONENTIAL. */
bool point_has_buckets(const struct metric_point *p);
