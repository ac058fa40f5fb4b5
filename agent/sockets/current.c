/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/current.h"

#include "agent/sockets/connection.h"
#include "oriel.h"

__thread struct current current_here = { .raw_fd = -1 };

/* agent/preload/vfork-x86-64.S */
_Static_assert(offsetof(struct current, vforks) == 16, "where the mark of a vfork child lies");

/* Is our context on top of this thread's? What is attached next tells: tokens count the depth. */
static bool is_top(const struct current *c)
{
	static const struct oriel_context none;
	unsigned next = oriel_context_attach(&none);

	oriel_context_detach(next);
	return next == c->token + 1;
}

static void detach(struct current *c)
{
	oriel_context_detach(c->token);
	c->token = 0;
	c->exchange = NULL;
}

void current_set(struct exchange *e, bool new_request)
{
	struct current *c = &current_here;

	if (c->token && c->exchange == e && c->serial == e->serial)
		return;
	if (c->token) {
		if (!new_request && !is_top(c))
			return;
		detach(c);
	}
	c->token = oriel_context_attach(server_context(&e->as.served));
	c->exchange = e;
	c->serial = e->serial;
}

void current_drop(const struct exchange *e)
{
	struct current *c = &current_here;

	if (c->token && (!e || c->exchange == e) && is_top(c))
		detach(c);
}

struct exchange *current_exchange(void)
{
	struct current *c = &current_here;

	return c->token && exchange_lives(c->exchange, c->serial) ? c->exchange : NULL;
}
