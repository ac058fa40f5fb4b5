/* SPDX-License-Identifier: Apache-2.0 */
/* Hex: fixed-width lower-case identifiers, as every sink of ours writes them. Guest-safe. */
#pragma once

#include "base/str.h"

/* Four bytes as eight digits, in a word on a little-endian machine: each byte's halves side by side. */
static inline uint64_t hex_of_four(uint32_t bytes)
{
	uint64_t x = bytes, half;

	x = (x | x << 16) & 0x0000ffff0000ffffu;
	x = (x | x << 8) & 0x00ff00ff00ff00ffu;
	half = (x >> 4 & 0x000f000f000f000fu) | (x & 0x000f000f000f000fu) << 8;
	/* 10 and more overflow into the upper half when 6 is added */
	return half + 0x3030303030303030u +
	       ((half + 0x0606060606060606u) >> 4 & 0x0101010101010101u) * ('a' - '0' - 10);
}

static inline void hex_write(char *to, const void *bytes, size_t n)
{
	static const char digit[16] = "0123456789abcdef";
	const unsigned char *b = bytes;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	for (; n >= 4; n -= 4, b += 4, to += 8) {
		uint64_t digits;
		uint32_t four;

		memcpy(&four, b, 4);
		digits = hex_of_four(four);
		memcpy(to, &digits, 8);
	}
#endif
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digit[b[i] >> 4];
		to[2 * i + 1] = digit[b[i] & 15];
	}
}

/* -1 for anything that isn't a hex digit; upper case only when `upper` allows it. */
static inline int hex_digit(char c, bool upper)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (upper && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Exactly 2n digits into n bytes; false leaves `to` undefined. */
static inline bool hex_read(void *to, size_t n, struct str s, bool upper)
{
	unsigned char *b = to;

	if (s.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(s.p[2 * i], upper), lo = hex_digit(s.p[2 * i + 1], upper);

		if (hi < 0 || lo < 0)
			return false;
		b[i] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}

/* 1 to 2n digits, in either case, for a number of n bytes; false leaves `to` undefined. */
static inline bool hex_read_padded(void *to, size_t n, struct str s)
{
	unsigned char *b = to;

	if (!s.n || s.n > 2 * n)
		return false;
	memset(b, 0, n);
	for (size_t i = 0; i < s.n; i++) {
		size_t place = 2 * n - s.n + i;
		int digit = hex_digit(s.p[i], true);

		if (digit < 0)
			return false;
		b[place / 2] |= (unsigned char)(digit << (place & 1 ? 0 : 4));
	}
	return true;
}
