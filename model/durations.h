/* SPDX-License-Identifier: Apache-2.0 */
/* Durations: how long something took, as a histogram over bounds that are the same for all. {0} is none. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DURATIONS_BUCKETS = 12 };

extern const double durations_bounds[DURATIONS_BUCKETS - 1]; /* seconds */

struct durations {
	uint64_t bucket[DURATIONS_BUCKETS], n;
	double sum, min, max; /* seconds */
};

void durations_add(struct durations *d, uint64_t took_ns);
