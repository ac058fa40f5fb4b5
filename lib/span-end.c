/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a span: END, and off the context stack, with all that is still above it. */
#include "lib/span.h"

#include "base/hot.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/lane.h"
#include "lib/watcher.h"

static void span_write_end(struct thread *t, uint64_t span_id, uint8_t flags, uint64_t end_ns)
{
	struct record_end *r;
	struct write w;

	w = write_begin_keeping(t, sizeof(*r), 0);
	if (__builtin_expect(!w.p, 0)) {
		process_lose(LOSS_ends_no_room, 1);
		return;
	}
	r = (struct record_end *)w.p;
	record_head(&r->head, RECORD_HEAD(sizeof(*r), RECORD_END, flags, 0, 0, 0));
	r->span_id = span_id;
	r->time = end_ns;
	if (__builtin_expect(end_ns != 0, 0))
		r->head.flags |= RECORD_TIME_REAL;
	else
		r->time = clock_now(&r->head.flags);
	write_end(w, sizeof(*r));
}

static inline bool end_try(struct thread *t, uint64_t span_id, struct oriel_attributes attributes)
{
	size_t keep = (size_t)END_SIZE * (t->n_open + 1), size;
	struct record_end *r;
	unsigned char *to;

	if (!clock_counts() || !write_try(t, keep + sizeof(*r)))
		return false;
	r = (struct record_end *)t->lane[0].at;
	to = encode_try((unsigned char *)(r + 1), write_end_of(t, keep), attributes);
	r->time = clock_count();
	if (__builtin_expect(!to, 0) || !clock_counts()) {
		write_leave(t);
		return false;
	}
	t->span_count = r->time;
	size = encode_pad((size_t)(to - (unsigned char *)r));
	record_head(&r->head,
		    RECORD_HEAD(size, RECORD_END, 0, 0, (unsigned char *)r + size - to, 0));
	r->span_id = span_id;
	write_keep(t, (unsigned char *)r + size);
	return true;
}

/* The room that is kept for an END is for one without attributes. */
static void span_write_end_all(struct thread *t, uint64_t span_id,
			       struct oriel_attributes attributes)
{
	struct encode e = encode_fit(attributes, RECORD_MOST - sizeof(struct record_end));
	size_t size = sizeof(struct record_end) + e.bytes, padded = encode_pad(size);
	struct write w = write_begin(t, padded, LOSS_details_no_room);
	struct record_end *r = (struct record_end *)w.p;

	if (__builtin_expect(!w.p, 0)) {
		span_write_end(t, span_id, 0, 0);
		return;
	}
	record_head(&r->head, RECORD_HEAD(padded, RECORD_END, 0, 0, padded - size, 0));
	r->span_id = span_id;
	r->time = clock_now(&r->head.flags);
	encode_put(w.p + sizeof(*r), &e);
	write_end(w, padded);
}

void span_abandon(struct thread *t, uint64_t span_id)
{
	if (t->n_open)
		t->n_open--;
	span_write_end(t, span_id, RECORD_ABANDONED, 0);
}

/*
 * Ended where it was started, it is the entry at its depth, and whatever is above it is abandoned.
 * Elsewhere only its END is written; a fork's child pops what it inherited and writes nothing.
 */
static __attribute__((noinline)) void span_finish_any(struct oriel_span *span, uint64_t id,
						      uint64_t end_ns)
{
	struct thread *t = oriel_recording() ? thread_self() : context_thread_if_any();
	bool records = span->flags & SPAN_RECORDS;
	uint32_t depth = span->depth;

	span->flags = span->depth = 0;
	if (!t) {
		process_lose(LOSS_ends_no_room, records);
		return;
	}
	if (depth && depth <= t->depth && t->entry[depth].span_id == id) {
		if (entry_kind(&t->entry[depth]) == ENTRY_SILENT)
			records = false;
		else if (t->n_open)
			t->n_open--;
		entry_set_kind(&t->entry[depth], ENTRY_SILENT);
		context_pop(t, depth - 1);
	}
	if (records)
		span_write_end(t, id, 0, end_ns);
	lane_rest(t);
}

/* The usual end: on top of the stack of the thread that began it, with nothing to give back. */
void oriel_span_finish(struct oriel_span *span, uint64_t end_ns)
{
	struct thread *t = thread_if_any();
	uint32_t depth = span->depth, kind;
	struct record_end *r;
	struct entry *e;
	uint64_t id;

	memcpy(&id, span->context.span_id, 8);
	if (__builtin_expect(!t || depth != t->depth || end_ns, 0)) {
		span_finish_any(span, id, end_ns);
		return;
	}
	e = thread_entry(t, depth);
	kind = (uint32_t)((e->meta & (ENTRY_KIND | ENTRY_OWNS_CARRY)) >> 32);
	if (__builtin_expect(e->span_id != id || kind > ENTRY_SILENT, 0)) { /* or the base */
		span_finish_any(span, id, end_ns);
		return;
	}
	span->flags = span->depth = 0;
	/* The kind was read before the pop: a handler's span may lie there right after it. */
	atomic_signal_fence(memory_order_seq_cst);
	t->depth = depth - 1;
	if (kind != ENTRY_SPAN)
		return;
	t->n_open--;
	if (!clock_counts() || __builtin_expect(!write_try(t, sizeof(*r)), 0)) {
		span_write_end(t, id, 0, 0);
		return;
	}
	r = (struct record_end *)t->lane[0].at;
	record_head(&r->head, RECORD_HEAD(sizeof(*r), RECORD_END, 0, 0, 0, 0));
	r->span_id = id;
	r->time = clock_count();
	if (!clock_counts()) {
		write_leave(t);
		span_write_end(t, id, 0, 0);
		return;
	}
	write_keep(t, (unsigned char *)(r + 1));
	lane_rest(t);
}

/* Of a span that isn't current here; one that is, is set first, so that there is one way to pop. */
HOT void oriel_span_end_all(struct oriel_span *span, struct oriel_attributes attributes)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	uint64_t id;

	if (t)
		t->span_count = 0;
	if (span->depth || !t || !attributes.n) {
		oriel_span_set_all(span, attributes);
		oriel_span_end(span);
		return;
	}
	if (span->flags & SPAN_RECORDS) {
		memcpy(&id, span->context.span_id, 8);
		if (!end_try(t, id, attributes))
			span_write_end_all(t, id, attributes);
		lane_rest(t);
	}
	span->flags = 0;
}
