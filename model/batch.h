/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch: what one process recorded, finished and immutable, shared by every destination.
 *
 *     struct batch *b = batch_new(resource);         one reference, yours
 *     ... fill b->span from b->arena ...
 *     pipeline_give(p, &b);                          b is NULL from here
 *
 * Written by one thread until it is given away, then only read; references are counted atomically
 * and the last one frees the batch with everything in its arena. `resource` is held by the batch.
 */
#pragma once

#include "base/arena.h"
#include "model/resource.h"
#include "model/telemetry.h"

#include <stdatomic.h>
#include <stdbool.h>

struct batch {
	_Atomic uint32_t refs;
	struct resource *resource;
	struct batch *of; /* another one, from which this borrows; held as long */
	bool again; /* some of it may have been given before, by a collector that was killed */
	uint64_t
		round; /* points: the how manieth of their process at its interval; 0: out of turn */
	bool last;     /* points: of a process that is gone, nothing more will come of it */
	struct arena arena;
	struct span *span;
	size_t n_spans, room_spans;
	struct log_record *log;
	size_t n_logs, room_logs;
	size_t n_audits; /* of those: audit records (BATCH_AUDIT_SCOPE), of our own services */
	struct metric_point *point;
	size_t n_points, room_points;
	size_t n_stacks; /* log records with addresses that have no names yet */
};

#define BATCH_AUDIT_SCOPE "oriel.audit"

struct batch *batch_new(struct resource *resource);
struct batch *batch_ref(struct batch *b);
struct batch *batch_free(struct batch *b); /* drops one reference; returns NULL */
void batch_freep(struct batch **b);

/* The next slot, zeroed; NULL when out of memory. Arrays grow: keep indices, not pointers. */
struct span *batch_add_span(struct batch *b);
struct log_record *batch_add_log(struct batch *b);
struct metric_point *batch_add_point(struct batch *b);

/* So many will come: their slots are made at once. */
void batch_expect_spans(struct batch *b, size_t n);

static inline size_t batch_items(const struct batch *b)
{
	return b->n_spans + b->n_logs + b->n_points;
}
