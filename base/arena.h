/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena: memory that is freed all at once. Home side only.
 *
 *     struct arena a = { 0 };
 *     char *p = arena_take(&a, n);           8-aligned, not zeroed; NULL only when malloc is out
 *     struct str s = arena_copy(&a, text);
 *     arena_fini(&a);
 *
 * One owner at a time. Blocks grow (4 KiB, then doubling to 256 KiB), so that a batch of thousands
 * of spans costs a handful of mallocs.
 */
#pragma once

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	char *at, *end;
	size_t total; /* bytes asked of malloc, for limits */
};

void arena_fini(struct arena *a);
void *arena_grow(struct arena *a, size_t n);

/* The next n bytes in one piece, if there is memory: for who knows what comes. */
void arena_reserve(struct arena *a, size_t n);

static inline size_t arena_used(const struct arena *a)
{
	return a->total - (size_t)(a->end - a->at);
}

static inline void *arena_take(struct arena *a, size_t n)
{
	n = (n + 7 + !n) & ~(size_t)7; /* nothing takes 8 bytes: an address of its own */
	if ((size_t)(a->end - a->at) < n)
		return arena_grow(a, n);
	void *p = a->at;
	a->at += n;
	return p;
}

#define arena_take_n(a, type, n) ((type *)arena_take((a), sizeof(type) * (size_t)(n)))

/* The empty slice when there is nothing to copy or no memory. */
static inline struct str arena_copy(struct arena *a, struct str s)
{
	char *p = s.n ? arena_take(a, s.n) : NULL;

	if (!p)
		return (struct str){ "", 0 };
	memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}
