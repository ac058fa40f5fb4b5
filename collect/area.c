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

static int page_copy(struct area_page *out, struct intake *in, const unsigned char *from,
		     uint32_t room, struct arena *arena)
{
	struct area_step s = { .from = from, .room = room & ~7u };
	int r;

	if (s.room < sizeof(struct series_area))
		return 0;
	r = intake_step(in, used_step, &s);
	if (r < 0 || s.used <= sizeof(struct series_area))
		return r;
	s.to = arena_take(arena, s.used);
	if (!s.to)
		return ERR(-ENOMEM);
	r = intake_step(in, words_step, &s);
	if (!r)
		*out = (struct area_page){ .p = (const void *)s.to, .used = s.used & ~7u };
	return r;
}

static void states_step(void *you)
{
	struct area_step *s = you;
	const _Atomic uint32_t *state = (const void *)s->from;

	for (uint32_t i = 0; i < s->room; i++)
		((uint32_t *)s->to)[i] = atomic_load_explicit(&state[i], memory_order_acquire);
}

static int pages_copy(struct area *out, struct intake *in, const uint32_t *state,
		      struct arena *arena)
{
	const struct segment_header *h = &in->head;
	int r = page_copy(&out->base, in, in->map + h->series_at, h->series_size, arena);
	size_t n = 0;

	for (uint32_t i = 0; i < h->n_chunks; i++)
		n += state[i] == CHUNK_SERIES;
	if (r || !n || h->chunks_at < (uint64_t)h->series_at + h->series_size)
		return r;
	out->chunk = arena_take_n(arena, struct area_page, h->n_chunks);
	if (!out->chunk)
		return ERR(-ENOMEM);
	memset(out->chunk, 0, h->n_chunks * sizeof(*out->chunk));
	out->n_chunks = h->n_chunks;
	out->chunks_from = h->chunks_at - h->series_at;
	for (uint32_t i = 0; !r && i < h->n_chunks; i++)
		if (state[i] == CHUNK_SERIES)
			r = page_copy(&out->chunk[i], in,
				      (unsigned char *)intake_chunk_at(in, i) + CHUNK_HEAD,
				      CHUNK_ROOM, arena);
	return r;
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

/* Blocks after entries: what a thread adds meanwhile is counted now or the next time, never twice. */
int area_copy(struct area *out, struct intake *in, struct arena *arena)
{
	struct area_step s = { .from = in->map + in->head.states_at, .room = in->head.n_chunks };
	uint32_t *state = arena_take(arena, (size_t)s.room * sizeof(*state) + 8);
	int r;

	s.to = (uint64_t *)(void *)state;
	r = state ? intake_step(in, states_step, &s) : ERR(-ENOMEM);
	if (!r)
		r = pages_copy(out, in, state, arena);
	if (!r && out->base.used)
		r = blocks_copy(out, in, state, arena);
	return r;
}

/* Places are counted from the page's first byte here. A size that makes no sense, or nothing: NULL. */
static const struct series_entry *page_entry(const struct area_page *page, uint32_t at)
{
	const struct series_entry *e = (const void *)(page->p + at);

	if (!page->p || at % 8 || at < sizeof(struct series_area) || at > page->used ||
	    page->used - at < sizeof(*e))
		return NULL;
	if (e->size < sizeof(*e) || e->size % 8 || e->size > page->used - at)
		return NULL;
	return e;
}

const struct series_entry *area_entry(const struct area *a, uint32_t at)
{
	uint32_t i, in_chunk;

	if (!a->n_chunks || at < a->chunks_from)
		return page_entry(&a->base, at);
	i = (at - a->chunks_from) / CHUNK_SIZE;
	in_chunk = (at - a->chunks_from) % CHUNK_SIZE;
	return i < a->n_chunks && in_chunk >= CHUNK_HEAD
		       ? page_entry(&a->chunk[i], in_chunk - CHUNK_HEAD)
		       : NULL;
}

const struct series_entry *area_next(const struct area *a, struct area_walk *w)
{
	if (!w->begun)
		*w = (struct area_walk){ a->n_chunks + 1, sizeof(struct series_area), true };
	while (w->left) {
		const struct area_page *page =
			w->left > a->n_chunks ? &a->base : &a->chunk[w->left - 1];
		const struct series_entry *e = page_entry(page, w->at);

		if (e && entry_kind(e) != SERIES_NONE) {
			w->at += e->size;
			return e;
		}
		w->left--;
		w->at = sizeof(struct series_area);
	}
	return NULL;
}
