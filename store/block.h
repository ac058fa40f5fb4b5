/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block: whole traces of a run that came together, many in one row; a row of its own costs more than a trace.
 *
 *     block_add(&block, &sum, spans);           while there is room; its number is block.no + how many'th
 *     block_heads(&block, &out);                the column `heads`; `facts` is as it is, `spans` squeezed
 *
 *     struct block_view v = { no, run, n, gone, heads };
 *     block_trace(&v, i, &sum)                  false: gone, or nothing that makes sense
 *     block_spans(&v, i, spans, &own)
 *
 * A block isn't changed: a trace in it that goes on becomes a row of its own, with the number it has, and
 * a bit says that it is gone from here (`lifted`). So the numbers of a block are its own from the
 * start, a multiple of BLOCK_TRACES and what follows, whether all are used or not.
 *
 * The reader trusts nothing: what a head says is held against the bytes that are there.
 */
#pragma once

#include "store/summary.h"

enum {
	BLOCK_TRACES = 64,   /* a bit of `gone` each */
	BLOCK_LEAST = 8,     /* fewer are not worth one */
	BLOCK_BYTES = 65536, /* of spans: with as much it is full */
};

/* What stands before each trace's name, facts and column `shown`. */
struct __attribute__((packed)) block_head {
	struct trace_id trace_id;
	uint64_t start_ns, duration_ns;
	uint32_t n_spans;
	uint32_t rest, spans; /* where its part of either ends */
};

struct block {
	uint64_t no;
	uint32_t run;
	size_t n;
	uint64_t first_ns, last_ns; /* starts of its traces */
	struct block_head head[BLOCK_TRACES];
	struct out rest, spans;
	struct out facts; /* of all its traces, each once */
};

struct block_view {
	uint64_t no;
	uint32_t run;
	size_t n;
	uint64_t gone;
	struct str heads;
};

static inline bool block_is_full(const struct block *b)
{
	return b->n == BLOCK_TRACES || b->spans.n >= BLOCK_BYTES;
}

/* Errors are kept: block_error. */
void block_add(struct block *b, const struct summary *sum, struct str spans);
void block_heads(const struct block *b, struct out *heads);
void block_clear(struct block *b);
void block_fini(struct block *b);
int block_error(const struct block *b);

/* Of BLOCK_COLUMNS; its bytes are the statement's. */
enum { BLOCK_VIEW_COLUMNS = 5 };
struct block_view block_read(sqlite3_stmt *s);

/* As it stands there; false: there is none, and none after it. */
bool block_head_at(const struct block_view *v, size_t i, struct block_head *head);

/* The summary's texts are borrowed from the view's bytes. */
bool block_trace(const struct block_view *v, size_t i, struct summary *sum);
bool block_spans(const struct block_view *v, size_t i, struct str spans, struct str *own);
bool block_find(const struct block_view *v, struct trace_id id, size_t *i); /* not if it is gone */

/* SQL functions: block_find(no, n, gone, heads, trace_id), block_spans(no, n, heads, spans, trace's no) */
void block_functions(sqlite3 *sql, struct squeeze *squeeze);
