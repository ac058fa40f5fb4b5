/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"

#include "base/decimal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void out_fini(struct out *o)
{
	free(o->p);
	*o = (struct out){ 0 };
}

bool out_reserve(struct out *o, size_t more)
{
	if (o->error)
		return false;
	if (o->room - o->n >= more)
		return true;
	if (more > SIZE_MAX / 4 || (o->limit && o->n + more > o->limit)) {
		o->error = -EFBIG;
		return false;
	}

	size_t room = o->room ? o->room : 256;

	while (room - o->n < more)
		room *= 2;
	if (o->limit && room > o->limit)
		room = o->limit;
	char *p = realloc(o->p, room);

	if (!p) {
		o->error = -ENOMEM;
		return false;
	}
	o->p = p;
	o->room = room;
	return true;
}

void out_fmt(struct out *o, const char *fmt, ...)
{
	va_list ap;

	/* Twice at most: once to see how much room it takes, its NUL included. */
	for (size_t room = 1; !o->error && out_reserve(o, room);) {
		va_start(ap, fmt);
		int n = vsnprintf(o->p + o->n, o->room - o->n, fmt, ap);
		va_end(ap);
		if (n < 0)
			return;
		if ((size_t)n < o->room - o->n) {
			o->n += (size_t)n;
			return;
		}
		room = (size_t)n + 1;
	}
}

void out_u64(struct out *o, uint64_t v)
{
	char digit[20];
	size_t i = sizeof(digit);

	/* Two digits for each division. */
	for (; v >= 100; v /= 100) {
		unsigned pair = (unsigned)(v % 100);

		digit[--i] = (char)('0' + pair % 10);
		digit[--i] = (char)('0' + pair / 10);
	}
	if (v >= 10) {
		digit[--i] = (char)('0' + v % 10);
		v /= 10;
	}
	digit[--i] = (char)('0' + v);
	out_bytes(o, digit + i, sizeof(digit) - i);
}

void out_i64(struct out *o, int64_t v)
{
	if (v < 0)
		out_char(o, '-');
	out_u64(o, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void out_decimal(struct out *o, struct decimal d)
{
	char digit[24];
	size_t i = sizeof(digit);

	for (unsigned at = 0; d.digits || at <= d.scale; at++) {
		if (at == d.scale && at)
			digit[--i] = '.';
		digit[--i] = (char)('0' + d.digits % 10);
		d.digits /= 10;
	}
	out_bytes(o, digit + i, sizeof(digit) - i);
}

void out_f64(struct out *o, double v)
{
	struct decimal d;
	char text[32];
	int n = 0;

	if (decimal_of(v < 0 ? -v : v, &d)) {
		if (v < 0)
			out_char(o, '-');
		out_decimal(o, d);
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		n = snprintf(text, sizeof(text), "%.*g", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	out_bytes(o, text, (size_t)n);
}
