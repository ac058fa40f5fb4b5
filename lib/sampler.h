/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampler: is a new trace taken? For those that begin here; a parent's word counts before ("ParentBased").
 *
 *     rules      ORIEL_SAMPLING_RULES: the first that holds for the first span (base/sampling.h)
 *     share      OTEL_TRACES_SAMPLER, as the control block has it by now
 *     limit      ORIEL_SAMPLING_LIMIT: of those that are taken so far, so many a second and process
 *
 * A trace that is one of a share says of which: as `ot=th:...` in its trace state, so that who counts it
 * knows for how many it stands. What is kept of that with a context is a number, ENTRY_SHARE.
 */
#pragma once

#include "lib/carry.h"
#include "lib/thread.h"

enum { SAMPLER_STATE = CARRY_TRACESTATE_MOST + 32 };

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

/* `state` with what an entry's share says; `state` itself if it has none. */
struct str sampler_state(char room[SAMPLER_STATE], const struct entry *e, struct str state);
