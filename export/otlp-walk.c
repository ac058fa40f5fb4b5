/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches hold items in the order of their making, with scopes mixed. They are walked as runs
 * (neighbours of one scope in one batch); each scope's runs are picked up in a pass of its own, so
 * that nothing is sorted or allocated. Scopes are few; those beyond the table get a part per run,
 * which keeps a hostile number of scopes from costing a pass each.
 */
#include "export/otlp-walk.h"

enum { SCOPES_MOST = 32 };

static bool same_metric(const struct metric_point *a, const struct metric_point *b)
{
	return a->kind == b->kind && a->delta == b->delta && str_eq(a->name, b->name) &&
	       str_eq(a->unit, b->unit) && str_eq(a->description, b->description);
}

size_t otlp_same_metric(const struct metric_point *p, size_t n)
{
	size_t same = 1;

	while (same < n && same_metric(p, p + same))
		same++;
	return same;
}

static size_t batch_count(enum signal kind, const struct batch *b)
{
	return kind == SIGNAL_SPAN ? b->n_spans : kind == SIGNAL_LOG ? b->n_logs : b->n_points;
}

static const struct scope *batch_scope(enum signal kind, const struct batch *b, size_t i)
{
	return kind == SIGNAL_SPAN  ? b->span[i].scope
	       : kind == SIGNAL_LOG ? b->log[i].scope
				    : b->point[i].scope;
}

size_t otlp_count(enum signal kind, struct batch *const *batch, size_t n_batches)
{
	size_t n = 0;

	for (size_t i = 0; i < n_batches; i++)
		n += batch_count(kind, batch[i]);
	return n;
}

/* A walk over the runs of one resource in a slice. */
struct walk {
	enum signal kind;
	struct otlp_slice slice;
	const struct resource *resource;
	size_t batch;  /* the batch we are in */
	size_t before; /* items in the batches before it */
	size_t at;     /* the next item in it */
};

struct run {
	const struct batch *batch;
	const struct scope *scope;
	size_t from, to;
};

static bool walk_next(struct walk *w, struct run *run)
{
	for (; w->batch < w->slice.n_batches; w->batch++) {
		const struct batch *b = w->slice.batch[w->batch];
		size_t n = batch_count(w->kind, b);
		size_t first = w->slice.from > w->before ? w->slice.from - w->before : 0;
		size_t end = w->slice.to - w->before < n ? w->slice.to - w->before : n;

		if (w->slice.to <= w->before)
			return false;
		if (w->at < first)
			w->at = first;
		if (b->resource == w->resource && w->at < end) {
			*run = (struct run){ b, batch_scope(w->kind, b, w->at), w->at, w->at + 1 };
			while (run->to < end &&
			       scope_same(run->scope, batch_scope(w->kind, b, run->to)))
				run->to++;
			w->at = run->to;
			return true;
		}
		w->before += n;
		w->at = 0;
	}
	return false;
}

struct scopes {
	const struct scope *known[SCOPES_MOST];
	size_t n;
};

/* Its place in the table, where it is put if there is room; SCOPES_MOST if not. */
static size_t scopes_place(struct scopes *s, const struct scope *scope)
{
	for (size_t i = 0; i < s->n; i++)
		if (scope_same(s->known[i], scope))
			return i;
	if (s->n < SCOPES_MOST)
		s->known[s->n++] = scope;
	else
		return SCOPES_MOST;
	return s->n - 1;
}

/* Where a walk leads. */
struct writer {
	const struct otlp_format *format;
	void *to;
};

static void write_run(const struct writer *w, enum signal kind, const struct run *run)
{
	w->format->items(w->to, kind, run->batch, run->from, run->to);
}

static void write_resource(const struct writer *w, struct walk start)
{
	struct scopes scopes = { .n = 0 };
	struct run run;

	w->format->resource_open(w->to, start.resource);
	for (struct walk at = start; walk_next(&at, &run);) {
		if (scopes_place(&scopes, run.scope) < SCOPES_MOST)
			continue;
		w->format->scope_open(w->to, run.scope);
		write_run(w, start.kind, &run);
		w->format->scope_close(w->to);
	}
	for (size_t i = 0; i < scopes.n; i++) {
		w->format->scope_open(w->to, scopes.known[i]);
		for (struct walk at = start; walk_next(&at, &run);)
			if (scope_same(run.scope, scopes.known[i]))
				write_run(w, start.kind, &run);
		w->format->scope_close(w->to);
	}
	w->format->resource_close(w->to);
}

static bool resource_seen(struct otlp_slice slice, size_t before, const struct resource *r)
{
	for (size_t i = 0; i < before; i++)
		if (slice.batch[i]->resource == r)
			return true;
	return false;
}

void otlp_walk(enum signal kind, struct otlp_slice slice, const struct otlp_format *format,
	       void *to)
{
	struct writer w = { format, to };
	size_t before = 0;

	for (size_t i = 0; i < slice.n_batches; i++) {
		const struct resource *r = slice.batch[i]->resource;
		struct walk start = { kind, slice, r, i, before, 0 }, look = start;
		struct run run;

		before += batch_count(kind, slice.batch[i]);
		if (!resource_seen(slice, i, r) && walk_next(&look, &run))
			write_resource(&w, start);
	}
}
