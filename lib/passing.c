/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/passing.h"

#include "lib/carry.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/watcher.h"

#include <sys/mman.h>

enum { SLOTS = 512 };

/* What the first page holds; a slot for each word comes behind it. */
struct slots {
	_Atomic uint32_t told; /* 0 in a child that nobody told of */
	_Atomic uint32_t next;
	_Atomic uint32_t taken[SLOTS];
};

_Static_assert(sizeof(struct slots) <= SEGMENT_PAGE, "the words have a page");

/* Stored with release once all is made; the acquire in passing_attach sees it. */
static struct slots *_Atomic slots;

bool passing_begin(void)
{
	size_t wiped = SEGMENT_PAGE + (size_t)SLOTS * THREAD_SIZE;
	size_t carry = (size_t)CARRY_UNIT * CARRY_UNITS;
	struct slots *s;

	if (atomic_load_explicit(&slots, memory_order_relaxed))
		return true;
	if (!process.config.n_propagators || thread_key_make() != 0)
		return false;
	s = process_map(wiped + carry);
	if (!s)
		return false;
	if (madvise(s, wiped, MADV_WIPEONFORK) != 0) {
		munmap(s, wiped + carry);
		return false;
	}
	carry_use((char *)s + wiped);
	/* The one that no sandbox forbids: there is no fault handler that would change to it. */
	atomic_store_explicit(&process.clock, CLOCK_COARSE, memory_order_relaxed);
	context_of_environment(&process.root);
	if (process_has_root())
		__atomic_store_n(&oriel_gate.passing, 1, __ATOMIC_RELAXED);
	atomic_store_explicit(&s->told, 1, memory_order_relaxed);
	atomic_store_explicit(&slots, s, memory_order_release);
	return true;
}

bool oriel_passes_contexts(void)
{
	return atomic_load_explicit(&slots, memory_order_relaxed) != NULL;
}

static struct thread *slot_at(struct slots *s, uint32_t i)
{
	return (struct thread *)((char *)s + SEGMENT_PAGE + (size_t)i * THREAD_SIZE);
}

/* Acquire: pairs with the release in slot_free. */
static struct thread *slot_take(struct slots *s)
{
	uint32_t from = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);

	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t at = (from + i) % SLOTS;

		if (atomic_load_explicit(&s->taken[at], memory_order_relaxed) ||
		    atomic_exchange_explicit(&s->taken[at], 1, memory_order_acquire))
			continue;
		thread_clear(slot_at(s, at), at);
		return slot_at(s, at);
	}
	return NULL;
}

static void slot_free(struct slots *s, uint32_t at)
{
	atomic_store_explicit(&s->taken[at], 0, memory_order_release);
}

/* A handler that came in between has a slot already, and that one counts. */
static __attribute__((noinline)) struct thread *passing_attach(void)
{
	struct slots *s = atomic_load_explicit(&slots, memory_order_acquire);
	struct thread *t;

	if (!s || !atomic_load_explicit(&s->told, memory_order_relaxed))
		return NULL;
	t = slot_take(s);
	if (t && thread_here->live) {
		slot_free(s, t->slot);
		return thread_here;
	}
	if (t) {
		thread_enter(t, THREAD_PASSES);
		__atomic_store_n(&oriel_gate.passing, 1, __ATOMIC_RELAXED);
	}
	return t;
}

struct thread *passing_thread(void)
{
	struct thread *t = thread_here;

	return t->live == THREAD_PASSES ? t : passing_attach();
}

void passing_leave(struct thread *t)
{
	t->live = 0;
	thread_set_here(&thread_none);
	slot_free(atomic_load_explicit(&slots, memory_order_relaxed), t->slot);
}

void passing_forked(const struct entry *kept, uint32_t depth)
{
	struct slots *s = atomic_load_explicit(&slots, memory_order_relaxed);

	if (!s)
		return;
	atomic_store_explicit(&s->told, 1, memory_order_relaxed);
	if (kept)
		thread_inherit(passing_thread(), kept, depth);
}

/* ---- spans ---------------------------------------------------------------------------------------- */

struct oriel_span *passing_open(struct oriel_span *span, const struct oriel_span_options *o)
{
	struct thread *t = passing_thread();
	struct entry e;

	*span = oriel_span_none();
	if (!t)
		return span;
	if (!o || (!o->root && !o->parent))
		context_read(&span->context, thread_top(t));
	else if (!o->root)
		span->context = *o->parent;
	e = context_entry(&span->context, ENTRY_SILENT);
	if (!o || !o->detached)
		span->depth = context_push(t, &e);
	return span;
}

struct oriel_span oriel_span_passed(const struct oriel_span_options *options)
{
	struct oriel_span span;

	return *passing_open(&span, options);
}
