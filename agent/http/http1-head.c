/* SPDX-License-Identifier: Apache-2.0 */
/* A head's fields: which are kept, and how they are found again. */
#include "agent/http/http1-head.h"

/* ---- names --------------------------------------------------------------------------------------- */

/*
 * Eight bytes at once, or four: `name` has only characters with the bit that tells small letters
 * from capitals, so setting it in `p` makes them the same; but not out of a control character.
 */
#define SMALL 0x2020202020202020u

static bool same_word(uint64_t p, uint64_t name)
{
	return (p | SMALL) == name && ((p | p >> 1) & SMALL) == SMALL;
}

static uint64_t word8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static uint64_t word4(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w | SMALL << 32;
}

bool http1_starts_nocase(struct str line, struct str with)
{
	size_t n = with.n;

	if (line.n < n)
		return false;
	if (n < 8)
		return same_word(word4(line.p), word4(with.p)) &&
		       same_word(word4(line.p + n - 4), word4(with.p + n - 4));
	for (size_t i = 0; i + 8 <= n; i += 8)
		if (!same_word(word8(line.p + i), word8(with.p + i)))
			return false;
	return same_word(word8(line.p + n - 8), word8(with.p + n - 8));
}

/* Secrets, and what nobody asks for. */
static bool is_unwanted(struct str line)
{
	switch (str_lower(line.p[0])) {
	case ' ':
	case '\t':
	case ':':
		return true;
	case 'a':
		return http1_starts_nocase(line, STR("authorization")) ||
		       http1_starts_nocase(line, STR("accept"));
	case 'c':
		return http1_starts_nocase(line, STR("cookie")) ||
		       http1_starts_nocase(line, STR("connection")) ||
		       http1_starts_nocase(line, STR("content-")) ||
		       http1_starts_nocase(line, STR("cache-control"));
	case 'p':
		return http1_starts_nocase(line, STR("proxy-authorization"));
	case 's':
		return http1_starts_nocase(line, STR("sec-"));
	}
	return false;
}

bool http1_wants(struct str line)
{
	return !is_unwanted(line);
}

/* ---- fields -------------------------------------------------------------------------------------- */

void http1_keep(struct http1_head *head, size_t n, bool whole)
{
	struct cut c = str_cut((struct str){ head->text + head->used, n }, ':');
	struct str value = str_trim(c.tail);
	struct http1_field *f;

	if (!c.found)
		return;
	if (head->n_fields == HTTP1_FIELDS || !whole || head->used + n >= HTTP1_KEPT) {
		head->cut = true;
		return;
	}
	f = &head->field[head->n_fields++];
	f->name = head->used;
	f->name_n = (uint16_t)c.head.n;
	head->text[f->name + f->name_n] = 0;
	f->value = (uint16_t)(value.n ? value.p - head->text : head->used + (ptrdiff_t)n);
	f->value_n = (uint16_t)value.n;
	head->text[f->value + f->value_n] = 0;
	head->used = (uint16_t)(f->value + f->value_n + 1);
}

static bool field_is(const struct http1_head *h, size_t i, struct str name)
{
	const struct http1_field *f = &h->field[i];

	return f->name_n == name.n &&
	       str_eq_nocase((struct str){ h->text + f->name, f->name_n }, name);
}

const char *http1_value(const struct http1_head *h, const char *name)
{
	struct str wanted = str_of(name);

	for (size_t i = 0; i < h->n_fields; i++)
		if (field_is(h, i, wanted))
			return h->text + h->field[i].value;
	return NULL;
}

size_t http1_count(const struct http1_head *h, const char *name)
{
	struct str wanted = str_of(name);
	size_t n = 0;

	for (size_t i = 0; i < h->n_fields; i++)
		n += field_is(h, i, wanted);
	return n;
}

const char *http1_list(const struct http1_head *h, const char *name, char *out, size_t size)
{
	struct str wanted = str_of(name);
	const char *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http1_field *f = &h->field[i];

		if (!field_is(h, i, wanted))
			continue;
		if (!only && http1_count(h, name) == 1)
			return h->text + f->value;
		if (n + f->value_n + 2 > size)
			break;
		if (only)
			out[n++] = ',';
		memcpy(out + n, h->text + f->value, f->value_n);
		n += f->value_n;
		only = out;
	}
	if (only)
		out[n] = 0;
	return only;
}
