/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponential: histograms whose bounds are powers of 2^(2^-scale), of kind EXPONENTIAL or of SUMMARY.
 *
 *     exponential_add(&to, memory, from);              one scale, and the buckets one by one
 *     v = exponential_quantile(p, 0.95);
 *     n = exponential_explicit(p, bounds, buckets);    as one of explicit bounds
 *
 * Buckets of a scale one lower hold two of this one's, so that two histograms always have a scale in
 * common: the lower one's, or one lower still, when all that is used would not fit otherwise.
 * Offsets and scales are foreign: nothing here is more than the memory that it was given, whatever they are.
 */
#pragma once

#include "model/telemetry.h"

/* Buckets of one sign: what OpenTelemetry's own have, and the most that is ever kept. */
enum { EXPONENTIAL_USUAL = 160, EXPONENTIAL_MOST = 2048 };

/* Where the buckets of a sum are: `room` of them twice, the negative ones behind the positive. */
struct exponential_memory {
	uint64_t *count;
	size_t room; /* >= 4 */
};

/* How many buckets of one sign are in use, the empty ones at the ends left out; the larger of both. */
size_t exponential_width(const struct metric_point *p);

/* Into the memory, at a scale at which it fits. */
void exponential_copy(struct metric_point *p, struct exponential_memory m);

/* Scale, buckets and zero count; `to` has been copied into the memory before. */
void exponential_add(struct metric_point *to, struct exponential_memory m,
		     const struct metric_point *from);

/* Takes away what was there before; at `from`'s scale at the most. False: it isn't part of `to`. */
bool exponential_subtract(struct metric_point *to, struct exponential_memory m,
			  const struct metric_point *before);

/* The value under which this part of all (0 to 1) lies; NaN if there is none. */
double exponential_quantile(const struct metric_point *p, double q);

/*
 * As explicit bounds, which are powers of two (of four, sixteen, ... if the scale is below 0), the same
 * whenever it is asked. At most EXPLICIT_MOST; buckets one more. Returns how many bounds.
 */
enum { EXPLICIT_MOST = 2 * EXPONENTIAL_MOST + 3 };
size_t exponential_explicit(const struct metric_point *p, double bounds[EXPLICIT_MOST],
			    uint64_t buckets[EXPLICIT_MOST + 1]);
