/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/current.h"

#include "agent/sockets/connection.h"
#include "base/hot.h"
#include "lib/watcher.h"
#include "oriel.h"

__thread struct current current_here = { .raw_fd = -1 };

/* agent/preload/vfork-x86-64.S */
_Static_assert(offsetof(struct current, vforks) == 16, "where the mark of a vfork child lies");

static void detached(struct current *c)
{
	c->token = 0;
	c->exchange = NULL;
}

HOT void current_set(struct exchange *e, bool new_request)
{
	struct current *c = &current_here;

	if (c->token && c->exchange == e && c->serial == e->serial)
		return;
	if (c->token && !oriel_context_leave(c->token)) {
		if (!new_request)
			return;
		oriel_context_detach(c->token);
	}
	c->token = oriel_context_attach(server_context(&e->as.served));
	c->exchange = e;
	c->serial = e->serial;
}

HOT void current_drop(const struct exchange *e)
{
	struct current *c = &current_here;

	if (c->token && (!e || c->exchange == e) && oriel_context_leave(c->token))
		detached(c);
}

struct exchange *current_exchange(void)
{
	struct current *c = &current_here;

	return c->token && exchange_lives(c->exchange, c->serial) ? c->exchange : NULL;
}
