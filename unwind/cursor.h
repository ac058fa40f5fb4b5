/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursor: reads a table of foreign memory byte by byte, within bounds.
 *
 *     struct cursor c = cursor_at(space, from, to);
 *     uint64_t n = cursor_uleb(&c);
 *     if (c.bad) ...                       sticky: what was read since is 0
 *
 * It holds an aligned block of 64 bytes, which never crosses a page.
 */
#pragma once

#include "unwind/unwind.h"

#include <string.h>

enum { CURSOR_BLOCK = 64 };

struct cursor {
	const struct unwind_space *space;
	uint64_t at, end;
	uint64_t held; /* address of the block; 0: none */
	bool bad;
	unsigned char block[CURSOR_BLOCK];
};

static inline struct cursor cursor_at(const struct unwind_space *s, uint64_t from, uint64_t to)
{
	struct cursor c;

	c.space = s;
	c.at = from;
	c.end = to;
	c.held = 0;
	c.bad = to < from;
	return c;
}

static inline bool cursor_done(const struct cursor *c)
{
	return c->bad || c->at >= c->end;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	uint64_t block = c->at & ~(uint64_t)(CURSOR_BLOCK - 1);

	if (cursor_done(c) || !block) {
		c->bad = true;
		return 0;
	}
	if (block != c->held) {
		c->held = block;
		if (!c->space->read(c->space->you, block, c->block, CURSOR_BLOCK)) {
			c->held = 0;
			c->bad = true;
			return 0;
		}
	}
	return c->block[c->at++ - block];
}

static inline uint64_t cursor_word(struct cursor *c, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)cursor_u8(c) << (8 * i);
	return v;
}

static inline int64_t cursor_signed(struct cursor *c, unsigned bytes)
{
	unsigned spare = 64 - 8 * bytes;

	return (int64_t)(cursor_word(c, bytes) << spare) >> spare;
}

static inline uint64_t cursor_uleb(struct cursor *c)
{
	uint64_t v = 0;
	uint8_t b = 0x80;

	for (unsigned shift = 0; b & 0x80 && !c->bad; shift += 7) {
		b = cursor_u8(c);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
	}
	return v;
}

static inline int64_t cursor_sleb(struct cursor *c)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b = 0x80;

	while (b & 0x80 && !c->bad) {
		b = cursor_u8(c);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	}
	if (shift < 64 && b & 0x40)
		v |= ~(uint64_t)0 << shift;
	return (int64_t)v;
}

static inline void cursor_skip(struct cursor *c, uint64_t n)
{
	if (c->bad || n > c->end - c->at)
		c->bad = true;
	else
		c->at += n;
}
