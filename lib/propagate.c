/* SPDX-License-Identifier: Apache-2.0 */
/* Propagate: contexts in and out of headers and of the environment ("Propagators API"). */
#include "lib/carry.h"
#include "lib/context.h"
#include "lib/w3c.h"

/* The trace state only means something beside a valid parent; baggage stands by itself. */
bool oriel_context_parse(struct oriel_context *out, const char *traceparent, const char *tracestate,
			 const char *baggage)
{
	unsigned how = process.config.propagators;
	struct oriel_context c = { 0 };
	struct carried carried = { { "", 0 }, { "", 0 } };
	bool found = (how & PROPAGATE_TRACECONTEXT) && w3c_traceparent(&c, str_of(traceparent));

	if (found && w3c_tracestate_valid(str_of(tracestate)))
		carried.trace_state = str_trim(str_of(tracestate));
	if ((how & PROPAGATE_BAGGAGE) && w3c_baggage_valid(str_of(baggage)))
		carried.baggage = str_trim(str_of(baggage));
	c.carry = carry_make(carried);
	*out = c;
	return found;
}

bool oriel_context_extract(struct oriel_context *out, const char *(*get)(void *carrier, const char *name),
			   void *carrier)
{
	unsigned how = process.config.propagators;
	const char *traceparent = how & PROPAGATE_TRACECONTEXT ? get(carrier, "traceparent") : NULL;

	return oriel_context_parse(out, traceparent, traceparent ? get(carrier, "tracestate") : NULL,
				   how & PROPAGATE_BAGGAGE ? get(carrier, "baggage") : NULL);
}

void oriel_context_inject(void (*set)(void *carrier, const char *name, const char *value), void *carrier)
{
	struct thread *t = oriel_gate.recording ? thread_self() : NULL;
	unsigned how = process.config.propagators;
	struct carried c;
	char parent[56];

	if (!t)
		return;
	c = carry_read(entry_carry(thread_top(t)));
	if ((how & PROPAGATE_TRACECONTEXT) && oriel_traceparent(parent)) {
		set(carrier, "traceparent", parent);
		if (c.trace_state.n)
			set(carrier, "tracestate", c.trace_state.p);
	}
	if ((how & PROPAGATE_BAGGAGE) && c.baggage.n)
		set(carrier, "baggage", c.baggage.p);
}

/* What stands before and after a member that goes, without the comma that went with it. */
static void baggage_without(struct str all, struct str key, struct str *before, struct str *after)
{
	struct str member, value;

	*before = all;
	*after = STR("");
	if (!w3c_baggage_find(all, key, &member, &value))
		return;
	*before = str_first(all, (size_t)(member.p - all.p));
	*after = str_from(all, before->n + member.n);
	if (after->n)
		*after = str_from(*after, 1);
	else if (before->n)
		before->n--;
}

/* The current entry gets a carry of its own, unless it is full of somebody else's. */
static void baggage_replace(struct entry *e, uint16_t carry)
{
	uint16_t old = e->meta & ENTRY_OWNS_CARRY ? entry_carry(e) : 0;

	e->meta = (e->meta & ~(ENTRY_OWNS_CARRY | 0xffffull << 16)) | (uint64_t)carry << 16 |
		  (carry ? ENTRY_OWNS_CARRY : 0);
	carry_drop(old);
}

void oriel_baggage_set(const char *key, const char *value)
{
	struct thread *t = oriel_gate.recording ? thread_self() : NULL;
	struct entry *e = t ? &t->entry[t->depth] : NULL;
	struct str k = str_of(key), v = str_of(value), before, after;
	struct carried old;
	size_t n;
	char *to = NULL;
	uint16_t carry;

	if (!e || !w3c_token_valid(k))
		return;
	old = carry_read(entry_carry(e));
	baggage_without(old.baggage, k, &before, &after);
	if (before.n && before.p[before.n - 1] == ',')
		before.n--;
	n = before.n + (before.n && after.n) + after.n;
	if (value)
		n += (n > 0) + k.n + 1 + w3c_encoded_n(v);
	carry = carry_reserve(old.trace_state, n, &to);
	if (!carry && (n || old.trace_state.n))
		return;
	if (carry && n) {
		char *from = to;

		memcpy(to, before.p, before.n);
		to += before.n;
		if (before.n && after.n)
			*to++ = ',';
		memcpy(to, after.p, after.n);
		to += after.n;
		if (value) {
			if (to > from)
				*to++ = ',';
			memcpy(to, k.p, k.n);
			to[k.n] = '=';
			w3c_encode(to + k.n + 1, v);
		}
	}
	baggage_replace(e, carry);
}

int oriel_baggage_get(const char *key, char *out, size_t size)
{
	struct thread *t = thread_if_any();
	struct str member, value;
	size_t n;

	if (size)
		out[0] = '\0';
	if (!t || !w3c_baggage_find(carry_read(entry_carry(thread_top(t))).baggage, str_of(key), &member, &value))
		return -1;
	n = w3c_decode(out, size ? size - 1 : 0, value);
	if (size)
		out[n < size ? n : size - 1] = '\0';
	return (int)n;
}
