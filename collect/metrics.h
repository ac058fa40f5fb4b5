/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: the series of a process (wire/series.h), as they are at this moment.
 *
 * The whole area is copied under the guard into the batch's own memory, and then read from there;
 * names and attributes lie in that copy.
 */
#pragma once

#include "collect/intake.h"
#include "model/batch.h"

/* A batch with a point a series; *out is NULL if there is none. -EFAULT: the segment was cut short. */
int metrics_snapshot(struct batch **out, struct intake *in, struct resource *resource,
		     uint64_t now_real_ns);

/* Says of gauges and sums that may fall how processes' values become one (collect/gauge-mode.h). */
void metrics_combine(struct batch *b, const struct settings *settings);
