/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of bytes, as patterns have them: a bit each. Guest-safe. */
#pragma once

#include "base/str.h"

static inline bool byte_in(const uint8_t set[32], unsigned char c)
{
	return set[c >> 3] >> (c & 7) & 1;
}

static inline bool byte_is_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

struct set {
	uint8_t bit[32];
};

static inline void set_range(struct set *s, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		s->bit[c >> 3] |= (uint8_t)(1u << (c & 7));
}

static inline void set_inverted(struct set *s)
{
	for (int i = 0; i < 32; i++)
		s->bit[i] = (uint8_t)~s->bit[i];
}

static inline void set_both_cases(struct set *s)
{
	for (unsigned c = 'a'; c <= 'z'; c++) {
		if (byte_in(s->bit, (unsigned char)c) || byte_in(s->bit, (unsigned char)(c - 32))) {
			set_range(s, c, c);
			set_range(s, c - 32, c - 32);
		}
	}
}

/* \d \w \s and their capitals; false: another letter. */
static inline bool set_named(struct set *s, char letter)
{
	struct set named = { { 0 } };

	switch (str_lower(letter)) {
	case 'd':
		set_range(&named, '0', '9');
		break;
	case 'w':
		set_range(&named, '0', '9');
		set_range(&named, 'A', 'Z');
		set_range(&named, 'a', 'z');
		set_range(&named, '_', '_');
		break;
	case 's':
		set_range(&named, '\t', '\r');
		set_range(&named, ' ', ' ');
		break;
	default:
		return false;
	}
	if (letter < 'a')
		set_inverted(&named);
	for (int i = 0; i < 32; i++)
		s->bit[i] |= named.bit[i];
	return true;
}
