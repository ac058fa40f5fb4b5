/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Propagate: contexts in and out of headers and of the environment ("Propagators API").
 *
 * A propagator is two functions (lib/propagate.h). They are asked in the order of OTEL_PROPAGATORS; of
 * those that find a valid parent the last has it ("Composite Propagator": each is handed what the one
 * before made, and stores nothing when it finds nothing valid). All of them write.
 *
 * A caller may send its sampling decision without ids: that is a context without ids that is remote.
 */
#include "lib/control.h"
#include "lib/propagate.h"

#include "base/ratio.h"
#include <stdlib.h>

static const struct propagator *const propagators[] = {
#define X(name) &propagator_##name,
	PROPAGATORS(X)
#undef X
};

static const struct propagator *propagator_at(size_t i)
{
	return propagators[process.config.propagator[i]];
}

/* ---- what propagators share --------------------------------------------------------------------- */

static bool sampled_here(const uint8_t trace_id[16])
{
	bool is_set_up = process_is_set_up();
	enum sampler sampler = is_set_up ? control_sampler() : process.config.sampler;
	uint64_t threshold = is_set_up ? control_threshold() : process.config.threshold, low;

	memcpy(&low, trace_id + 8, 8);
	return sampler == SAMPLER_ON ||
	       (sampler == SAMPLER_RATIO && ratio_takes(__builtin_bswap64(low), threshold));
}

static bool is_set(const uint8_t *bytes, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= bytes[i];
	return all != 0;
}

void found_adopt(struct found *f, const struct remote *r, struct str trace_state)
{
	struct oriel_context c = { .remote = 1 };

	if (r->has_ids ? !is_set(r->trace_id, 16) || !is_set(r->span_id, 8)
		       : f->parent || r->sampling == REMOTE_DEFERRED)
		return;
	if (r->has_ids) {
		memcpy(c.trace_id, r->trace_id, 16);
		memcpy(c.span_id, r->span_id, 8);
	}
	if (r->sampling == REMOTE_ACCEPTED || r->sampling == REMOTE_DEBUG ||
	    (r->sampling == REMOTE_DEFERRED && !process.config.disabled &&
	     sampled_here(r->trace_id)))
		c.flags = ORIEL_SAMPLED;
	f->context = c;
	f->parent = r->has_ids;
	f->carried.trace_state = trace_state;
	f->carried.debug = r->sampling == REMOTE_DEBUG;
	f->carried.deferred = r->sampling == REMOTE_DEFERRED && process.config.disabled;
}

struct str found_keep(struct found *f, struct str text)
{
	struct str kept = { f->text + f->n, text.n };

	if (text.n > FOUND_ROOM - f->n)
		return STR("");
	if (text.n)
		memcpy(f->text + f->n, text.p, text.n);
	f->n += text.n;
	return kept;
}

/* ---- in ------------------------------------------------------------------------------------------- */

/* A `key` that a caller's struct is too short for reads as NULL. */
static struct source source_of(const struct oriel_carrier *carrier)
{
	struct source from = { { 0 } };
	size_t n = carrier && carrier->size < sizeof(from.from) ? carrier->size : sizeof(from.from);

	if (carrier)
		memcpy(&from.from, carrier, n);
	return from;
}

bool oriel_context_extract_from(struct oriel_context *out, const struct oriel_carrier *carrier)
{
	struct source from = source_of(carrier);
	struct found f;

	if (!out)
		return false;
	memset(&f, 0, offsetof(struct found, text));
	for (size_t i = 0; from.from.get && i < process.config.n_propagators; i++)
		propagator_at(i)->extract(&f, &from);
	*out = f.context;
	out->carry = carry_make(f.carried);
	return f.parent;
}

bool oriel_context_extract(struct oriel_context *out,
			   const char *(*get)(void *carrier, const char *name), void *carrier)
{
	return oriel_context_extract_from(out, ORIEL_CARRIER(.get = get, .carrier = carrier));
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

/* ---- out ------------------------------------------------------------------------------------------ */

void oriel_context_inject(void (*set)(void *carrier, const char *name, const char *value),
			  void *carrier)
{
	struct thread *t = context_thread();
	struct target to = { set, carrier };
	struct current c;

	if (!t || !set)
		return;
	c.entry = thread_top(t);
	c.carried = carry_read(entry_carry(c.entry));
	for (size_t i = 0; i < process.config.n_propagators; i++)
		if (propagator_at(i)->inject)
			propagator_at(i)->inject(&c, &to);
	for (size_t i = 0; i < process.config.n_propagators; i++)
		if (propagator_at(i)->inject_baggage)
			propagator_at(i)->inject_baggage(&c, &to);
}

/* ---- fields --------------------------------------------------------------------------------------- */

enum { FIELDS_MOST = 32 };

struct fields_found {
	const char *name[FIELDS_MOST];
	size_t n;
};

static void field_note(void *you, const char *name, const char *value)
{
	struct fields_found *f = you;

	(void)value;
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->name[i], name))
			return;
	if (f->n < FIELDS_MOST)
		f->name[f->n++] = name;
}

/* Whatever is set for a context that has everything, sampled by itself or by a debugging caller. */
static void fields_find(struct fields_found *f, const struct thread *t, bool debug)
{
	struct oriel_context c = { .trace_id = { 1 }, .span_id = { 1 }, .flags = ORIEL_SAMPLED };
	const struct target to = { field_note, f };
	struct current now;
	unsigned token;

	c.carry = carry_make((struct carried){ .trace_state = STR("dd=s:1;o:here;t.dm:-1,other=1"),
					       .baggage = STR("k=v"),
					       .debug = debug });
	token = oriel_context_attach(&c);
	now.entry = thread_top(t);
	now.carried = carry_read(entry_carry(now.entry));
	for (size_t i = 0; i < process.config.n_propagators; i++) {
		const struct propagator *p = propagator_at(i);

		if (p->inject)
			p->inject(&now, &to);
		if (p == &propagator_baggage)
			p->inject_baggage(&now, &to);
	}
	oriel_context_detach(token);
	oriel_context_release(&c);
}

size_t oriel_context_fields(const char *names[], size_t most)
{
	struct thread *t = context_thread();
	struct fields_found f = { .n = 0 };

	if (!t)
		return 0;
	fields_find(&f, t, false);
	fields_find(&f, t, true);
	for (size_t i = 0; names && i < f.n && i < most; i++)
		names[i] = f.name[i];
	return f.n;
}
