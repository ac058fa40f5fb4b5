/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Propagate: contexts in and out of headers and of the environment ("Propagators API").
 *
 * A propagator is a row of two functions. They are asked in the order of OTEL_PROPAGATORS; of those
 * that find a valid parent the last has it ("Composite Propagator": each is handed what the one before
 * made, and stores nothing when it finds nothing valid). All of them write.
 *
 * A caller may send its sampling decision without ids: that is a context without ids that is remote.
 */
#include "lib/b3.h"
#include "lib/carry.h"
#include "lib/context.h"
#include "lib/w3c.h"

#include <stdlib.h>

typedef const char *(*getter)(void *carrier, const char *name);
typedef void (*setter)(void *carrier, const char *name, const char *value);

struct source {
	getter get;
	void *carrier;
};

static struct str field(const struct source *from, const char *name)
{
	return str_of(from->get(from->carrier, name));
}

struct found {
	struct oriel_context context;
	struct carried carried;
	bool parent;
};

struct target {
	setter set;
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
};

/* ---- W3C --------------------------------------------------------------------------------------- */

/* The trace state only means something beside a valid parent; baggage stands by itself. */
static void extract_tracecontext(struct found *f, const struct source *from)
{
	struct str state;

	if (!w3c_traceparent(&f->context, field(from, "traceparent")))
		return;
	f->parent = true;
	state = field(from, "tracestate");
	f->carried.trace_state = w3c_tracestate_valid(state) ? str_trim(state) : STR("");
}

static void inject_tracecontext(const struct current *c, const struct target *to)
{
	char parent[56];

	if (!oriel_traceparent(parent))
		return;
	to->set(to->carrier, "traceparent", parent);
	if (c->carried.trace_state.n)
		to->set(to->carrier, "tracestate", c->carried.trace_state.p);
}

static void extract_baggage(struct found *f, const struct source *from)
{
	struct str baggage = field(from, "baggage");

	if (w3c_baggage_valid(baggage))
		f->carried.baggage = str_trim(baggage);
}

static void inject_baggage(const struct current *c, const struct target *to)
{
	if (c->carried.baggage.n)
		to->set(to->carrier, "baggage", c->carried.baggage.p);
}

/* ---- B3 ---------------------------------------------------------------------------------------- */

/* Nobody has decided yet: what our own sampler says of this trace id. */
static bool sampled_here(const uint8_t trace_id[16])
{
	uint64_t low;

	memcpy(&low, trace_id + 8, 8);
	return process.config.sampler == SAMPLER_ON ||
	       (process.config.sampler == SAMPLER_RATIO &&
		__builtin_bswap64(low) < process.config.threshold);
}

static void adopt_b3(struct found *f, const struct b3 *b)
{
	struct oriel_context c = { .remote = 1 };

	if (!b->has_ids && f->parent)
		return;
	if (b->has_ids) {
		memcpy(c.trace_id, b->trace_id, 16);
		memcpy(c.span_id, b->span_id, 8);
	}
	if (b->sampling == B3_ACCEPTED || b->sampling == B3_DEBUG ||
	    (b->sampling == B3_DEFERRED && sampled_here(b->trace_id)))
		c.flags = ORIEL_SAMPLED;
	f->context = c;
	f->parent = b->has_ids;
	f->carried.trace_state = STR("");
	f->carried.debug = b->sampling == B3_DEBUG;
}

/* Both read both forms, the single one first ("B3 Extract"). */
static void extract_b3(struct found *f, const struct source *from)
{
	struct b3 b;

	if (b3_single(&b, field(from, "b3")) ||
	    b3_multi(&b, field(from, "x-b3-traceid"), field(from, "x-b3-spanid"),
		     field(from, "x-b3-sampled"), field(from, "x-b3-flags")))
		adopt_b3(f, &b);
}

static enum b3_sampling b3_sampling(const struct current *c)
{
	if (!(entry_flags(c->entry) & ORIEL_SAMPLED))
		return B3_DENIED;
	return c->carried.debug ? B3_DEBUG : B3_ACCEPTED;
}

static void inject_b3(const struct current *c, const struct target *to)
{
	char text[B3_ROOM];

	if (!c->entry->span_id)
		return;
	b3_write(text, (const uint8_t *)c->entry->trace_id, (const uint8_t *)&c->entry->span_id,
		 b3_sampling(c));
	to->set(to->carrier, "b3", text);
}

/* Debug says that it is sampled, so that isn't said again. */
static void inject_b3multi(const struct current *c, const struct target *to)
{
	enum b3_sampling sampling = b3_sampling(c);
	char text[B3_ROOM];

	if (!c->entry->span_id)
		return;
	b3_write(text, (const uint8_t *)c->entry->trace_id, (const uint8_t *)&c->entry->span_id,
		 sampling);
	text[32] = text[49] = '\0';
	to->set(to->carrier, "X-B3-TraceId", text);
	to->set(to->carrier, "X-B3-SpanId", text + 33);
	if (sampling == B3_DEBUG)
		to->set(to->carrier, "X-B3-Flags", "1");
	else
		to->set(to->carrier, "X-B3-Sampled", text + 50);
}

/* ---- all of them ------------------------------------------------------------------------------- */

#define extract_b3multi extract_b3

static const struct propagator propagators[] = {
#define X(name) { extract_##name, inject_##name },
	PROPAGATORS(X)
#undef X
};

bool oriel_context_extract(struct oriel_context *out,
			   const char *(*get)(void *carrier, const char *name), void *carrier)
{
	struct source from = { get, carrier };
	struct found f = { 0 };

	if (!out)
		return false;
	for (size_t i = 0; get && i < process.config.n_propagators; i++)
		propagators[process.config.propagator[i]].extract(&f, &from);
	*out = f.context;
	out->carry = carry_make(f.carried);
	return f.parent;
}

struct texts {
	const char *traceparent, *tracestate, *baggage;
};

static const char *texts_get(void *carrier, const char *name)
{
	const struct texts *t = carrier;

	if (!strcmp(name, "traceparent"))
		return t->traceparent;
	if (!strcmp(name, "tracestate"))
		return t->tracestate;
	return !strcmp(name, "baggage") ? t->baggage : NULL;
}

bool oriel_context_parse(struct oriel_context *out, const char *traceparent, const char *tracestate,
			 const char *baggage)
{
	struct texts texts = { traceparent, tracestate, baggage };

	return oriel_context_extract(out, texts_get, &texts);
}

/* TRACEPARENT, X_B3_TRACEID: names of fields as the environment has them. */
static const char *environment_get(void *carrier, const char *name)
{
	char variable[32];
	size_t n = 0;

	(void)carrier;
	for (; name[n] && n + 1 < sizeof(variable); n++)
		variable[n] = name[n] == '-'			 ? '_'
			      : name[n] >= 'a' && name[n] <= 'z' ? (char)(name[n] - 32)
								 : name[n];
	variable[n] = '\0';
	return getenv(variable);
}

bool context_of_environment(struct oriel_context *out)
{
	return oriel_context_extract(out, environment_get, NULL);
}

void oriel_context_inject(void (*set)(void *carrier, const char *name, const char *value),
			  void *carrier)
{
	struct thread *t = oriel_gate.recording ? thread_self() : NULL;
	struct target to = { set, carrier };
	struct current c;

	if (!t || !set)
		return;
	c.entry = thread_top(t);
	c.carried = carry_read(entry_carry(c.entry));
	for (size_t i = 0; i < process.config.n_propagators; i++)
		propagators[process.config.propagator[i]].inject(&c, &to);
}

/* ---- baggage ----------------------------------------------------------------------------------- */

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
	if (!carry && (n || old.trace_state.n || old.request_id.n || old.debug))
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
