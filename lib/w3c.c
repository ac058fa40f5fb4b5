/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/w3c.h"

#include "base/hex.h"

enum {
	TRACEPARENT_N = 55,
	TRACESTATE_MEMBERS = 32,
};

static bool all_zero(const unsigned char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (b[i])
			return false;
	return true;
}

/* "00-" 32 hex "-" 16 hex "-" 2 hex; a later version may go on after another dash. */
bool w3c_traceparent(struct oriel_context *out, struct str header)
{
	struct oriel_context c = { .remote = 1 };
	struct str h = str_trim(header);
	unsigned char version;

	if (h.n < TRACEPARENT_N || h.p[2] != '-' || h.p[35] != '-' || h.p[52] != '-')
		return false;
	if (!hex_read(&version, 1, str_first(h, 2), false) || version == 0xff)
		return false;
	if (h.n > TRACEPARENT_N && (version == 0 || h.p[TRACEPARENT_N] != '-'))
		return false;
	if (!hex_read(c.trace_id, 16, str_first(str_from(h, 3), 32), false) ||
	    !hex_read(c.span_id, 8, str_first(str_from(h, 36), 16), false) ||
	    !hex_read(&c.flags, 1, str_first(str_from(h, 53), 2), false))
		return false;
	if (all_zero(c.trace_id, 16) || all_zero(c.span_id, 8))
		return false;
	c.flags &= ORIEL_SAMPLED | ORIEL_RANDOM;
	*out = c;
	return true;
}

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '*' || c == '/';
}

/* 3.3.1.3.1: lower-case letter first, or a digit where a tenant and system stand around an @. */
static bool tracestate_key_valid(struct str key)
{
	struct cut at = str_cut(key, '@');

	if (!key.n || key.n > 256)
		return false;
	if (at.found && (!at.head.n ||
			 !((at.head.p[0] >= 'a' && at.head.p[0] <= 'z') ||
			   (at.head.p[0] >= '0' && at.head.p[0] <= '9')) ||
			 at.head.n > 241 || !at.tail.n || at.tail.n > 14 ||
			 !(at.tail.p[0] >= 'a' && at.tail.p[0] <= 'z')))
		return false;
	if (!at.found && !(key.p[0] >= 'a' && key.p[0] <= 'z') &&
	    !(key.p[0] >= '0' && key.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < key.n; i++)
		if (!key_char(key.p[i]) && !(at.found && i == at.head.n))
			return false;
	return true;
}

/* 3.3.1.3.2: printable, no comma, no equals sign, not ending in a blank. */
static bool tracestate_value_valid(struct str v)
{
	if (!v.n || v.n > 256 || v.p[v.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] > 0x7e || v.p[i] == '=' || v.p[i] == ',')
			return false;
	return true;
}

static bool tracestate_seen(struct str before, struct str key)
{
	while (before.n) {
		struct cut member = str_cut(before, ',');

		if (str_eq(str_cut(str_trim(member.head), '=').head, key))
			return true;
		before = member.tail;
	}
	return false;
}

/* Blanks around members are spaces and tabs; a line's end among them would begin another field. */
static bool one_line(struct str header)
{
	for (size_t i = 0; i < header.n; i++)
		if ((unsigned char)header.p[i] < 0x20 && header.p[i] != '\t')
			return false;
	return true;
}

bool w3c_tracestate_valid(struct str header)
{
	struct str rest = header;
	size_t members = 0;

	if (!one_line(header))
		return false;
	while (rest.n) {
		struct cut member = str_cut(rest, ',');
		struct str text = str_trim(member.head);
		struct cut pair = str_cut(text, '=');

		if (text.n) {
			if (++members > TRACESTATE_MEMBERS || !pair.found ||
			    !tracestate_key_valid(pair.head) ||
			    !tracestate_value_valid(pair.tail) ||
			    tracestate_seen(str_first(header, header.n - rest.n), pair.head))
				return false;
		}
		rest = member.tail;
	}
	return members > 0;
}

bool w3c_token_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", s.p[i]))
			return false;
	return s.n > 0;
}

/* Baggage 3.2.1.3, "baggage-octet". */
static bool baggage_octet(char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool baggage_member_valid(struct str member)
{
	struct cut properties = str_cut(member, ';');
	struct cut pair = str_cut(properties.head, '=');
	struct str value = str_trim(pair.tail);

	if (!pair.found || !w3c_token_valid(str_trim(pair.head)))
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (!baggage_octet(value.p[i]))
			return false;
	for (size_t i = 0; i < properties.tail.n; i++)
		if (properties.tail.p[i] < 0x20 || properties.tail.p[i] > 0x7e)
			return false;
	return true;
}

bool w3c_baggage_valid(struct str header)
{
	struct str rest = header;

	if (!header.n || header.n > BAGGAGE_MOST || !one_line(header))
		return false;
	while (rest.n) {
		struct cut member = str_cut(rest, ',');

		if (!baggage_member_valid(str_trim(member.head)))
			return false;
		rest = member.tail;
	}
	return true;
}

bool w3c_baggage_find(struct str header, struct str key, struct str *member, struct str *value)
{
	while (header.n) {
		struct cut item = str_cut(header, ',');
		struct cut pair = str_cut(str_cut(item.head, ';').head, '=');

		if (pair.found && str_eq(str_trim(pair.head), key)) {
			*member = item.head;
			*value = str_trim(pair.tail);
			return true;
		}
		header = item.tail;
	}
	return false;
}

static bool plain(char c)
{
	return baggage_octet(c) && c != '%' && c != '=';
}

size_t w3c_encoded_n(struct str value)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		n += plain(value.p[i]) ? 1 : 3;
	return n;
}

char *w3c_encode(char *to, struct str value)
{
	static const char digit[16] = "0123456789ABCDEF";

	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (plain(value.p[i])) {
			*to++ = (char)c;
		} else {
			*to++ = '%';
			*to++ = digit[c >> 4];
			*to++ = digit[c & 15];
		}
	}
	return to;
}

size_t w3c_decode(char *to, size_t n, struct str value)
{
	size_t at = 0;

	for (size_t i = 0; i < value.n; i++, at++) {
		unsigned char c = (unsigned char)value.p[i];

		if (c == '%' && hex_read(&c, 1, str_first(str_from(value, i + 1), 2), true))
			i += 2;
		if (at < n)
			to[at] = (char)c;
	}
	return at;
}
