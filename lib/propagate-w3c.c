/* SPDX-License-Identifier: Apache-2.0 */
/* W3C's propagators: traceparent and tracestate; baggage. */
#include "lib/propagate.h"

#include "lib/sampler.h"
#include "lib/w3c.h"

/* The trace state only means something beside a valid parent; baggage stands by itself. */
static void tracecontext_extract(struct found *f, const struct source *from)
{
	struct str state;

	if (!w3c_traceparent(&f->context, field(from, "traceparent")))
		return;
	f->parent = true;
	state = field(from, "tracestate");
	f->carried.trace_state = w3c_tracestate_valid(state) ? str_trim(state) : STR("");
}

static void tracecontext_inject(const struct current *c, const struct target *to)
{
	struct str state = c->carried.trace_state;
	char parent[56], room[TRACE_STATE_ROOM];

	if (!oriel_traceparent(parent))
		return;
	to->set(to->carrier, "traceparent", parent);
	state = sampler_state(room, c->entry, state);
	if (state.n)
		to->set(to->carrier, "tracestate", state.p);
}

const struct propagator propagator_tracecontext = { tracecontext_extract, tracecontext_inject,
						    NULL };

/* One member that is none is no reason to lose the others; as many of these as there is room for. */
static struct str baggage_of_sense(struct found *f, struct str header)
{
	struct str all = { f->text + f->n, 0 }, member;

	while (str_next(&header, ',', &member)) {
		if (!w3c_baggage_valid(member) || member.n >= FOUND_ROOM - f->n)
			continue;
		if (all.n)
			all.n += found_keep(f, STR(",")).n;
		all.n += found_keep(f, member).n;
	}
	return all;
}

static void baggage_extract(struct found *f, const struct source *from)
{
	struct str baggage = str_trim(field(from, "baggage"));

	if (w3c_baggage_valid(baggage))
		f->carried.baggage = baggage;
	else if (baggage.n <= BAGGAGE_MOST)
		f->carried.baggage = baggage_of_sense(f, baggage);
}

static void baggage_inject(const struct current *c, const struct target *to)
{
	if (c->carried.baggage.n)
		to->set(to->carrier, "baggage", c->carried.baggage.p);
}

const struct propagator propagator_baggage = { baggage_extract, NULL, baggage_inject };
