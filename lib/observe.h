/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observe: values that nobody records, asked for when somebody reads (Metrics API, "Asynchronous
 * instruments"): by callbacks, in the one thread that the library ever starts, or by address.
 *
 * The collector asks by one more in the segment's `observe_asked` and a futex call; who has answered
 * says so in `observed`.
 */
#pragma once

#include "lib/metric.h"
#include "oriel-scope.h"

#include <stdbool.h>

/* Registering and what is called are one at a time. False: within a callback already. */
bool observe_begin(void);
void observe_end(void);

/* The thread that answers; under observe_begin. */
void observe_help(void);

/* In a forked child, and then, if that records: the same callbacks and addresses, in its own segment. */
void observe_forked(void);
void observe_again(void);

/* A counter, an up-down counter, a gauge: a distribution can't be observed. */
static inline bool is_number(unsigned what)
{
	return (what & ~(unsigned)ORIEL_F64_OF) - ORIEL_COUNTER < ORIEL_GAUGE;
}

/* The handle of an instrument that is observed, made if need be; NULL: no room, or a view drops it. */
struct handle *instrument_observed(const struct oriel_instrument_of *of);

/* As of this moment; of several with the same attributes by a view, or beyond the limit, the sum. */
void observed_set(struct handle *h, uint32_t at, uint64_t bits, uint64_t now_ns);

uint64_t observe_now_ns(void);

/* lib/watch.c; under observe_begin. */
bool watches_need_help(void);
void watches_read(uint64_t now_ns);
void watches_again(void);
