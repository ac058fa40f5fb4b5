/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests: what rates, errors and durations are made of, many in one row; a row costs more than twenty of them.
 *
 *     struct requests_row row = { .run = 7 };
 *     requests_add(&row, &request);                            keeps the row's window, too
 *
 *     struct requests_reader r = { data };
 *     while (requests_next(&r, &request)) ...                  what was cut or broken ends it
 */
#pragma once

#include "store/varint.h"

enum { REQUESTS_A_ROW = 1024 };

struct request {
	uint64_t start_ns, duration_ns;
	uint32_t service, route, method, resource;
	bool server, error;
};

/* What came together of one run. */
struct requests_row {
	uint32_t run;
	size_t n;
	uint64_t first_ns, last_ns;
	uint64_t before_ns; /* of the last one */
	struct out data;
};

struct requests_reader {
	struct str left;
	uint64_t before_ns;
};

/* start - before, duration, service, route, method, resource, server and error */
enum { REQUEST_NUMBERS = 7 };

static inline void requests_add(struct requests_row *row, const struct request *q)
{
	struct out *o = &row->data;
	char *to;

	if (!row->n || q->start_ns < row->first_ns)
		row->first_ns = q->start_ns;
	if (!row->n || q->start_ns > row->last_ns)
		row->last_ns = q->start_ns;
	if (!row->n)
		row->before_ns = 0;
	row->n++;
	if (!out_reserve(o, (size_t)REQUEST_NUMBERS * VARINT_MOST))
		return;
	to = varint_put(o->p + o->n, varint_signed((int64_t)(q->start_ns - row->before_ns)));
	to = varint_put(to, q->duration_ns);
	to = varint_put(to, q->service);
	to = varint_put(to, q->route);
	to = varint_put(to, q->method);
	to = varint_put(to, q->resource);
	to = varint_put(to, q->server | (uint64_t)q->error << 1);
	o->n = (size_t)(to - o->p);
	row->before_ns = q->start_ns;
}

static inline bool requests_next(struct requests_reader *r, struct request *q)
{
	uint64_t v[REQUEST_NUMBERS];

	for (int i = 0; i < REQUEST_NUMBERS; i++)
		if (!varint_take(&r->left, &v[i]))
			return false;
	r->before_ns += (uint64_t)varint_of_signed(v[0]);
	*q = (struct request){
		.start_ns = r->before_ns,
		.duration_ns = v[1],
		.service = (uint32_t)v[2],
		.route = (uint32_t)v[3],
		.method = (uint32_t)v[4],
		.resource = (uint32_t)v[5],
		.server = v[6] & 1,
		.error = v[6] >> 1 & 1,
	};
	return true;
}
