/* SPDX-License-Identifier: Apache-2.0 */
/* Varint: numbers in as few bytes as they need, seven bits each, the lowest first. */
#pragma once

#include "base/out.h"

enum { VARINT_MOST = 10 };

/* There is room for VARINT_MOST. Returns where the next byte goes. */
static inline char *varint_put(char *to, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*to++ = (char)(v | 0x80);
	*to++ = (char)v;
	return to;
}

/* Small ones of either sign stay short. */
static inline uint64_t varint_signed(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t varint_of_signed(uint64_t v)
{
	return (int64_t)((v >> 1) ^ -(v & 1));
}

/* False: it is cut, or longer than any. */
static inline bool varint_take(struct str *left, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && left->n; shift += 7) {
		unsigned char b = (unsigned char)left->p[0];

		*left = str_from(*left, 1);
		*v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return true;
	}
	return false;
}
