/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/context.h"

#include "base/hex.h"
#include "base/hot.h"
#include "lib/carry.h"
#include "lib/span.h"
#include "lib/watcher.h"

void context_unwind(struct thread *t, uint32_t depth)
{
	while (t->depth > depth) {
		struct entry *e = &t->entry[t->depth];

		if (entry_kind(e) == ENTRY_SPAN)
			span_abandon(t, e->span_id);
		if (e->meta & ENTRY_OWNS_CARRY)
			carry_drop(entry_carry(e));
		e->meta &= ~ENTRY_OWNS_CARRY;
		atomic_signal_fence(memory_order_seq_cst);
		t->depth--;
	}
}

struct oriel_context oriel_context_capture(void)
{
	struct thread *t = context_thread();
	struct oriel_context c = { 0 };

	if (t) {
		context_read(&c, thread_top(t));
		carry_hold(c.carry);
	}
	return c;
}

HOT unsigned oriel_context_attach(const struct oriel_context *c)
{
	struct thread *t = context_thread();
	struct entry e;

	if (!t || !c)
		return 0;
	e = context_entry(c, ENTRY_ATTACHED);
	return context_push(t, &e);
}

/* The entry itself may be no span, but what lies above it never ended. */
void oriel_context_detach(unsigned token)
{
	struct thread *t = token ? context_thread_if_any() : NULL;

	if (t && token <= t->depth && entry_kind(&t->entry[token]) == ENTRY_ATTACHED)
		context_pop(t, token - 1);
}

HOT bool oriel_context_is_current(const struct oriel_context *c)
{
	struct thread *t = context_thread_if_any();
	const struct entry *top = t ? thread_top(t) : NULL;

	return top && memcmp(&top->span_id, c->span_id, 8) == 0 &&
	       memcmp(top->trace_id, c->trace_id, 16) == 0;
}

HOT bool oriel_context_leave(unsigned token)
{
	struct thread *t = token ? context_thread_if_any() : NULL;

	if (!t || token != t->depth || entry_kind(&t->entry[token]) != ENTRY_ATTACHED)
		return false;
	context_pop(t, token - 1);
	return true;
}

HOT void oriel_context_release(struct oriel_context *c)
{
	if (c)
		carry_drop(c->carry);
	if (c)
		c->carry = 0;
}

void oriel_context_keep(struct oriel_context *c)
{
	if (c->carry)
		c->carry |= CARRY_KEPT;
}

static bool context_is_set(const struct entry *e)
{
	return e->span_id != 0;
}

static bool context_hex(char *out, const void *id, size_t n, const struct entry *e)
{
	out[0] = '\0';
	if (!e || !context_is_set(e))
		return false;
	hex_write(out, id, n);
	out[2 * n] = '\0';
	return true;
}

bool oriel_trace_id(char out[33])
{
	struct thread *t = context_thread_if_any();
	const struct entry *e = t ? thread_top(t) : NULL;

	return context_hex(out, e ? e->trace_id : NULL, 16, e);
}

bool oriel_span_id(char out[17])
{
	struct thread *t = context_thread_if_any();
	const struct entry *e = t ? thread_top(t) : NULL;

	return context_hex(out, e ? &e->span_id : NULL, 8, e);
}

/* W3C Trace Context 3.2: version, trace id, parent id, flags. */
bool oriel_traceparent(char out[56])
{
	struct thread *t = context_thread_if_any();
	const struct entry *e = t ? thread_top(t) : NULL;

	out[0] = '\0';
	if (!e || !context_is_set(e))
		return false;
	memcpy(out, "00-", 3);
	hex_write(out + 3, e->trace_id, 16);
	out[35] = '-';
	hex_write(out + 36, &e->span_id, 8);
	out[52] = '-';
	hex_write(out + 53, &(uint8_t){ entry_flags(e) }, 1);
	out[55] = '\0';
	return true;
}
