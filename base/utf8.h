/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: is the next character whole? (RFC 3629: no overlong forms, no surrogates.) Guest-safe. */
#pragma once

#include "base/str.h"

#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the valid character that `s` starts with; 0 if it starts with none. */
static inline size_t utf8_length(struct str s)
{
	const unsigned char *b = (const unsigned char *)s.p;

	if (!s.n)
		return 0;
	if (b[0] < 0x80)
		return 1;

	size_t n = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;

	if (b[0] < 0xc2 || b[0] > 0xf4 || s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
		return 0;
	return n;
}

/* At most `most` bytes of it, not ending within a character. */
static inline struct str utf8_first(struct str s, size_t most)
{
	if (s.n <= most)
		return s;
	while (most && ((unsigned char)s.p[most] & 0xc0) == 0x80)
		most--;
	return (struct str){ s.p, most };
}
