/* SPDX-License-Identifier: Apache-2.0 */
/* Point: metric points of one series, from several processes or scopes, as one. */
#pragma once

#include "model/telemetry.h"

double point_number(const struct metric_point *p);

/* Sums of one sort, or histograms of equal bounds; never gauges. */
bool point_can_add(const struct metric_point *a, const struct metric_point *b);

/*
 * What can be added. `buckets` is memory of to's own for its n_bounds + 1 buckets, which `to` points
 * to from here on; it may be where they are already. Not used for numbers.
 */
void point_add(struct metric_point *to, uint64_t *buckets, const struct metric_point *from);

/* The numbers alone, of gauges too. */
void point_add_number(struct metric_point *to, const struct metric_point *from);
