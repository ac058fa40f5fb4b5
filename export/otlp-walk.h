/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP's frame: the order in which batches go into a request, whatever it is written in.
 *
 *     struct otlp_slice all = { batches, n, 0, otlp_count(SIGNAL_SPAN, batches, n) };
 *     otlp_walk(SIGNAL_SPAN, all, &format, to);
 *
 * The three signals have the same frame, only the innermost part differs:
 *
 *     request { resource-part { resource, scope-part { scope, item item item ... } ... } ... }
 *
 * One resource-part per distinct resource pointer, one scope-part per distinct scope in it (parts of
 * their own for each run of scopes beyond the first 32). Any thread; nothing is kept between calls.
 */
#pragma once

#include "export/exporter.h"

/* Items [from, to) of one signal, counted through all the batches. */
struct otlp_slice {
	struct batch *const *batch;
	size_t n_batches;
	size_t from, to;
};

/* What a format writes at each step; `to` is its own. Nothing is called for an empty slice. */
struct otlp_format {
	void (*resource_open)(void *to, const struct resource *r);
	void (*scope_open)(void *to, const struct scope *scope); /* NULL: none */
	/* Items [from, n) of one batch that have this scope. */
	void (*items)(void *to, enum signal kind, const struct batch *b, size_t from, size_t n);
	void (*scope_close)(void *to);
	void (*resource_close)(void *to);
};

/* How many items of this one signal the batches hold. */
size_t otlp_count(enum signal kind, struct batch *const *batch, size_t n_batches);

void otlp_walk(enum signal kind, struct otlp_slice slice, const struct otlp_format *format,
	       void *to);

/* How many of the `n` points at `p`, which lie together, are of the first one's instrument. */
size_t otlp_same_metric(const struct metric_point *p, size_t n);
