/* SPDX-License-Identifier: Apache-2.0 */
#include "export/console-text.h"

#include "base/hex.h"
#include "base/utf8.h"

enum { TEXT_MOST = 400, BYTES_MOST = 32, NESTED_MOST = 6 };

static uint32_t code_point(const char *p, size_t n)
{
	const unsigned char *b = (const unsigned char *)p;
	uint32_t c = n == 1 ? b[0] : b[0] & (0x7f >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (b[i] & 0x3f);
	return c;
}

/* C0, C1, line and paragraph separators, marks and overrides of direction, and the byte order mark. */
static bool acts_on_terminals(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x061c ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void escape(struct out *o, uint32_t c)
{
	switch (c) {
	case '\n':
		out_str(o, STR("\\n"));
		break;
	case '\t':
		out_str(o, STR("\\t"));
		break;
	case '\r':
		out_str(o, STR("\\r"));
		break;
	default:
		out_fmt(o, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
	}
}

static bool is_plain(char c, bool quoted)
{
	return c >= 0x20 && c < 0x7f && !(quoted && (c == '"' || c == '\\'));
}

/* `most` characters of it. */
static void put(struct out *o, struct str s, bool quoted, size_t most)
{
	size_t left = most;

	while (s.n && left) {
		size_t plain = 0, n;

		while (plain < s.n && plain < left && is_plain(s.p[plain], quoted))
			plain++;
		out_bytes(o, s.p, plain);
		s = str_from(s, plain);
		left -= plain;
		if (!s.n || !left)
			break;
		n = utf8_length(s);

		uint32_t c = n ? code_point(s.p, n) : 0;

		if (!n)
			out_fmt(o, "\\x%02x", (unsigned char)s.p[0]);
		else if (acts_on_terminals(c))
			escape(o, c);
		else if (quoted && (c == '"' || c == '\\'))
			out_fmt(o, "\\%c", (char)c);
		else
			out_bytes(o, s.p, n);
		s = str_from(s, n ? n : 1);
		left--;
	}
	if (s.n)
		out_fmt(o, "… (%zu bytes more)", s.n);
}

void console_text(struct out *o, struct str s)
{
	put(o, s, false, TEXT_MOST);
}

void console_text_whole(struct out *o, struct str s)
{
	put(o, s, false, SIZE_MAX);
}

static bool needs_quotes(struct str s)
{
	static const char odd[256] = { ['"'] = 1, ['\\'] = 1, ['='] = 1, [','] = 1,
				       ['['] = 1, [']'] = 1,  ['{'] = 1, ['}'] = 1 };

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || odd[(unsigned char)s.p[i]])
			return true;
	return s.n == 0;
}

/* What a value may take: depth counts up, most is for each text. */
struct extent {
	unsigned depth;
	size_t most;
};

static void put_value(struct out *o, const struct value *v, struct extent e);

static struct extent deeper(struct extent e)
{
	return (struct extent){ e.depth + 1, e.most };
}

static void put_array(struct out *o, const struct value *v, struct extent e)
{
	out_char(o, '[');
	for (size_t i = 0; i < v->array.n; i++) {
		if (i)
			out_str(o, STR(", "));
		put_value(o, &v->array.item[i], deeper(e));
	}
	out_char(o, ']');
}

static void put_map(struct out *o, const struct value *v, struct extent e)
{
	out_char(o, '{');
	for (size_t i = 0; i < v->map.n; i++) {
		if (i)
			out_str(o, STR(", "));
		put(o, v->map.item[i].key, false, e.most);
		out_char(o, '=');
		put_value(o, &v->map.item[i].value, deeper(e));
	}
	out_char(o, '}');
}

static void put_bytes(struct out *o, struct str s, size_t most)
{
	char text[2 * BYTES_MOST];

	out_str(o, STR("0x"));
	for (size_t left = most < SIZE_MAX ? BYTES_MOST : s.n; s.n && left;) {
		size_t n = str_first(str_first(s, BYTES_MOST), left).n;

		hex_write(text, s.p, n);
		out_bytes(o, text, 2 * n);
		s = str_from(s, n);
		left -= n;
	}
	if (s.n)
		out_fmt(o, "… (%zu bytes more)", s.n);
}

static void put_value(struct out *o, const struct value *v, struct extent e)
{
	if (e.depth > NESTED_MOST) {
		out_str(o, STR("…"));
		return;
	}
	switch (v->type) {
	case VALUE_EMPTY:
		out_str(o, STR("(empty)"));
		break;
	case VALUE_BOOL:
		out_str(o, v->boolean ? STR("true") : STR("false"));
		break;
	case VALUE_INT:
		out_i64(o, v->integer);
		break;
	case VALUE_DOUBLE:
		out_f64(o, v->number);
		break;
	case VALUE_STRING:
		if (needs_quotes(v->text)) {
			out_char(o, '"');
			put(o, v->text, true, e.most);
			out_char(o, '"');
		} else {
			put(o, v->text, false, e.most);
		}
		break;
	case VALUE_BYTES:
		put_bytes(o, v->text, e.most);
		break;
	case VALUE_ARRAY:
		put_array(o, v, e);
		break;
	case VALUE_MAP:
		put_map(o, v, e);
		break;
	}
}

void console_value(struct out *o, const struct value *v)
{
	put_value(o, v, (struct extent){ 0, TEXT_MOST });
}

void console_value_whole(struct out *o, const struct value *v)
{
	put_value(o, v, (struct extent){ 0, SIZE_MAX });
}
