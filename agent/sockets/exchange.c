/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/exchange.h"

#include "base/hot.h"

/* Of these, those that no connection has of its own: the rest of a pipeline. */
enum { EXCHANGES_MOST = 2048, READINGS_MOST = 2048 };

struct pool sockets_exchanges = { .item_bytes = sizeof(struct exchange), .n = EXCHANGES_MOST };
struct pool sockets_readings = { .item_bytes = sizeof(struct reading), .n = READINGS_MOST };

_Static_assert(sizeof(struct exchange) % 8 == 0 && sizeof(struct reading) % 8 == 0,
	       "pools want items of a multiple of 8");

_Atomic uint32_t sockets_forks, sockets_child;

/* Acquire: whoever held it last is done with it. */
static struct exchange *find(struct exchange *own)
{
	struct exchange *e = own;

	if (atomic_load_explicit(&own->holders, memory_order_acquire))
		e = pool_take(&sockets_exchanges);
	if (e)
		e->is_own = e == own;
	else
		agent_missed("sockets");
	return e;
}

HOT struct exchange *exchange_new(struct exchange *own, uint32_t sides)
{
	struct exchange *e = find(own);

	if (!e)
		return NULL;
	atomic_store_explicit(&e->child, atomic_load_explicit(&sockets_child, memory_order_relaxed),
			      memory_order_relaxed);
	e->forks = atomic_load_explicit(&sockets_forks, memory_order_relaxed);
	e->to = HTTP1_TO_OTHER;
	e->upgrade = e->expects = false;
	atomic_store_explicit(&e->is_served, false, memory_order_relaxed);
	atomic_store_explicit(&e->has_called, false, memory_order_relaxed);
	atomic_store_explicit(&e->mark, 0, memory_order_relaxed);
	e->status = 0;
	e->parent = NULL;
	e->parent_serial = 0;
	atomic_store_explicit(&e->request_bytes, 0, memory_order_relaxed);
	atomic_store_explicit(&e->holders, sides, memory_order_relaxed);
	exchange_next(e);
	return e;
}

/* ---- the head that is read --------------------------------------------------------------------- */

static const char *reading_get(void *carrier, const char *name)
{
	return http1_value(carrier, name);
}

void reading_headers(struct reading *r)
{
	headers_begin(&r->headers, reading_get, &r->head);
	for (size_t i = 0; i < r->head.n_fields; i++)
		headers_see(&r->headers, r->head.text + r->head.field[i].name,
			    r->head.text + r->head.field[i].value);
}
