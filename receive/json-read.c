/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/json-read.h"

#include "base/hex.h"

enum { SKIP_DEPTH_MOST = 512 };

static bool wrong(struct json_reader *r)
{
	r->bad = true;
	return false;
}

static char next_char(struct json_reader *r)
{
	while (r->at < r->end && str_is_blank(*r->at))
		r->at++;
	return r->at < r->end && !r->bad ? *r->at : '\0';
}

enum json_kind json_peek(struct json_reader *r)
{
	char c = next_char(r);

	switch (c) {
	case '{':
		return JSON_IS_OBJECT;
	case '[':
		return JSON_IS_ARRAY;
	case '"':
		return JSON_IS_TEXT;
	case 't':
		return JSON_IS_TRUE;
	case 'f':
		return JSON_IS_FALSE;
	case 'n':
		return JSON_IS_NULL;
	}
	return c == '-' || (c >= '0' && c <= '9') ? JSON_IS_NUMBER : JSON_IS_NOTHING;
}

/* To the next one in brackets: true if there is one. */
static bool step(struct json_reader *r, struct json_loop *in, char open, char close)
{
	if (!in->begun && next_char(r) != open)
		return wrong(r);
	if (!in->begun) {
		in->begun = true;
		r->at++;
		if (next_char(r) != close)
			return !r->bad;
		r->at++;
		return false;
	}
	char c = next_char(r);

	if (c != ',' && c != close)
		return wrong(r);
	r->at++;
	return c == ',';
}

bool json_member(struct json_reader *r, struct json_loop *in, struct str *key)
{
	if (!step(r, in, '{', '}') || !json_text(r, key))
		return false;
	if (next_char(r) != ':')
		return wrong(r);
	r->at++;
	return true;
}

bool json_element(struct json_reader *r, struct json_loop *in)
{
	return step(r, in, '[', ']');
}

/* ---- text -------------------------------------------------------------------------------------- */

static char *put_utf8(char *p, uint32_t c)
{
	if (c < 0x80) {
		*p++ = (char)c;
	} else if (c < 0x800) {
		*p++ = (char)(0xc0 | c >> 6);
		*p++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*p++ = (char)(0xe0 | c >> 12);
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
	} else {
		*p++ = (char)(0xf0 | c >> 18);
		*p++ = (char)(0x80 | (c >> 12 & 0x3f));
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
	}
	return p;
}

/* The four digits after \u. */
static bool read_unit(struct str s, uint32_t *unit)
{
	uint8_t b[2];

	if (s.n < 4 || !hex_read(b, 2, str_first(s, 4), true))
		return false;
	*unit = (uint32_t)b[0] << 8 | b[1];
	return true;
}

/* A pair of surrogates is one character, half a pair is U+FFFD. The input's bytes are enough room. */
static char *unescape_unit(char *to, struct str *s)
{
	uint32_t c, low;

	if (!read_unit(*s, &c))
		return NULL;
	*s = str_from(*s, 4);
	if (c >= 0xd800 && c < 0xdc00 && str_starts(*s, STR("\\u")) &&
	    read_unit(str_from(*s, 2), &low) && low >= 0xdc00 && low < 0xe000) {
		*s = str_from(*s, 6);
		c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	return put_utf8(to, c);
}

static char *unescape_one(char *to, struct str *s)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char c = s->n ? s->p[0] : '\0';
	const char *name = c ? strchr(names, c) : NULL;

	*s = str_from(*s, 1);
	if (c == 'u')
		return unescape_unit(to, s);
	if (!name)
		return NULL;
	*to++ = values[name - names];
	return to;
}

static bool unescape(struct json_reader *r, struct str from, struct str *text)
{
	char *start = arena_take(&r->scratch, from.n), *to = start;

	while (to && from.n) {
		struct cut part = str_cut(from, '\\');

		if (part.head.n)
			memmove(to, part.head.p, part.head.n);
		to += part.head.n;
		from = part.tail;
		if (part.found)
			to = unescape_one(to, &from);
	}
	if (!to)
		return wrong(r);
	*text = (struct str){ start, (size_t)(to - start) };
	return true;
}

bool json_text(struct json_reader *r, struct str *text)
{
	const char *p, *start;
	bool escaped = false;

	if (next_char(r) != '"')
		return wrong(r);
	start = p = r->at + 1;
	while (p < r->end && *p != '"') {
		if ((unsigned char)*p < 0x20)
			return wrong(r);
		escaped |= *p == '\\';
		p += 1 + (*p == '\\');
	}
	if (p >= r->end)
		return wrong(r);
	r->at = p + 1;
	*text = (struct str){ start, (size_t)(p - start) };
	return !escaped || unescape(r, *text, text);
}

/* ---- the rest ---------------------------------------------------------------------------------- */

static const char *digits_end(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

bool json_number(struct json_reader *r, struct str *digits)
{
	const char *start, *p, *q;

	next_char(r);
	start = p = r->at;
	p += p < r->end && *p == '-';
	q = digits_end(p, r->end);
	if (q == p || (q - p > 1 && *p == '0'))
		return wrong(r);
	if (q < r->end && *q == '.') {
		p = q + 1;
		q = digits_end(p, r->end);
		if (q == p)
			return wrong(r);
	}
	if (q < r->end && (*q == 'e' || *q == 'E')) {
		p = q + 1;
		p += p < r->end && (*p == '-' || *p == '+');
		q = digits_end(p, r->end);
		if (q == p)
			return wrong(r);
	}
	r->at = q;
	*digits = (struct str){ start, (size_t)(q - start) };
	return !r->bad;
}

static bool take_word(struct json_reader *r, struct str word)
{
	struct str rest = { r->at, (size_t)(r->end - r->at) };

	if (r->bad || !str_starts(rest, word))
		return wrong(r);
	r->at += word.n;
	return true;
}

bool json_truth(struct json_reader *r, bool *truth)
{
	enum json_kind kind = json_peek(r);

	*truth = kind == JSON_IS_TRUE;
	return take_word(r, kind == JSON_IS_TRUE ? STR("true") : STR("false"));
}

static bool skip(struct json_reader *r, unsigned depth)
{
	struct json_loop in = { 0 };
	struct str text;
	bool truth;

	if (depth > SKIP_DEPTH_MOST)
		return wrong(r);
	switch (json_peek(r)) {
	case JSON_IS_OBJECT:
		while (json_member(r, &in, &text))
			skip(r, depth + 1);
		return !r->bad;
	case JSON_IS_ARRAY:
		while (json_element(r, &in))
			skip(r, depth + 1);
		return !r->bad;
	case JSON_IS_TEXT:
		return json_text(r, &text);
	case JSON_IS_NUMBER:
		return json_number(r, &text);
	case JSON_IS_TRUE:
	case JSON_IS_FALSE:
		return json_truth(r, &truth);
	case JSON_IS_NULL:
		return take_word(r, STR("null"));
	case JSON_IS_NOTHING:
		break;
	}
	return wrong(r);
}

bool json_skip(struct json_reader *r)
{
	return skip(r, 0);
}

bool json_whole(struct json_reader *r)
{
	return !r->bad && next_char(r) == '\0' && r->at == r->end;
}

void json_reader_fini(struct json_reader *r)
{
	arena_fini(&r->scratch);
}
