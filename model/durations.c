/* SPDX-License-Identifier: Apache-2.0 */
#include "model/durations.h"

const double durations_bounds[DURATIONS_BUCKETS - 1] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
							 0.5,	1,    2.5,   5,	   10 };

void durations_add(struct durations *d, uint64_t took_ns)
{
	double s = (double)took_ns / 1e9;
	size_t i = 0;

	while (i < DURATIONS_BUCKETS - 1 && s > durations_bounds[i])
		i++;
	d->min = !d->n || s < d->min ? s : d->min;
	d->max = !d->n || s > d->max ? s : d->max;
	d->sum += s;
	d->bucket[i]++;
	d->n++;
}
