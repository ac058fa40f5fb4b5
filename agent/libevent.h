/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libevent's callbacks keep the context of the request that asked for them. Shared by what is
 * watched on top of libevent (agent/evhttp.c).
 *
 *     struct life before = life_now;
 *     life_now = (struct life){ &q->generation, now };      while the request's code runs
 *     ...
 *     life_now = before;
 *
 * A request that ends adds one to its counter: what was left behind for it is then out of date.
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

static inline bool life_goes_on(struct life l)
{
	return l.counter && atomic_load_explicit(l.counter, memory_order_relaxed) == l.value;
}

/* Are struct event and struct evhttp_request laid out as in the headers that we were built with? */
bool libevent_is_known(void);
