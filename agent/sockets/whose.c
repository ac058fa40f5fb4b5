/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/whose.h"

enum { BUCKETS = 256, DEEP = 8 };

/*
 * What was read last in each bucket; the oldest gives way. Relaxed, all of it: an exchange's memory never
 * goes away, who it is is told by its serial, and the worst that a race does is a likely parent that is
 * not the right one.
 */
static struct bucket {
	_Atomic uint32_t n;
	struct {
		_Atomic uint32_t serial;
		_Atomic(struct exchange *) exchange;
	} read[DEEP];
} buckets[BUCKETS];

static _Atomic bool works_later;

_Atomic bool whose_asked;

static uint32_t hash(uint32_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h * 16777619u + 1;
}

/* Never 0, which is what no one has. */
static uint32_t mark_of(const struct http1_head *h)
{
	uint32_t mark = hash(hash(2166136261u, http1_method(h)), http1_target(h));

	mark = hash(mark, str_of(http1_value(h, "user-agent")));
	return hash(mark, str_of(http1_value(h, "traceparent"))) | 1;
}

static struct bucket *bucket_of(uint32_t mark)
{
	return &buckets[(mark >> 16 ^ mark >> 4) % BUCKETS];
}

void whose_read(struct exchange *served, const struct http1_head *head)
{
	uint32_t mark = mark_of(head), n;
	struct bucket *b = bucket_of(mark);

	atomic_store_explicit(&served->mark, mark, memory_order_relaxed);
	n = atomic_fetch_add_explicit(&b->n, 1, memory_order_relaxed) % DEEP;
	atomic_store_explicit(&b->read[n].exchange, served, memory_order_relaxed);
	atomic_store_explicit(&b->read[n].serial,
			      atomic_load_explicit(&served->serial, memory_order_relaxed),
			      memory_order_relaxed);
}

static bool is_alike(struct exchange *e, uint32_t mark)
{
	return atomic_load_explicit(&e->mark, memory_order_relaxed) == mark;
}

static bool has_called(struct exchange *e)
{
	return atomic_load_explicit(&e->has_called, memory_order_relaxed);
}

static struct exchange *first_alike(uint32_t mark)
{
	struct bucket *b = bucket_of(mark);
	uint32_t oldest = atomic_load_explicit(&b->n, memory_order_relaxed);

	for (uint32_t i = 0; i < DEEP; i++) {
		uint32_t at = (oldest + i) % DEEP,
			 serial = atomic_load_explicit(&b->read[at].serial, memory_order_relaxed);
		struct exchange *e =
			atomic_load_explicit(&b->read[at].exchange, memory_order_relaxed);

		if (e && exchange_lives(e, serial) && exchange_is_served(e) &&
		    exchange_is_ours(e) && is_alike(e, mark) && !has_called(e))
			return e;
	}
	return NULL;
}

static struct exchange *choose(struct exchange *likely, uint32_t mark)
{
	bool alike = is_alike(likely, mark);
	struct exchange *first = NULL;

	if (!alike || has_called(likely) ||
	    atomic_load_explicit(&works_later, memory_order_relaxed))
		first = first_alike(mark);
	if (!alike && first)
		atomic_store_explicit(&works_later, true, memory_order_relaxed);
	return first ? first : likely;
}

struct exchange *whose(struct exchange *likely, const struct http1_head *called)
{
	if (!atomic_load_explicit(&whose_asked, memory_order_relaxed))
		atomic_store_explicit(&whose_asked, true, memory_order_relaxed);
	/* Such a loop may come to it in a later turn, when it has turned to nobody yet. */
	if (!likely && atomic_load_explicit(&works_later, memory_order_relaxed))
		likely = first_alike(mark_of(called));
	if (!likely)
		return NULL;
	/* Read before anything was called: nothing is known of it. */
	if (atomic_load_explicit(&likely->mark, memory_order_relaxed))
		likely = choose(likely, mark_of(called));
	atomic_store_explicit(&likely->has_called, true, memory_order_relaxed);
	return likely;
}
