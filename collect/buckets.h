/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets: those of an exponential histogram (struct buckets in wire/series.h), added up to one point.
 */
#pragma once

#include "collect/area.h"
#include "model/telemetry.h"

/*
 * Scale, buckets, zeros and count, of what the series' cells say. False: for want of memory.
 * What is not whole is left out.
 */
bool buckets_point(struct metric_point *p, const struct area *a, const uint64_t *cell,
		   struct arena *arena);
