/* SPDX-License-Identifier: Apache-2.0 */
#include "view/terminal-text.h"

#include "base/utf8.h"

#include <stdio.h>

static uint32_t utf8_point(struct str s, size_t n)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t point = (unsigned char)s.p[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		point = point << 6 | ((unsigned char)s.p[i] & 0x3f);
	return point;
}

static bool point_is_within(uint32_t point, const uint32_t (*range)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (point >= range[i][0] && point <= range[i][1])
			return true;
	return false;
}

#define WITHIN(point, ranges) point_is_within(point, ranges, sizeof(ranges) / sizeof((ranges)[0]))

static const uint32_t unsafe[][2] = {
	{ 0, 0x1f },	    { 0x7f, 0x9f },	{ 0x61c, 0x61c },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff }
};

static const uint32_t wide[][2] = { { 0x1100, 0x115f },	 { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },
				    { 0xf900, 0xfaff },	 { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
				    { 0xffe0, 0xffe6 },	 { 0x1f300, 0x1f64f }, { 0x1f680, 0x1faff },
				    { 0x20000, 0x3fffd } };

static const uint32_t combining[][2] = { { 0x300, 0x36f },
					 { 0x1ab0, 0x1aff },
					 { 0x1dc0, 0x1dff },
					 { 0x20d0, 0x20ff },
					 { 0xfe00, 0xfe2f } };

struct glyph {
	struct str text;
	size_t columns, bytes; /* shown, and taken from the text */
};

static struct glyph glyph_of(struct str s)
{
	size_t n = utf8_length(s);
	uint32_t point;

	if (!n)
		return (struct glyph){ STR(UTF8_REPLACEMENT), 1, 1 };
	point = utf8_point(s, n);
	if (WITHIN(point, unsafe))
		return (struct glyph){ STR("·"), 1, n };
	return (struct glyph){ str_first(s, n),
			       WITHIN(point, wide)	  ? 2
			       : WITHIN(point, combining) ? 0
							  : 1,
			       n };
}

size_t terminal_columns(struct str text)
{
	size_t columns = 0;

	while (text.n) {
		struct glyph g = glyph_of(text);

		columns += g.columns;
		text = str_from(text, g.bytes);
	}
	return columns;
}

size_t terminal_text(struct out *o, struct str text, size_t columns)
{
	bool fits = terminal_columns(text) <= columns;
	size_t used = 0;

	while (text.n) {
		struct glyph g = glyph_of(text);

		if (!fits && used + g.columns + 1 > columns)
			break;
		out_str(o, g.text);
		used += g.columns;
		text = str_from(text, g.bytes);
	}
	if (!fits && used < columns) {
		out_str(o, STR("…"));
		used++;
	}
	return used;
}

void terminal_blanks(struct out *o, size_t n)
{
	while (n--)
		out_char(o, ' ');
}

size_t terminal_duration(struct out *o, uint64_t ns)
{
	static const struct {
		uint64_t unit;
		const char *name;
		size_t extra; /* bytes of the name that take no column */
	} scale[] = {
		{ 1000000000, "s", 0 }, { 1000000, "ms", 0 }, { 1000, "µs", 1 }, { 1, "ns", 0 }
	};
	char text[48];
	size_t i = 0;

	while (i < 3 && ns < scale[i].unit)
		i++;

	double v = (double)ns / (double)scale[i].unit;
	int n = snprintf(text, sizeof(text), "%.*f %s", i < 3 && v < 100 ? (v < 10 ? 2 : 1) : 0, v,
			 scale[i].name);

	out_bytes(o, text, (size_t)n);
	return (size_t)n - scale[i].extra;
}
