/* SPDX-License-Identifier: Apache-2.0 */
/* UUID: is this text one, as RFC 9562 writes them, in small letters? Guest-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

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
#endif
