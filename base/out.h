/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out: bytes on their way out, in memory that grows. Home side only.
 *
 *     struct out o = { 0 };
 *     out_str(&o, STR("hello "));
 *     out_fmt(&o, "%d", 42);
 *     if (o.error) ...                       sticky: write on, ask once at the end
 *     out_fini(&o);
 *
 * After an error (only -ENOMEM, or -EFBIG past `limit` when one is set) writes do nothing.
 */
#pragma once

#include "base/str.h"

struct out {
	char *p;
	size_t n, room;
	size_t limit; /* 0: none */
	int error;
};

void out_fini(struct out *o);
bool out_reserve(struct out *o, size_t more); /* true: `more` bytes at p + n may be written */
void out_fmt(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_u64(struct out *o, uint64_t v);
void out_i64(struct out *o, int64_t v);
void out_f64(struct out *o, double v); /* shortest form that reads back the same */

/* Gives the memory back where it has grown beyond `most`. */
static inline void out_shrink(struct out *o, size_t most)
{
	if (o->room > most)
		out_fini(o);
}

static inline void out_clear(struct out *o)
{
	o->n = 0;
	o->error = 0;
}

static inline void out_bytes(struct out *o, const void *p, size_t n)
{
	if (o->room - o->n < n && !out_reserve(o, n))
		return;
	if (n && !o->error) {
		memcpy(o->p + o->n, p, n);
		o->n += n;
	}
}

static inline void out_str(struct out *o, struct str s)
{
	out_bytes(o, s.p, s.n);
}

static inline void out_char(struct out *o, char c)
{
	if ((o->room > o->n || out_reserve(o, 1)) && !o->error)
		o->p[o->n++] = c;
}

static inline struct str out_all(const struct out *o)
{
	return (struct str){ o->p, o->n };
}
