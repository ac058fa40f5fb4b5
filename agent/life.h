/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life: is the request still there that something was asked for?
 *
 *     struct life before = life_now;
 *     life_now = (struct life){ &q->ended, ended };      while the request's code runs in this thread
 *     ...
 *     life_now = before;
 *
 * A request that ends adds one to its counter: what was left behind for it is then out of date. So a
 * connection or a response that the first request has made isn't taken for its own for good.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct life {
	const _Atomic uint32_t *counter; /* in memory that stays; NULL: no request */
	uint32_t value;
};

extern __thread struct life life_now;

static inline struct life life_of(const _Atomic uint32_t *counter)
{
	return (struct life){ counter, atomic_load_explicit(counter, memory_order_relaxed) };
}

static inline bool life_goes_on(struct life l)
{
	return l.counter && atomic_load_explicit(l.counter, memory_order_relaxed) == l.value;
}
