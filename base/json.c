/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <math.h>

static void json_next(struct json *j)
{
	if (j->comma)
		out_char(j->out, ',');
	j->comma = true;
}

void json_open(struct json *j, char bracket)
{
	json_next(j);
	out_char(j->out, bracket);
	j->comma = false;
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

void json_key(struct json *j, struct str key)
{
	json_next(j);
	json_quote(j->out, key);
	out_char(j->out, ':');
	j->comma = false;
}

void json_name(struct json *j, struct str name)
{
	struct out *o = j->out;
	size_t n = name.n + 4;
	char *p;

	if (o->room - o->n < n && !out_reserve(o, n))
		return;
	if (o->error)
		return;
	p = o->p + o->n;
	if (j->comma)
		*p++ = ',';
	*p++ = '"';
	memcpy(p, name.p, name.n);
	p += name.n;
	*p++ = '"';
	*p++ = ':';
	o->n = (size_t)(p - o->p);
	j->comma = false;
}

void json_str(struct json *j, struct str value)
{
	json_next(j);
	json_quote(j->out, value);
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
	char text[64];

	if (n > sizeof(text) / 2)
		n = sizeof(text) / 2;
	hex_write(text, bytes, n);
	json_str(j, (struct str){ text, 2 * n });
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
