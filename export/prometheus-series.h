/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series: a family's points with their labels written, each set of labels once.
 *
 *     series_begin(&s, n_points);                    for each family
 *     series_add(&s, p, &labels);                    for each of its points
 *     s.item[i].point, series_labels(&s, i)
 *     series_fini(&s);                               at the end
 *
 * A point whose labels were there before is added to the one that has them: sums and histograms of
 * equal bounds; of gauges and the rest the first stays, and the other is counted.
 */
#pragma once

#include "base/arena.h"
#include "export/prometheus-labels.h"

struct series_item {
	const struct metric_point *point;
	size_t at;
	uint32_t n;
	uint32_t hash;
};

struct series {
	struct series_item *item;
	size_t n, room, expected;
	uint32_t *slot; /* which, + 1; a power of two */
	size_t n_slots;
	struct out text;    /* all labels */
	struct arena arena; /* points that were added up */
	int error;
};

void series_begin(struct series *s, size_t n_points);
void series_add(struct series *s, const struct metric_point *p, struct labels *l);
void series_fini(struct series *s);

static inline struct str series_labels(const struct series *s, size_t i)
{
	return (struct str){ s->text.p + s->item[i].at, s->item[i].n };
}
