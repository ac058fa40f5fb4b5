/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/http1-known.h"

#include "agent/http/http1-head.h"
#include "agent/http/http1-inside.h"
#include "base/hot.h"

/* Most methods: the rest, CONNECT, and what PROXY may be, are looked at closely. */
static size_t plain_method(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 'A' && p[i] <= 'Z')
		i++;
	return i && i < 7 && i != 5 && i < n && p[i] == ' ' ? i : 0;
}

HOT bool http1_again(struct http1 *m, const struct http1_usual *u, struct str *in,
		     struct str *method, struct str *target)
{
	const char *p = in->p, *end;
	size_t method_n;

	if (m->state != START || in->n < u->n)
		return false;
	end = memchr(p, '\n', in->n - u->n + u->line_n + 1u);
	if (!end || end - p < u->line_n || end - p > HTTP1_TARGET)
		return false;
	end -= u->line_n;
	method_n = plain_method(p, (size_t)(end - p));
	if (!method_n || memcmp(end, u->p, u->n) != 0)
		return false;
	message_begin(m, NULL);
	m->minor = u->minor;
	m->state = START;
	*method = (struct str){ p, method_n };
	*target = (struct str){ p + method_n + 1, (size_t)(end - p) - method_n - 1 };
	*in = str_from(*in, (size_t)(end - p) + u->n);
	return true;
}

HOT bool http1_same(struct http1 *m, const struct http1_usual *u, struct str *in)
{
	size_t n = (size_t)u->before + u->n;

	if (!u->before || m->state != START || in->n < n || memcmp(in->p, u->p - u->before, n) != 0)
		return false;
	message_begin(m, NULL);
	m->minor = u->minor;
	m->state = START;
	in->p += n;
	in->n -= n;
	return true;
}

bool http1_usual(const struct http1 *m, const char *p, struct http1_usual *out)
{
	const char *end = memchr(p, '\n', m->head_n);
	size_t version = 9, rest;

	if (!end || m->state != FRAME || m->kind != HTTP1_REQUEST || m->chunked || m->has_length ||
	    m->upgrade || m->expects || m->unsure)
		return false;
	version += end[-1] == '\r';
	rest = m->head_n - (size_t)(end - p);
	if (rest + version > UINT16_MAX)
		return false;
	*out = (struct http1_usual){ .p = end - version,
				     .n = (uint16_t)(version + rest),
				     .line_n = (uint16_t)version,
				     .minor = m->minor };
	return true;
}

/* Where the value of this field is in `head`, if the line is of it. */
static bool value_of(struct str head, struct str line, struct str name, uint16_t *at, uint16_t *n)
{
	struct str value;

	if (!http1_is_field(line, name))
		return false;
	value = str_trim(str_from(line, name.n));
	*at = (uint16_t)(value.p - head.p);
	*n = (uint16_t)value.n;
	return true;
}

static bool all_digits(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_digit(p[i]))
			return false;
	return true;
}

enum { DATE_N = 29, DIGITS_MOST = 18 };

static void parts_between(struct http1_alike *a)
{
	bool date_first = a->date < a->length;
	uint16_t one = date_first ? a->date : a->length, two = date_first ? a->length : a->date;

	a->to[0] = one;
	a->from[1] = (uint16_t)(one + (date_first ? a->date_n : a->length_n));
	a->to[1] = two;
	a->from[2] = (uint16_t)(two + (date_first ? a->length_n : a->date_n));
	a->to[2] = a->n;
}

/* What is the same but for these two values frames the same, as long as no line ends in them. */
bool http1_alike_learn(const struct http1 *m, const char *p, struct http1_alike *a)
{
	struct str head = { p, m->head_n }, rest = head;
	size_t n_dates = 0, n_lengths = 0;

	if (m->kind != HTTP1_RESPONSE || m->state != FRAME || m->head_n > HTTP1_ALIKE ||
	    m->chunked || m->unsure)
		return false;
	memset(a, 0, offsetof(struct http1_alike, text));
	a->n = (uint16_t)head.n;
	a->status = m->status;
	a->minor = m->minor;
	a->has_length = m->has_length;
	a->left = m->left;
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');

		n_dates += value_of(head, line.head, STR("date:"), &a->date, &a->date_n);
		n_lengths +=
			value_of(head, line.head, STR("content-length:"), &a->length, &a->length_n);
		rest = line.tail;
	}
	if (n_dates > 1 || a->date_n != DATE_N)
		a->date = a->date_n = 0;
	if (n_lengths > 1 || a->length_n > DIGITS_MOST || !all_digits(p + a->length, a->length_n) ||
	    m->has_length != (a->length_n > 0))
		return false;
	parts_between(a);
	memcpy(a->text, p, head.n);
	return true;
}

static inline bool same_part(const char *p, const struct http1_alike *a, int part)
{
	return memcmp(p + a->from[part], a->text + a->from[part],
		      (size_t)(a->to[part] - a->from[part])) == 0;
}

/* All but date and length is the same: those are the next one's, from now on. */
static bool alike_but(struct http1_alike *a, const char *p)
{
	const char *digit = p + a->length;
	uint64_t length = 0;

	if (!same_part(p, a, 0) || !same_part(p, a, 1) || !same_part(p, a, 2) ||
	    (a->date_n && memchr(p + a->date, '\n', DATE_N)))
		return false;
	for (size_t i = a->length_n; i; i--, digit++) {
		if (!is_digit(*digit))
			return false;
		length = length * 10 + (uint64_t)(*digit - '0');
	}
	a->left = length;
	memcpy(a->text, p, a->n);
	return true;
}

HOT bool http1_alike(struct http1 *m, struct http1_alike *a, struct str *in)
{
	if (m->state != START || in->n < a->n ||
	    (memcmp(in->p, a->text, a->n) != 0 && !alike_but(a, in->p)))
		return false;
	message_begin(m, NULL);
	m->minor = a->minor;
	m->status = a->status;
	m->has_length = a->has_length;
	m->left = a->left;
	m->head_n = a->n;
	m->state = FRAME;
	in->p += a->n;
	in->n -= a->n;
	return true;
}

HOT bool http1_awaits_body(struct http1 *m)
{
	if (m->state == FRAME)
		message_frame(m);
	return m->state == LENGTH;
}

HOT bool http1_rest(struct http1 *m, size_t n)
{
	if (m->state != LENGTH || m->left != n)
		return false;
	m->body_n += n;
	m->left = 0;
	m->state = START;
	return true;
}
