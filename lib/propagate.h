/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Propagate: what a propagator is. A file and a row of base/propagator.h's list for each.
 *
 * extract finds what its fields say of a parent and of baggage, and leaves *f alone if that is nothing
 * valid; inject writes the current context into fields. Both may run wherever a watched library calls
 * us: no allocation, and little stack.
 */
#pragma once

#include "lib/carry.h"
#include "lib/context.h"
#include "lib/remote.h"

enum { FOUND_ROOM = 1024 };

struct source {
	struct oriel_carrier from;
};

struct found {
	struct oriel_context context;
	struct carried carried;
	bool parent;
	size_t n;	       /* bytes of `text` */
	char text[FOUND_ROOM]; /* what `carried` needs that isn't in a field as it is */
};

struct target {
	void (*set)(void *carrier, const char *name, const char *value);
	void *carrier;
};

/* What is current; the parent may be none. */
struct current {
	const struct entry *entry;
	struct carried carried;
};

struct propagator {
	void (*extract)(struct found *f, const struct source *from);
	void (*inject)(const struct current *c, const struct target *to);
	/*
	 * Its form of baggage, NULL if it has none. That of all comes after the ids of all, so where a
	 * carrier has room for so many fields the trace goes first.
	 */
	void (*inject_baggage)(const struct current *c, const struct target *to);
};

extern const struct propagator propagator_tracecontext, propagator_baggage, propagator_b3,
	propagator_b3multi, propagator_jaeger, propagator_ottrace, propagator_xray,
	propagator_datadog;

static inline struct str field(const struct source *from, const char *name)
{
	return str_of(from->from.get(from->from.carrier, name));
}

/*
 * A parent, or a decision alone, which only counts where there is no parent yet. Where nobody has
 * decided our own sampler does; where nothing is recorded whoever comes after us may. `trace_state` must stay until extract has returned.
 */
void found_adopt(struct found *f, const struct remote *r, struct str trace_state);

/* A copy that stays; empty if there is no room for it. */
struct str found_keep(struct found *f, struct str text);

/* Baggage in a field for each entry, whose names are `prefix` and the key. */
void found_baggage(struct found *f, const struct source *from, struct str prefix);

enum baggage_form {
	BAGGAGE_ENCODED,
	BAGGAGE_PLAIN
}; /* plain: values that a field can't hold stay */
void inject_baggage_fields(const struct current *c, const struct target *to, struct str prefix,
			   enum baggage_form form);

static inline enum remote_sampling current_sampling(const struct current *c)
{
	if (!(entry_flags(c->entry) & ORIEL_SAMPLED))
		return c->carried.deferred ? REMOTE_DEFERRED : REMOTE_DENIED;
	return c->carried.debug ? REMOTE_DEBUG : REMOTE_ACCEPTED;
}

static inline const uint8_t *current_trace_id(const struct current *c)
{
	return (const uint8_t *)c->entry->trace_id;
}

static inline const uint8_t *current_span_id(const struct current *c)
{
	return (const uint8_t *)&c->entry->span_id;
}
