/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <math.h>

/*
 * `n` bytes may be written at the result, which is behind the comma if one is needed; then json_take
 * says where they end. NULL: error.
 */
static inline char *json_room(struct json *j, size_t n)
{
	struct out *o = j->out;
	char *p;

	if ((o->room - o->n <= n && !out_reserve(o, n + 1)) || o->error)
		return NULL;
	p = o->p + o->n;
	if (j->comma)
		*p++ = ',';
	j->comma = true;
	return p;
}

static inline void json_take(struct json *j, const char *end)
{
	j->out->n = (size_t)(end - j->out->p);
}

static void json_next(struct json *j)
{
	if (j->comma)
		out_char(j->out, ',');
	j->comma = true;
}

void json_open(struct json *j, char bracket)
{
	char *p = json_room(j, 1);

	j->comma = false;
	if (!p)
		return;
	*p++ = bracket;
	json_take(j, p);
}

void json_close(struct json *j, char bracket)
{
	out_char(j->out, bracket);
	j->comma = true;
}

static void json_escape(struct out *o, unsigned char c)
{
	static const char digit[16] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', digit[c >> 4], digit[c & 15] };

	switch (c) {
	case '"':
	case '\\':
		out_char(o, '\\');
		out_char(o, (char)c);
		break;
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
		out_bytes(o, text, sizeof(text));
	}
}

/* U+0080 to U+009F, U+2028 and U+2029: some take them for a line's end, or for a command. */
static bool ends_line(const char *p)
{
	return (p[0] == '\xc2' && (unsigned char)p[1] < 0xa0) ||
	       (p[0] == '\xe2' && p[1] == '\x80' && (p[2] == '\xa8' || p[2] == '\xa9'));
}

static unsigned code_point(const char *p, size_t n)
{
	return n == 2 ? (unsigned char)p[1] : 0x2000u | ((unsigned char)p[2] & 0x3f);
}

static void json_quote(struct out *o, struct str s)
{
	out_char(o, '"');
	while (s.n) {
		size_t plain = 0;

		while (plain < s.n && s.p[plain] >= 0x20 && s.p[plain] < 0x7f &&
		       s.p[plain] != '"' && s.p[plain] != '\\')
			plain++;
		out_bytes(o, s.p, plain);
		s = str_from(s, plain);
		if (!s.n)
			break;

		unsigned char c = (unsigned char)s.p[0];
		size_t n = utf8_length(s);

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
			json_escape(o, c);
			n = 1;
		} else if (n > 1 && ends_line(s.p)) {
			out_fmt(o, "\\u%04x", code_point(s.p, n));
		} else if (n) {
			out_bytes(o, s.p, n);
		} else {
			out_str(o, STR(UTF8_REPLACEMENT));
			n = 1;
		}
		s = str_from(s, n);
	}
	out_char(o, '"');
}

#define BYTES(b) (UINT64_C(0x0101010101010101) * (b))

/* Is any of its bytes this one? (It may say so wrongly of a byte above a true one.) */
static inline uint64_t word_has(uint64_t word, unsigned char byte)
{
	uint64_t zero = word ^ BYTES(byte);

	return (zero - BYTES(1)) & ~zero & BYTES(0x80);
}

/* Not zero if any of 8 bytes must not stand in a string as it is, or may be half a character. */
static inline uint64_t word_is_odd(uint64_t word)
{
	return (word & BYTES(0x80)) | ((word - BYTES(0x20)) & ~word & BYTES(0x80)) |
	       word_has(word, '"') | word_has(word, '\\') | word_has(word, 0x7f);
}

/* Copies and looks in one pass; false: something in it is odd. */
static inline bool copy_plain(char *p, struct str s)
{
	uint64_t word, odd = 0;

	if (s.n >= 8) {
		for (size_t i = 0; i < s.n - 8; i += 8) {
			memcpy(&word, s.p + i, 8);
			memcpy(p + i, &word, 8);
			odd |= word_is_odd(word);
		}
		memcpy(&word, s.p + s.n - 8, 8);
		memcpy(p + s.n - 8, &word, 8);
		return !(odd | word_is_odd(word));
	}
	word = BYTES('x');
	for (size_t i = 0; i < s.n; i++) {
		p[i] = s.p[i];
		word = word << 8 | (unsigned char)s.p[i];
	}
	return !word_is_odd(word);
}

/* Quoted, and what else comes behind it. */
static inline void json_text(struct json *j, struct str s, bool is_key)
{
	char *p = json_room(j, s.n + 3);

	if (!p)
		return;
	*p++ = '"';
	if (__builtin_expect(copy_plain(p, s), 1)) {
		p += s.n;
		*p++ = '"';
	} else {
		json_take(j, p - 1);
		json_quote(j->out, s);
		if (is_key)
			out_char(j->out, ':');
		return;
	}
	if (is_key)
		*p++ = ':';
	json_take(j, p);
}

void json_key(struct json *j, struct str key)
{
	json_text(j, key, true);
	j->comma = false;
}

void json_name(struct json *j, struct str name)
{
	char *p = json_room(j, name.n + 3);

	j->comma = false;
	if (!p)
		return;
	*p++ = '"';
	memcpy(p, name.p, name.n);
	p += name.n;
	*p++ = '"';
	*p++ = ':';
	json_take(j, p);
}

void json_str(struct json *j, struct str value)
{
	json_text(j, value, false);
}

void json_u64(struct json *j, uint64_t value)
{
	json_next(j);
	out_u64(j->out, value);
}

void json_i64(struct json *j, int64_t value)
{
	json_next(j);
	out_i64(j->out, value);
}

void json_f64(struct json *j, double value)
{
	if (isnan(value)) {
		json_str(j, STR("NaN"));
	} else if (isinf(value)) {
		json_str(j, value < 0 ? STR("-Infinity") : STR("Infinity"));
	} else {
		json_next(j);
		out_f64(j->out, value);
	}
}

void json_bool(struct json *j, bool value)
{
	json_next(j);
	out_str(j->out, value ? STR("true") : STR("false"));
}

void json_null(struct json *j)
{
	json_next(j);
	out_str(j->out, STR("null"));
}

void json_raw(struct json *j, struct str text)
{
	json_next(j);
	out_str(j->out, text);
}

void json_hex(struct json *j, const void *bytes, size_t n)
{
	char *p = json_room(j, 2 * n + 2);

	if (!p)
		return;
	*p++ = '"';
	hex_write(p, bytes, n);
	p += 2 * n;
	*p++ = '"';
	json_take(j, p);
}

void json_u64_text(struct json *j, uint64_t value)
{
	json_next(j);
	out_char(j->out, '"');
	out_u64(j->out, value);
	out_char(j->out, '"');
}

void json_i64_text(struct json *j, int64_t value)
{
	json_next(j);
	out_char(j->out, '"');
	out_i64(j->out, value);
	out_char(j->out, '"');
}

void json_base64(struct json *j, struct str bytes)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *b = (const unsigned char *)bytes.p;

	json_next(j);
	out_char(j->out, '"');
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t v = (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) |
			     (left > 2 ? b[i + 2] : 0);
		char four[4] = { digit[v >> 18], digit[v >> 12 & 63],
				 left > 1 ? digit[v >> 6 & 63] : '=',
				 left > 2 ? digit[v & 63] : '=' };

		out_bytes(j->out, four, sizeof(four));
	}
	out_char(j->out, '"');
}
