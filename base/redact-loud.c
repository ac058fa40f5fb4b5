/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redact: the quick no. What redact_text can find needs one of these:
 *
 *     : = >          a key and its value, a URL with a user, a tag
 *     four digits in a row               a card
 *     16 bytes without a blank           a token
 *     a word that is "bearer" or "basic"
 *     --             a private key, an option
 *
 * 64 bytes at a time, each as bits of what it is; a window begins within the one before, so that what is
 * 16 bytes long lies in one of them.
 */
#include "base/redact.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { LANE = 16, WINDOW = 64, STEP = WINDOW - LANE };

/* Bit i: byte i is one of these. */
struct seen {
	uint64_t is; /* : ; < = > ? */
	uint64_t digit;
	uint64_t blank; /* no token goes over it: blank, comma, slash, bracket, ... */
	uint64_t b;
	uint64_t dash;
};

#if defined(__SSE2__)
static inline uint64_t bits(__m128i x)
{
	return (unsigned)_mm_movemask_epi8(x);
}

static inline void look(struct seen *s, const char *p, unsigned at)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	/* From '0' on, as signed bytes: digits are the least of all, : to ? come next. */
	__m128i from_0 = _mm_sub_epi8(x, _mm_set1_epi8((char)('0' + 128)));
	__m128i b = _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('b'));
	uint64_t digit = bits(_mm_cmplt_epi8(from_0, _mm_set1_epi8(-128 + 10)));

	s->digit |= digit << at;
	s->is |= (bits(_mm_cmplt_epi8(from_0, _mm_set1_epi8(-128 + 16))) ^ digit) << at;
	s->blank |= bits(_mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8('-')),
				      _mm_cmpeq_epi8(x, _mm_set1_epi8('/'))))
		    << at;
	s->b |= bits(b) << at;
	s->dash |= bits(_mm_cmpeq_epi8(x, _mm_set1_epi8('-'))) << at;
}
#else
static inline void look(struct seen *s, const char *p, unsigned at)
{
	for (unsigned i = 0; i < LANE; i++) {
		unsigned char c = (unsigned char)p[i];

		s->digit |= (uint64_t)(c >= '0' && c <= '9') << (at + i);
		s->is |= (uint64_t)(c >= ':' && c <= '?') << (at + i);
		s->blank |= (uint64_t)(c < '-' || c >= 0x80 || c == '/') << (at + i);
		s->b |= (uint64_t)(c == 'b' || c == 'B') << (at + i);
		s->dash |= (uint64_t)(c == '-') << (at + i);
	}
}
#endif

static bool begins_scheme(const char *p, size_t n)
{
	return n > 6 && (str_eq_nocase((struct str){ p, 6 }, STR("bearer")) ||
			 str_eq_nocase((struct str){ p, 5 }, STR("basic")));
}

static bool has_scheme(const char *p, size_t n, uint64_t b)
{
	for (; b; b &= b - 1) {
		unsigned i = (unsigned)__builtin_ctzll(b);

		if (begins_scheme(p + i, n - i))
			return true;
	}
	return false;
}

static inline bool is_loud(const struct seen *s, const char *p, size_t n, size_t rest)
{
	uint64_t run = ~s->blank, digit = s->digit & s->digit >> 1;

	if (s->is | (digit & digit >> 2) | (s->dash & s->dash >> 1))
		return true;
	if (n < 64)
		run &= (1ull << n) - 1;
	run &= run >> 1;
	run &= run >> 2;
	run &= run >> 4;
	run &= run >> 8;
	if (run)
		return true;
	return s->b && has_scheme(p, rest, s->b);
}

/* `rest` bytes are there, which may be more than a window. */
static inline bool window_is_loud(const char *p, size_t rest)
{
	size_t n = rest < WINDOW ? rest : WINDOW;
	struct seen s = { 0 };
	unsigned at = 0;

	for (; at + LANE < n; at += LANE)
		look(&s, p + at, at);
	look(&s, p + n - LANE, (unsigned)(n - LANE));
	return is_loud(&s, p, n, rest);
}

bool redact_is_loud_long(const char *p, size_t n)
{
	char room[LANE];

	if (n < LANE) {
		memset(room, ' ', sizeof(room));
		memcpy(room, p, n);
		return window_is_loud(room, sizeof(room));
	}
	for (; n > WINDOW; p += STEP, n -= STEP)
		if (window_is_loud(p, n))
			return true;
	return window_is_loud(p, n);
}
