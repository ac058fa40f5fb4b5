/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tally: points of many processes as those of one service.
 *
 *     struct tally t = { 0 };
 *     tally_add(&t, batch, TALLY_LIVE);         every point finds its series, or makes it
 *     b = tally_batch(&t, resource);            borrows everything but the numbers
 *     tally_fini(&t);
 *
 * Sums and histograms add up; gauges combine as their mode says. With `keeps` set the tally copies
 * all that it keeps, so that batches may go; without it they must stay as long as the tally does.
 *
 * A histogram that comes with other bounds than it had begins anew, and is counted. There are at most
 * `most` series; what would be one more is added to its instrument's overflow series.
 */
#pragma once

#include "base/arena.h"
#include "model/batch.h"

enum tally_of { TALLY_LIVE, TALLY_DEAD };

struct tally_series;
struct tally_instrument;

struct tally {
	bool keeps;
	size_t most; /* 0: any number */
	struct arena arena;
	struct tally_series *series;
	size_t n, room;
	uint32_t *slot; /* which series, + 1; a power of two */
	size_t n_slots;
	struct tally_instrument *instrument;
	size_t n_instruments, room_instruments, recent; /* the one that was found last */
	bool full; /* memory was short: something is missing, and counted */
};

void tally_fini(struct tally *t);
void tally_add(struct tally *t, const struct batch *b, enum tally_of what);

/* One point, as it is: no mode is asked. False: no memory (not counted). */
bool tally_put(struct tally *t, const struct metric_point *p);

/* Every series, those of one instrument together. */
void tally_each(const struct tally *t, void (*each)(const struct metric_point *p, void *you),
		void *you);

/* Points of other tallies' series, as they are: no mode is asked. */
void tally_add_tally(struct tally *t, const struct tally *from);

/* NULL: nothing in it, or no memory. Valid as long as the tally, and what it borrows from. */
struct batch *tally_batch(const struct tally *t, struct resource *resource);
