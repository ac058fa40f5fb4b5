/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Area: the metrics of a segment (wire/series.h) as they were at one moment, copied under the guard.
 *
 *     struct area a = { 0 };
 *     r = area_copy(&a, in, &arena);         -EFAULT: the segment was cut short
 *     struct area_walk w = { 0 };
 *     while ((e = area_next(&a, &w)))        instruments before their series
 *
 * What an entry says of itself is foreign; that it lies within the copy by its size isn't.
 */
#pragma once

#include "base/arena.h"
#include "collect/intake.h"
#include "wire/series.h"

struct area_page {
	const unsigned char *p; /* NULL: there is none */
	uint32_t used;
};

/* The writer takes chunks from the last one on, so that this is their order. */
struct area {
	struct area_page *page; /* the first, and then one a chunk */
	uint32_t n_pages;
	uint32_t chunks_from;	/* place of the first chunk */
	const uint64_t **block; /* threads' own cells */
	size_t n_blocks;
};

struct area_walk {
	uint32_t page; /* in the writer's order */
	uint32_t at;
	bool begun;
};

int area_copy(struct area *out, struct intake *in, struct arena *arena);

/* The entry at this place if it is whole; else NULL. */
const struct series_entry *area_entry(const struct area *a, uint32_t at);

const struct series_entry *area_next(const struct area *a, struct area_walk *w);

static inline uint16_t entry_kind(const struct series_entry *e)
{
	return atomic_load_explicit(&e->kind, memory_order_relaxed);
}
