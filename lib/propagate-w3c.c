/* SPDX-License-Identifier: Apache-2.0 */
/* W3C's propagators: traceparent and tracestate; baggage. */
#include "lib/propagate.h"

#include "base/trace-state.h"
#include "lib/sampler.h"
#include "lib/w3c.h"

enum { STATE_MEMBERS = 32, STATE_MEMBER_LONG = 128 };

/* Trace Context 3.3.1.5: long members are left out first, then others, each time from the end. */
static struct str state_that_fits(struct found *f, struct str state)
{
	struct str member[STATE_MEMBERS], all = { f->text + f->n, 0 };
	size_t n = 0, total = 0;

	while (n < STATE_MEMBERS && str_next(&state, ',', &member[n]))
		total += member[n++].n + 1;
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = n; i-- && total > TRACE_STATE_MOST + 1;)
			if (member[i].n > (pass ? 0 : STATE_MEMBER_LONG)) {
				total -= member[i].n + 1;
				member[i].n = 0;
			}
	for (size_t i = 0; i < n; i++) {
		if (all.n && member[i].n)
			all.n += found_keep(f, STR(",")).n;
		all.n += found_keep(f, member[i]).n;
	}
	return all;
}

/* The trace state only means something beside a valid parent; baggage stands by itself. */
static void tracecontext_extract(struct found *f, const struct source *from)
{
	struct str state;

	if (!w3c_traceparent(&f->context, field(from, "traceparent")))
		return;
	f->parent = true;
	f->carried.deferred = false;
	state = str_trim(field(from, "tracestate"));
	if (w3c_tracestate_valid(state))
		f->carried.trace_state =
			state.n > TRACE_STATE_MOST ? state_that_fits(f, state) : state;
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
