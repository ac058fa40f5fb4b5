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
	struct carried carried = { { "", 0 }, { "", 0 }, { "", 0 } };
	bool found = (how & PROPAGATE_TRACECONTEXT) && w3c_traceparent(&c, str_of(traceparent));

	if (!out)
		return false;
	if (found && w3c_tracestate_valid(str_of(tracestate)))
		carried.trace_state = str_trim(str_of(tracestate));
	if ((how & PROPAGATE_BAGGAGE) && w3c_baggage_valid(str_of(baggage)))
		carried.baggage = str_trim(str_of(baggage));
	c.carry = carry_make(carried);
	*out = c;
	return found;
}

bool oriel_context_extract(struct oriel_context *out,
			   const char *(*get)(void *carrier, const char *name), void *carrier)
{
	unsigned how = process.config.propagators;
	const char *traceparent;

	if (!get)
		return oriel_context_parse(out, NULL, NULL, NULL);
	traceparent = how & PROPAGATE_TRACECONTEXT ? get(carrier, "traceparent") : NULL;
	return oriel_context_parse(out, traceparent,
				   traceparent ? get(carrier, "tracestate") : NULL,
				   how & PROPAGATE_BAGGAGE ? get(carrier, "baggage") : NULL);
}

void oriel_context_inject(void (*set)(void *carrier, const char *name, const char *value),
			  void *carrier)
{
	struct thread *t = oriel_gate.recording ? thread_self() : NULL;
	unsigned how = process.config.propagators;
	struct carried c;
	char parent[56];

	if (!t || !set)
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

/* Every member but those of `key`, to `to` if it isn't NULL; how many bytes. */
static size_t baggage_others(char *to, struct str all, struct str key)
{
	size_t n = 0;

	while (all.n) {
		struct cut item = str_cut(all, ',');
		struct str member = str_trim(item.head);

		all = item.tail;
		if (!member.n ||
		    str_eq(str_trim(str_cut(str_cut(member, ';').head, '=').head), key))
			continue;
		if (to && n)
			to[n] = ',';
		n += n > 0;
		if (to)
			memcpy(to + n, member.p, member.n);
		n += member.n;
	}
	return n;
}

void oriel_baggage_set(const char *key, const char *value)
{
	struct thread *t = oriel_gate.recording ? thread_self() : NULL;
	struct entry *e = t ? &t->entry[t->depth] : NULL;
	struct str k = str_of(key), v = str_of(value);
	struct carried old;
	size_t others, n;
	char *to = NULL;
	uint16_t carry;

	if (!e || !w3c_token_valid(k))
		return;
	old = carry_read(entry_carry(e));
	n = others = baggage_others(NULL, old.baggage, k);
	if (value)
		n += (others > 0) + k.n + 1 + w3c_encoded_n(v);
	old.baggage.n = n;
	carry = carry_reserve(old, &to);
	if (!carry && (n || old.trace_state.n || old.request_id.n))
		return;
	old = carry_read(entry_carry(e));
	if (carry && n)
		baggage_others(to, old.baggage, k);
	if (carry && value) {
		to += others;
		if (others)
			*to++ = ',';
		memcpy(to, k.p, k.n);
		to[k.n] = '=';
		w3c_encode(to + k.n + 1, v);
	}
	context_carry(e, carry);
}

int oriel_baggage_get(const char *key, char *out, size_t size)
{
	struct thread *t = thread_if_any();
	struct str member, value;
	size_t n;

	if (!out)
		size = 0;
	if (size)
		out[0] = '\0';
	if (!t || !key ||
	    !w3c_baggage_find(carry_read(entry_carry(thread_top(t))).baggage, str_of(key), &member,
			      &value))
		return -1;
	n = w3c_decode(out, size ? size - 1 : 0, value);
	if (size)
		out[n < size ? n : size - 1] = '\0';
	return (int)n;
}
