/* SPDX-License-Identifier: Apache-2.0 */
/* The stack of current contexts: pushed and popped by spans and attachments (lib/thread.h). */
#pragma once

#include "lib/carry.h"
#include "lib/thread.h"

/* Index of the new entry, or 0 when the stack is full (then the thing just isn't current). */
static inline uint32_t context_push(struct thread *t, const struct entry *e)
{
	uint32_t i = t->depth + 1;

	if (__builtin_expect(i >= CONTEXT_DEPTH, 0))
		return 0;
	t->entry[i].meta = ENTRY_HOLE;
	atomic_signal_fence(memory_order_seq_cst);
	t->depth = i;
	atomic_signal_fence(memory_order_seq_cst);
	t->entry[i].trace_id[0] = e->trace_id[0];
	t->entry[i].trace_id[1] = e->trace_id[1];
	t->entry[i].span_id = e->span_id;
	atomic_signal_fence(memory_order_seq_cst);
	t->entry[i].meta = e->meta;
	return i;
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

static inline void context_read(struct oriel_context *c, const struct entry *e)
{
	uint64_t words[4] = { e->trace_id[0], e->trace_id[1], e->span_id, e->meta & ENTRY_CONTEXT };

	memcpy(c, words, sizeof(words));
}

static inline struct entry context_entry(const struct oriel_context *c, enum entry_kind kind)
{
	struct entry e;

	memcpy(&e, c, sizeof(e));
	e.meta = (e.meta & ENTRY_CONTEXT) | (uint64_t)kind << 32;
	return e;
}
