/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shape.h"

#include "base/hex.h"

enum { QUOTED_MOST = 400, HEX_LEAST = 8 };

struct shaping {
	char *out;
	size_t n, room;
};

static void put(struct shaping *s, const char *p, size_t n)
{
	if (n > s->room - s->n)
		n = s->room - s->n;
	memcpy(s->out + s->n, p, n);
	s->n += n;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

/* The length of a quotation with its quotes; 0: none begins here. `before`: what stands before it. */
static size_t quoted(struct str text, char before)
{
	char close = text.p[0] == '`' ? '\'' : text.p[0];

	if ((text.p[0] != '"' && text.p[0] != '\'' && text.p[0] != '`') || is_word(before))
		return 0;
	for (size_t i = 1; i < text.n && i < QUOTED_MOST; i++)
		if ((text.p[i] == close || text.p[i] == text.p[0]) &&
		    (close != '\'' || i + 1 == text.n || !is_word(text.p[i + 1])))
			return i + 1;
	return 0;
}

/* Of 8-4-4-4-12 hexadecimal digits; 0: none. */
static size_t uuid(struct str text)
{
	static const unsigned char groups[] = { 8, 4, 4, 4, 12 };
	size_t at = 0;

	for (size_t g = 0; g < sizeof(groups); g++) {
		for (unsigned i = 0; i < groups[g]; i++, at++)
			if (at >= text.n || hex_digit(text.p[at], true) < 0)
				return 0;
		if (g + 1 < sizeof(groups) && (at >= text.n || text.p[at++] != '-'))
			return 0;
	}
	return at < text.n && is_word(text.p[at]) ? 0 : at;
}

/* A word of hexadecimal digits that has digits and letters, or 0x and digits; 0: none. */
static size_t hexadecimal(struct str text)
{
	size_t n = 0, digits = 0;
	bool marked = text.n > 2 && text.p[0] == '0' && (text.p[1] | 32) == 'x';

	for (n = marked ? 2 : 0; n < text.n && hex_digit(text.p[n], true) >= 0; n++)
		digits += is_digit(text.p[n]);
	if (n < text.n && is_word(text.p[n]))
		return 0;
	return marked ? n : n >= HEX_LEAST && digits && digits < n ? n : 0;
}

/* 42, 3.5, 1,000, 12:30:05, 10.0.0.1 */
static size_t number(struct str text)
{
	size_t n = 0;

	while (n < text.n &&
	       (is_digit(text.p[n]) || (n && n + 1 < text.n && strchr(".,:", text.p[n]) &&
					text.p[n] && is_digit(text.p[n + 1]))))
		n++;
	return n;
}

size_t shape_of(struct str text, char *out, size_t room)
{
	struct shaping s = { .out = out, .room = room };
	char before = ' ';

	while (text.n && s.n < s.room) {
		size_t n = quoted(text, before);
		bool begins = !is_word(before);

		if (n) {
			put(&s, "<text>", 6);
		} else if (begins && (n = uuid(text))) {
			put(&s, "<id>", 4);
		} else if (begins && (n = hexadecimal(text))) {
			put(&s, text.p[1] == 'x' ? "<n>" : "<id>", text.p[1] == 'x' ? 3 : 4);
		} else if ((n = number(text))) {
			put(&s, "<n>", 3);
		} else {
			n = 1;
			put(&s, (unsigned char)text.p[0] < 0x20 ? " " : text.p, 1);
		}
		before = text.p[n - 1];
		text = str_from(text, n);
	}
	return s.n;
}
