/* SPDX-License-Identifier: Apache-2.0 */
/* UUID: as text, the way RFC 9562 writes them, in small letters. Guest-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/hex.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { UUID_TEXT = 36 };

#if defined(__SSE2__)
/* Which of sixteen bytes are not above `most`, counted from `first`. */
static inline __m128i uuid_among(__m128i bytes, char first, char most)
{
	__m128i from = _mm_sub_epi8(bytes, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8(most)), from);
}

static inline bool uuid_part(const char *p, int dashes)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i hex = _mm_or_si128(uuid_among(bytes, '0', 9), uuid_among(bytes, 'a', 5));
	__m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));

	return _mm_movemask_epi8(hex) == (0xffff & ~dashes) && _mm_movemask_epi8(dash) == dashes;
}

static inline bool uuid_is(const char *p, size_t n)
{
	return n == UUID_TEXT && uuid_part(p, 1 << 8 | 1 << 13) &&
	       uuid_part(p + 16, 1 << 2 | 1 << 7) && uuid_part(p + 20, 1 << 3);
}

static inline __m128i uuid_digits(__m128i halves)
{
	__m128i letter = _mm_cmpgt_epi8(halves, _mm_set1_epi8(9));

	return _mm_add_epi8(_mm_add_epi8(halves, _mm_set1_epi8('0')),
			    _mm_and_si128(letter, _mm_set1_epi8('a' - '0' - 10)));
}

/* The digits without dashes. */
static inline void uuid_hex(char to[32], const void *bytes)
{
	__m128i all = _mm_loadu_si128((const __m128i *)bytes), low = _mm_set1_epi8(15);
	__m128i first = _mm_and_si128(_mm_srli_epi16(all, 4), low);
	__m128i second = _mm_and_si128(all, low);

	_mm_storeu_si128((__m128i *)(void *)to, uuid_digits(_mm_unpacklo_epi8(first, second)));
	_mm_storeu_si128((__m128i *)(void *)(to + 16),
			 uuid_digits(_mm_unpackhi_epi8(first, second)));
}
#else
static inline bool uuid_is(const char *p, size_t n)
{
	if (n != UUID_TEXT)
		return false;
	for (size_t i = 0; i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			    ? p[i] != '-'
			    : !((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return false;
	return true;
}

static inline void uuid_hex(char to[32], const void *bytes)
{
	hex_write(to, bytes, 16);
}
#endif

/* No NUL behind it. */
static inline void uuid_write(char to[UUID_TEXT], const void *bytes)
{
	char hex[32];

	uuid_hex(hex, bytes);
	memcpy(to, hex, 8);
	memcpy(to + 9, hex + 8, 4);
	memcpy(to + 14, hex + 12, 4);
	memcpy(to + 19, hex + 16, 4);
	memcpy(to + 24, hex + 20, 12);
	to[8] = to[13] = to[18] = to[23] = '-';
}
