/* SPDX-License-Identifier: Apache-2.0 */
/* The stack of current contexts: pushed and popped by spans and attachments (lib/thread.h). */
#pragma once

#include "lib/carry.h"
#include "lib/passing.h"

/*
 * The calling thread, for what is current rather than recorded: also where nothing is recorded and contexts
 * are passed on. NULL: nothing is current.
 */
static inline struct thread *context_thread(void)
{
	return oriel_recording() ? thread_self() : passing_thread();
}

/* The same only if it has a slot already. */
static inline struct thread *context_thread_if_any(void)
{
	struct thread *t = thread_here;

	return __builtin_expect(t->live != 0, 1) ? t : NULL;
}

/* The entry at `depth`, which is one above the top and has room: counted, then filled. */
static inline void context_push_hole(struct thread *t, struct entry *to, uint32_t depth)
{
	to->meta = ENTRY_NOT_YET;
	atomic_signal_fence(memory_order_seq_cst);
	t->depth = depth;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void context_fill_hole(struct entry *to, const struct entry *e)
{
	to->trace_id[0] = e->trace_id[0];
	to->trace_id[1] = e->trace_id[1];
	to->span_id = e->span_id;
	atomic_signal_fence(memory_order_seq_cst);
	to->meta = e->meta;
}

/* Index of the new entry, or 0 when the stack is full (then the thing just isn't current). */
static inline uint32_t context_push(struct thread *t, const struct entry *e)
{
	uint32_t depth = t->depth + 1;

	if (__builtin_expect(depth >= CONTEXT_DEPTH, 0))
		return 0;
	context_push_hole(t, &t->entry[depth], depth);
	context_fill_hole(&t->entry[depth], e);
	return depth;
}

/* Back to `depth` entries. Spans above never ended: their ENDs are written here, as abandoned. */
void context_unwind(struct thread *t, uint32_t depth);

/* The entry at depth + 1, no ENTRY_SPAN any more, and what lies above it; usually nothing does. */
static inline void context_pop(struct thread *t, uint32_t depth)
{
	if (__builtin_expect(t->depth == depth + 1 &&
				     !(t->entry[depth + 1].meta & ENTRY_OWNS_CARRY),
			     1))
		t->depth = depth;
	else
		context_unwind(t, depth);
}

/* The current entry gets a carry of its own, unless it is full of somebody else's. */
static inline void context_carry(struct entry *e, uint16_t carry)
{
	uint16_t old = e->meta & ENTRY_OWNS_CARRY ? entry_carry(e) : 0;

	e->meta = (e->meta & ~(ENTRY_OWNS_CARRY | 0xffffull << 16)) | (uint64_t)carry << 16 |
		  (carry ? ENTRY_OWNS_CARRY : 0);
	carry_drop(old);
}

/* The parent that the environment names (TRACEPARENT and so on), by OTEL_PROPAGATORS. */
bool context_of_environment(struct oriel_context *out);

static inline void context_read(struct oriel_context *c, const struct entry *e)
{
	uint64_t rest = e->meta & ENTRY_CONTEXT;

	memcpy(c->trace_id, &e->trace_id[0], 8);
	memcpy(c->trace_id + 8, &e->trace_id[1], 8);
	memcpy(c->span_id, &e->span_id, 8);
	memcpy(&c->flags, &rest, 8);
}

/*
 * By words, each in a register: two at once that were just written one by one would wait until all that was
 * written before has left the processor, and that goes to memory which the collector has in its cache.
 */
static inline struct entry context_entry(const struct oriel_context *c, enum entry_kind kind)
{
	struct entry e;
	uint64_t rest;

	memcpy(&e.trace_id[0], c->trace_id, 8);
	__asm__("" : "+r"(e.trace_id[0]));
	memcpy(&e.trace_id[1], c->trace_id + 8, 8);
	memcpy(&e.span_id, c->span_id, 8);
	memcpy(&rest, &c->flags, 8);
	e.meta = (rest & ENTRY_CONTEXT) | (uint64_t)kind << 32;
	return e;
}
