/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query: what a request asks for, cut out of its target ("/api/traces?service=shop&limit=20").
 *
 *     struct query q;
 *     if (query_read(&q, target) == QUERY_BAD) ...            q.why says what is wrong with it
 *     struct trace_filter f;
 *     if (query_traces(&q, &f) == QUERY_BAD) ...
 *
 * Every byte is foreign. A query is a value of fixed size that holds the decoded text; filters
 * borrow from it. Unknown parameters are ignored, the first of a repeated one counts.
 */
#pragma once

#include "store/store.h"

enum { QUERY_OK = 0, QUERY_BAD = 1 };
enum { QUERY_BYTES = 4096, QUERY_PARAMETERS = 32 };

struct query_parameter {
	struct str name, value;
};

struct query {
	struct str path;
	struct query_parameter parameter[QUERY_PARAMETERS];
	size_t n_parameters;
	struct str accept; /* the header, if there is one */
	char why[160];
	size_t n_text;
	char text[QUERY_BYTES];
};

int query_read(struct query *q, struct str target);

/* The value, or the empty slice. */
struct str query_get(const struct query *q, struct str name);

int query_limit(struct query *q, size_t most, size_t *out);
int query_run(struct query *q, struct str *out);

/* since_ns, until_ns */
int query_window(struct query *q, uint64_t *since_ns, uint64_t *until_ns);

int query_traces(struct query *q, struct trace_filter *f);
int query_logs(struct query *q, struct log_filter *f);
int query_problems(struct query *q, struct problem_filter *f);
