/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampler: is a new trace taken? For those that begin here; a parent's word counts before ("ParentBased").
 *
 *     rules      ORIEL_SAMPLING_RULES: the first that holds for the first span (base/sampling.h)
 *     share      OTEL_TRACES_SAMPLER, as the control block has it by now; or a strategy, by names, with limits
 *                of its own
 *     limit      ORIEL_SAMPLING_LIMIT: of those that are taken so far, so many a second and process
 *
 * A trace that is one of a share says of which: as `ot=th:...` in its trace state, so that who counts it
 * knows for how many it stands. What is kept of that with a context is a number, ENTRY_SHARE.
 */
#pragma once

#include "base/trace-state.h"
#include "lib/carry.h"
#include "lib/thread.h"
#include "lib/watcher.h"

_Static_assert((int)TRACE_STATE_MOST == (int)CARRY_TRACESTATE_MOST, "what is carried has room");

/* The texts of ORIEL_SAMPLING_RULES and ORIEL_SAMPLING_LIMIT; true if there is anything to ask. */
bool sampler_use(struct str rules, struct str limit);

/* What is known of a span that has no parent to ask. */
struct beginning {
	struct str name;
	enum oriel_kind kind;
	struct oriel_attributes attributes;
	struct str trace_state; /* its remote parent's, if that has no say; or empty */
};

/* Sets e's sampled flag and its share. */
void sampler_choose(struct entry *e, const struct beginning *b);

/*
 * The share of whom no sampler takes, but who is recorded to be counted. It isn't sampled, says nothing in a trace
 * state, and as any share it leads those below it past the short cuts of lib/span.c, which so need not ask.
 */
enum { SHARE_COUNTED = 255 };

uint64_t sampler_least_of_share(const struct entry *e);

/* What a share's random parts are at least; 0: it is of none. */
static inline uint64_t sampler_least(const struct entry *e)
{
	return __builtin_expect(entry_share(e) != 0, 0) ? sampler_least_of_share(e) : 0;
}

/* `state` with what an entry's share says; `state` itself if it has none. */
struct str sampler_state(char room[TRACE_STATE_ROOM], const struct entry *e, struct str state);
