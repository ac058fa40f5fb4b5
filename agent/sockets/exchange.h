/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchange: a request and what it is answered, between the two directions of a connection; and the reading
 * of its head.
 *
 *     e = exchange_new(&c->own, 2);    held by both sides, NULL: no room, counted
 *     exchange_over(e);                it has ended: nobody finds it as living any more
 *     exchange_let_go(e);              each side once: the last gives it back
 *
 * A connection has one of its own, which nearly all of its exchanges are; more come from a pool.
 *
 * Its memory never goes away, but becomes another exchange's: who looks at one that it doesn't hold asks
 * exchange_lives with the serial it saw, or takes a hold and looks again whether it is the one.
 */
#pragma once

#include <stdatomic.h>

#include "agent/agent.h"
#include "agent/http/client.h"
#include "agent/http/headers.h"
#include "agent/http/http1.h"
#include "agent/http/server.h"
#include "agent/pool.h"
#include "agent/single.h"

struct exchange {
	struct pool_item item;
	_Atomic uint32_t serial;  /* odd while it is under way; an item's next use has another */
	_Atomic uint32_t holders; /* the sides that still look at it */
	_Atomic uint32_t child;	  /* sockets_child when it began, */
	uint32_t forks;		  /* and sockets_forks */
	uint8_t to;		  /* enum http1_to */
	bool upgrade;		  /* it may turn the connection into something else */
	bool expects;		  /* 100 before its body */
	_Atomic bool is_served;
	bool is_own;		 /* a connection's: of no pool, free when nobody holds it */
	_Atomic bool has_called; /* of a served one, for whose.h, and so is `mark` */
	_Atomic uint32_t mark;
	uint16_t status; /* of the response's head, once it is there */
	_Atomic uint64_t request_bytes;
	struct exchange *parent; /* of a called one: the served one that it is made for, */
	uint32_t parent_serial;	 /* if that is still under way */
	union {
		struct server_request served;
		struct client_request called;
	} as;
};

static inline bool exchange_lives(const struct exchange *e, uint32_t serial)
{
	return (serial & 1) && atomic_load_explicit(&e->serial, memory_order_relaxed) == serial;
}

extern struct pool sockets_exchanges, sockets_readings;

/* Counted up by each fork, and in each child. */
extern _Atomic uint32_t sockets_forks, sockets_child;

/* `own`: the connection's, which is taken if it is free. `sides`: how many hold it, 1 or 2. */
struct exchange *exchange_new(struct exchange *own, uint32_t sides);

/* One side at a time makes it begin and end. */
static inline void exchange_next(struct exchange *e)
{
	uint32_t was = atomic_load_explicit(&e->serial, memory_order_relaxed);

	atomic_store_explicit(&e->serial, was + 1, memory_order_relaxed);
}

static inline void exchange_over(struct exchange *e)
{
	exchange_next(e);
}

static inline void exchange_let_go(struct exchange *e)
{
	bool is_own = e->is_own;

	if (single_fetch_sub(&e->holders, 1) == 1 && !is_own)
		pool_give(&sockets_exchanges, e);
}

/* One that another thread may end and let go of meanwhile; false: it has. */
static inline bool exchange_hold(struct exchange *e)
{
	uint32_t n = atomic_load_explicit(&e->holders, memory_order_relaxed);

	while (n &&
	       !atomic_compare_exchange_weak_explicit(&e->holders, &n, n + 1, memory_order_acquire,
						      memory_order_relaxed))
		;
	return n > 0;
}

/* These two are asked of one that isn't held, too. */
static inline bool exchange_is_served(const struct exchange *e)
{
	return atomic_load_explicit(&e->is_served, memory_order_relaxed);
}

/* Not a parent process's. */
static inline bool exchange_is_ours(const struct exchange *e)
{
	return atomic_load_explicit(&e->child, memory_order_relaxed) ==
	       atomic_load_explicit(&sockets_child, memory_order_relaxed);
}

/* A head on its way, and what is made of it. Taken while it comes. */
struct reading {
	struct pool_item item;
	struct http1_head head;
	struct headers headers;
	char url[1100];
};

static inline struct reading *reading_take(void)
{
	struct reading *r = pool_take(&sockets_readings);

	if (!r)
		agent_missed("sockets");
	return r;
}

static inline void reading_give(struct reading *r)
{
	if (r)
		pool_give(&sockets_readings, r);
}

void reading_headers(struct reading *r);
