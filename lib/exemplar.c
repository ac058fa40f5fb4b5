/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exemplar: a late sampled measurement, kept beside its series as an example (Metrics SDK,
 * "Exemplar"): of a counter one, of a histogram one a bucket; an exponential one's buckets come and
 * go, and every sixteenth of them share a slot.
 *
 * All threads write to the same slot, and each in a request does so with every measurement. So that
 * they don't take its cache line from each other all the time, a thread that wrote to it stays away
 * from it until the next tick, some milliseconds: one of so many is as good an example as the last.
 *
 * The slots (wire/series.h) are made at the first example that a series has. They may take a third
 * of the area, so that examples are never the reason that a series finds no room.
 */
#include "lib/encode.h"
#include "lib/metric.h"

#include <time.h>

enum { SHARE = 3, ATTRIBUTES_ROOM = 128 };

static _Atomic uint32_t used; /* bytes of slots */

void exemplar_forked(void)
{
	atomic_store_explicit(&used, 0, memory_order_relaxed);
}

static size_t slots_of(const struct handle *h)
{
	return h->kind == INSTRUMENT_HISTOGRAM	   ? h->n_bounds + 1u
	       : h->kind == INSTRUMENT_EXPONENTIAL ? (size_t)EXEMPLARS_EXPONENTIAL
						   : 1;
}

/* Attributes that a view takes from the series are kept with the example ("Exemplar"). */
static size_t words_of(const struct handle *h)
{
	return h->filter ? EXEMPLAR_WORDS + 1 + ATTRIBUTES_ROOM / 8 : EXEMPLAR_WORDS;
}

static uint32_t slots_make(const struct handle *h)
{
	size_t n = slots_of(h), bytes = sizeof(struct exemplars) + n * words_of(h) * 8;
	struct exemplars *e;
	uint32_t at;

	if (atomic_load_explicit(&used, memory_order_relaxed) + bytes > area_most() / SHARE)
		return 0;
	at = area_take(bytes);
	if (!at)
		return 0;
	atomic_fetch_add_explicit(&used, (uint32_t)bytes, memory_order_relaxed);
	e = (struct exemplars *)(series_area() + at);
	e->n = (uint16_t)n;
	e->n_words = (uint16_t)words_of(h);
	return at;
}

/* Acquire and release: whoever finds the slots finds them whole, also the collector. */
static struct exemplars *slots_get(uint32_t series_at, const struct handle *h)
{
	struct series *s = (struct series *)(series_area() + series_at);
	uint32_t at = atomic_load_explicit(&s->exemplars_at, memory_order_acquire), mine;

	if (!at) {
		mine = slots_make(h);
		if (!mine)
			return NULL;
		area_publish(mine, SERIES_EXEMPLARS);
		if (atomic_compare_exchange_strong_explicit(&s->exemplars_at, &at, mine,
							    memory_order_acq_rel,
							    memory_order_acquire))
			at = mine;
		else
			area_publish(mine, SERIES_DEAD);
	}
	return (struct exemplars *)(series_area() + at);
}

/* Release: pairs with the reader's acquire; who sees any of it sees `begun`. */
static void slot_put(_Atomic uint64_t *word, size_t i, uint64_t v)
{
	atomic_store_explicit(&word[i], v, memory_order_release);
}

static void slot_put_attributes(_Atomic uint64_t *word, struct oriel_attributes a)
{
	uint64_t bytes[ATTRIBUTES_ROOM / 8 + 1] = { 0 };
	struct encode e = encode_fit(a, ATTRIBUTES_ROOM);

	encode_put((unsigned char *)bytes, &e);
	slot_put(word, EXEMPLAR_ATTRIBUTES, e.bytes);
	for (size_t i = 0; i * 8 < e.bytes; i++)
		slot_put(word, EXEMPLAR_ATTRIBUTES + 1 + i, bytes[i]);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void slot_fill(_Atomic uint64_t *word, size_t n, const struct entry *e, uint64_t bits,
		      const struct filtered *f)
{
	slot_put(word, EXEMPLAR_TRACE, e->trace_id[0]);
	slot_put(word, EXEMPLAR_TRACE + 1, e->trace_id[1]);
	slot_put(word, EXEMPLAR_SPAN, e->span_id);
	slot_put(word, EXEMPLAR_VALUE, bits);
	if (n > EXEMPLAR_WORDS)
		slot_put_attributes(word, f ? f->out : (struct oriel_attributes){ NULL, 0 });
}

/* False: another thread is writing to it. */
static bool slot_write(const struct thread *t, _Atomic uint64_t *word, size_t n,
		       const struct entry *e, uint64_t bits, const struct filtered *f)
{
	uint64_t me = (t->slot + 1) & 0xffff, was, next;

	was = atomic_load_explicit(&word[EXEMPLAR_DONE], memory_order_relaxed);
	next = (((was >> 16) + 1) << 16) | me;
	if (!atomic_compare_exchange_strong_explicit(&word[n - 1], &was, next, memory_order_acquire,
						     memory_order_relaxed))
		return false;
	slot_put(word, EXEMPLAR_TIME, now_ns());
	slot_fill(word, n, e, bits, f);
	slot_put(word, EXEMPLAR_DONE, next);
	return true;
}

static bool is_wanted(const struct handle *h, const struct entry *e)
{
	if (h->kind != INSTRUMENT_COUNTER && h->kind != INSTRUMENT_HISTOGRAM &&
	    h->kind != INSTRUMENT_EXPONENTIAL)
		return false;
	return process.config.exemplars == EXEMPLARS_ALL ||
	       (process.config.exemplars == EXEMPLARS_SAMPLED && entry_flags(e) & ORIEL_SAMPLED);
}

/* What the slots' head says is known here: reading it would take the line from who writes the first. */
bool exemplar_write(const struct thread *t, const struct handle *h, uint32_t at, size_t slot,
		    uint64_t bits)
{
	const struct entry *e = thread_top(t);
	struct exemplars *slots;
	size_t n = words_of(h);

	if (!is_wanted(h, e))
		return false;
	slots = slots_get(at, h);
	if (slots && slot < slots_of(h))
		return slot_write(t, (_Atomic uint64_t *)(slots + 1) + slot * n, n, e, bits,
				  t->filtered && t->filtered->of == h ? t->filtered : NULL);
	process_lose(LOSS_exemplars_no_room, 1);
	return false;
}
