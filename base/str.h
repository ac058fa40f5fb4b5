/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slice: text from outside, by value, borrowed.
 *
 *     struct cut c = str_cut(text, ',');      head before the first comma, tail after it
 *     while (str_next(&list, ',', &item))     each item, without blanks around it
 *
 * A `struct str` never owns its bytes and need not end in NUL; it is valid until its owner changes.
 * `{0}` is the empty slice. Nothing here allocates, so guests may use all of it, in signal
 * handlers too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

struct cut {
	struct str head, tail;
	bool found;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (str_lower(a.p[i]) != str_lower(b.p[i]))
			return false;
	return true;
}

static inline bool str_starts(struct str s, struct str with)
{
	return s.n >= with.n && (with.n == 0 || memcmp(s.p, with.p, with.n) == 0);
}

static inline bool str_ends(struct str s, struct str with)
{
	return s.n >= with.n && (with.n == 0 || memcmp(s.p + s.n - with.n, with.p, with.n) == 0);
}

static inline struct str str_from(struct str s, size_t at)
{
	if (at > s.n)
		at = s.n;
	return (struct str){ at ? s.p + at : s.p, s.n - at };
}

static inline struct str str_first(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

static inline struct cut str_cut(struct str s, char at)
{
	const char *c = s.n ? memchr(s.p, at, s.n) : NULL;

	if (!c)
		return (struct cut){ .head = s, .tail = { s.n ? s.p + s.n : s.p, 0 } };
	size_t i = (size_t)(c - s.p);
	return (struct cut){ .head = { s.p, i }, .tail = { c + 1, s.n - i - 1 }, .found = true };
}

static inline bool str_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline struct str str_trim(struct str s)
{
	while (s.n && str_is_blank(s.p[0]))
		s = str_from(s, 1);
	while (s.n && str_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Takes an item off a list; what is empty but for blanks is none. False: none is left. */
static inline bool str_next(struct str *list, char at, struct str *item)
{
	while (list->n) {
		struct cut c = str_cut(*list, at);

		*list = c.tail;
		*item = str_trim(c.head);
		if (item->n)
			return true;
	}
	return false;
}

/* Decimal digits only, the whole slice; false on anything else or overflow. */
static inline bool str_to_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}
