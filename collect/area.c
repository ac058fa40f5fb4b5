/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/area.h"

#include "base/err.h"

#include <errno.h>

enum { BLOCKS_MOST = 4096 };

struct area_step {
	const unsigned char *from;
	uint64_t *to;
	uint32_t used, room;
};

static void used_step(void *you)
{
	struct area_step *s = you;
	const struct series_area *area = (const void *)s->from;

	s->used = atomic_load_explicit(&area->used, memory_order_acquire);
	if (s->used > s->room)
		s->used = s->room;
}

/* Word by word, acquire: whoever's `kind` is seen here has stored what comes after it. */
static void words_step(void *you)
{
	struct area_step *s = you;
	const _Atomic uint64_t *from = (const void *)s->from;

	for (uint32_t i = 0; i < s->used / 8; i++)
		s->to[i] = atomic_load_explicit(&from[i], memory_order_acquire);
}

static struct area_step page_step(const struct intake *in, const uint32_t *state, uint32_t page)
{
	const struct segment_header *h = &in->head;

	if (!page)
		return (struct area_step){ .from = in->map + h->series_at,
					   .room = h->series_size & ~7u };
	return (struct area_step){ .from = (unsigned char *)intake_chunk_at(in, page - 1) +
					   CHUNK_HEAD,
				   .room = state[page - 1] == CHUNK_SERIES ? CHUNK_ROOM : 0 };
}

/* How much of each page there is; all of them in *total. */
static int pages_measure(struct area *out, struct intake *in, const uint32_t *state, size_t *total)
{
	int r = 0;

	*total = 0;
	for (uint32_t i = out->n_pages; !r && i--;) {
		struct area_step s = page_step(in, state, i);

		if (s.room < sizeof(struct series_area))
			continue;
		r = intake_step(in, used_step, &s);
		out->page[i].used = s.used > sizeof(struct series_area) ? s.used & ~7u : 0;
		*total += out->page[i].used;
	}
	return r;
}

static void states_step(void *you)
{
	struct area_step *s = you;
	const _Atomic uint32_t *state = (const void *)s->from;

	for (uint32_t i = 0; i < s->room; i++)
		((uint32_t *)s->to)[i] = atomic_load_explicit(&state[i], memory_order_acquire);
}

/* One after the other, the oldest first: points lie in memory as instruments were made. */
static int pages_copy(struct area *out, struct intake *in, const uint32_t *state, size_t total,
		      struct arena *arena)
{
	unsigned char *to = arena_take(arena, total);
	int r = 0;

	if (!to)
		return ERR(-ENOMEM);
	for (uint32_t i = 0; i < out->n_pages; i++) {
		struct area_page *page = &out->page[i ? out->n_pages - i : 0];

		page->p = page->used ? to : NULL;
		to += page->used;
	}
	/* The newest first: instruments after their series. */
	for (uint32_t i = out->n_pages; !r && i--;) {
		struct area_step s = page_step(in, state, i);

		s.used = out->page[i].used;
		s.to = (uint64_t *)(void *)(uintptr_t)out->page[i].p;
		if (s.used)
			r = intake_step(in, words_step, &s);
	}
	return r;
}

/* Chunks that overlap the area can't go on with it. */
static int pages_begin(struct area *out, const struct segment_header *h, const uint32_t *state,
		       struct arena *arena)
{
	size_t n = 0;

	for (uint32_t i = 0; i < h->n_chunks; i++)
		n += state[i] == CHUNK_SERIES;
	if (h->chunks_at < (uint64_t)h->series_at + h->series_size)
		n = 0;
	out->n_pages = n ? h->n_chunks + 1 : 1;
	out->chunks_from = n ? h->chunks_at - h->series_at : 0;
	out->page = arena_take_n(arena, struct area_page, out->n_pages);
	if (!out->page)
		return ERR(-ENOMEM);
	memset(out->page, 0, out->n_pages * sizeof(*out->page));
	return 0;
}

static int chunk_copy(struct area *out, struct intake *in, uint32_t i, struct arena *arena)
{
	struct area_step s = { .from = (unsigned char *)intake_chunk_at(in, i) + CELL_BLOCKS_AT,
			       .used = CELL_BLOCKS * CELL_BLOCK_SIZE };

	s.to = arena_take(arena, s.used);
	if (!s.to)
		return ERR(-ENOMEM);
	for (size_t b = 0; b < CELL_BLOCKS; b++)
		out->block[out->n_blocks++] = s.to + b * CELL_BLOCK_WORDS;
	return intake_step(in, words_step, &s);
}

static int blocks_copy(struct area *out, struct intake *in, const uint32_t *state,
		       struct arena *arena)
{
	size_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < in->head.n_chunks; i++)
		n += state[i] == CHUNK_CELLS;
	if (n > BLOCKS_MOST / CELL_BLOCKS)
		n = BLOCKS_MOST / CELL_BLOCKS;
	out->block = n ? arena_take(arena, n * CELL_BLOCKS * sizeof(*out->block)) : NULL;
	if (n && !out->block)
		return ERR(-ENOMEM);
	for (uint32_t i = 0; !r && i < in->head.n_chunks && out->n_blocks < n * CELL_BLOCKS; i++)
		if (state[i] == CHUNK_CELLS)
			r = chunk_copy(out, in, i, arena);
	return r;
}

/* Blocks last: what a thread adds meanwhile is counted now or the next time, never twice. */
int area_copy(struct area *out, struct intake *in, struct arena *arena)
{
	struct area_step s = { .from = in->map + in->head.states_at, .room = in->head.n_chunks };
	uint32_t *state = arena_take(arena, (size_t)s.room * sizeof(*state) + 8);
	size_t total = 0;
	int r;

	s.to = (uint64_t *)(void *)state;
	r = state ? intake_step(in, states_step, &s) : ERR(-ENOMEM);
	if (!r)
		r = pages_begin(out, &in->head, state, arena);
	if (!r)
		r = pages_measure(out, in, state, &total);
	if (!r && total)
		r = pages_copy(out, in, state, total, arena);
	if (!r && total)
		r = blocks_copy(out, in, state, arena);
	return r;
}

/* Places are counted from the page's first byte here. A size that makes no sense, or nothing: NULL. */
static const struct series_entry *page_entry(const struct area_page *page, uint32_t at)
{
	const struct series_entry *e;

	if (!page->p || at % 8 || at < sizeof(struct series_area) || at > page->used ||
	    page->used - at < sizeof(*e))
		return NULL;
	e = (const void *)(page->p + at);
	if (e->size < sizeof(*e) || e->size % 8 || e->size > page->used - at)
		return NULL;
	return e;
}

const struct series_entry *area_entry(const struct area *a, uint32_t at)
{
	uint32_t i, in_chunk;

	if (a->n_pages < 2 || at < a->chunks_from)
		return page_entry(&a->page[0], at);
	i = (at - a->chunks_from) / CHUNK_SIZE;
	in_chunk = (at - a->chunks_from) % CHUNK_SIZE;
	return i + 1 < a->n_pages && in_chunk >= CHUNK_HEAD
		       ? page_entry(&a->page[i + 1], in_chunk - CHUNK_HEAD)
		       : NULL;
}

const struct series_entry *area_next(const struct area *a, struct area_walk *w)
{
	if (!w->begun)
		*w = (struct area_walk){ 0, sizeof(struct series_area), true };
	for (; w->page < a->n_pages; w->page++, w->at = sizeof(struct series_area)) {
		uint32_t i = w->page ? a->n_pages - w->page : 0;
		const struct series_entry *e = page_entry(&a->page[i], w->at);

		if (e && entry_kind(e) != SERIES_NONE) {
			w->at += e->size;
			return e;
		}
	}
	return NULL;
}
