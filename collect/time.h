/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: from what a record carries to nanoseconds since the epoch.
 *
 *     struct timeline t;
 *     timeline_start(&t);                     takes a millisecond: it measures the counter's rate
 *     timeline_anchor(&t);                    each second: the clocks drift apart
 *     uint64_t ns = timeline_real(&t, at);
 *
 * A duration never comes from the wall clock: a span's end is its start on the wall plus what the
 * monotonic source (or the counter) says went by, so a step of the wall clock between the two
 * doesn't show. Any bits are a valid time; the result is held within what 64 bits can say.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum instant_source {
	INSTANT_TSC,
	INSTANT_MONO,
	INSTANT_REAL,
};

struct instant {
	uint64_t value;
	enum instant_source source;
};

/* One moment as three clocks saw it, and how fast the counter runs. */
struct timeline {
	uint64_t tsc, mono, real;
	uint64_t rate; /* nanoseconds a tick, 32 bits after the point */
};

void timeline_start(struct timeline *t);
void timeline_anchor(struct timeline *t);

uint64_t timeline_mono(const struct timeline *t, struct instant at);
uint64_t timeline_real(const struct timeline *t, struct instant at);

/* Where `end` lies for something that began at `start`, which is `start_real` on the wall. */
uint64_t timeline_end(const struct timeline *t, struct instant start, uint64_t start_real,
		      struct instant end);
