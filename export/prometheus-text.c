/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     # HELP http_requests_total Requests        OpenMetrics: without "_total", and # UNIT
 *     # TYPE http_requests_total counter
 *     http_requests_total{code="200"} 12
 *
 * What is the same for many samples is written once and copied: the sample's name up to the brace,
 * `le="0.5"} ` of each bucket, the names of labels (prometheus-labels.c).
 */
#include "base/err.h"
#include "export/prometheus-family.h"
#include "export/prometheus-series.h"
#include "model/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { NUMBER_MOST = 48 };

struct writer {
	struct out *o;
	const struct prometheus_request *request;
	struct labels labels;
	struct series series;
	struct arena arena; /* families and what they hold */
	struct out le;	    /* `le="0.5"} ` of each bucket, the last one's included */
	uint32_t *le_at;    /* where each begins */
	const double *bounds;
	size_t n_bounds;
};

const char *prometheus_type(enum prometheus_format format)
{
	return format == PROMETHEUS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- numbers --------------------------------------------------------------------------------------- */

static void out_number(struct out *o, double v)
{
	if (isnan(v))
		out_str(o, STR("NaN"));
	else if (isinf(v))
		out_str(o, v < 0 ? STR("-Inf") : STR("+Inf"));
	else
		out_f64(o, v);
}

/* "1.0": the same text for the same bound, whether it was given as 1 or 1.0. */
static void out_canonical(struct out *o, double v)
{
	size_t begin = o->n;

	out_number(o, v);
	for (size_t i = begin; i < o->n; i++)
		if (o->p[i] == '.' || o->p[i] == 'e' || o->p[i] == 'I')
			return;
	out_str(o, STR(".0"));
}

static void out_seconds(struct out *o, uint64_t ns)
{
	out_u64(o, ns / 1000000000);
	out_fmt(o, ".%03u", (unsigned)(ns / 1000000 % 1000));
}

static void out_value(struct out *o, const struct metric_point *p)
{
	if (p->is_double)
		out_number(o, p->number);
	else
		out_i64(o, p->integer);
	out_char(o, '\n');
}

/* ---- samples --------------------------------------------------------------------------------------- */

/* Up to the value, or up to where another label may be added. */
static void out_head(struct out *o, struct str name, const char *suffix, struct str labels)
{
	size_t n = strlen(suffix);
	char *w;

	if (!out_reserve(o, name.n + n + labels.n + NUMBER_MOST))
		return;
	w = o->p + o->n;
	memcpy(w, name.p, name.n);
	memcpy(w + name.n, suffix, n);
	w += name.n + n;
	if (labels.n) {
		*w++ = '{';
		memcpy(w, labels.p, labels.n);
		w += labels.n;
	}
	o->n = (size_t)(w - o->p);
}

static void out_sample(struct out *o, struct str name, const char *suffix, struct str labels)
{
	out_head(o, name, suffix, labels);
	out_str(o, labels.n ? STR("} ") : STR(" "));
}

static bool tells_created(const struct writer *w, const struct prometheus_target *t)
{
	return w->request->format == PROMETHEUS_OPENMETRICS && !t->options.no_created;
}

static void write_number(struct writer *w, const struct family *f, const struct metric_point *p,
			 struct str labels, bool created)
{
	out_sample(w->o, f->name, f->type == FAMILY_COUNTER ? "_total" : "", labels);
	out_value(w->o, p);
	if (f->type == FAMILY_COUNTER && created) {
		out_sample(w->o, f->name, "_created", labels);
		out_seconds(w->o, p->start_ns);
		out_char(w->o, '\n');
	}
}

static void le_write(struct writer *w, size_t i, double bound)
{
	w->le_at[i] = (uint32_t)w->le.n;
	out_str(&w->le, STR("le=\""));
	out_canonical(&w->le, bound);
	out_str(&w->le, STR("\"} "));
}

/* Bounds that don't rise are none. */
static bool le_make(struct writer *w, const struct metric_point *p)
{
	if (w->le_at && w->bounds == p->bounds && w->n_bounds == p->n_bounds)
		return true;
	for (size_t i = 0; i < p->n_bounds; i++)
		if (!isfinite(p->bounds[i]) || (i && p->bounds[i] <= p->bounds[i - 1]))
			return false;
	if (w->le_at && w->n_bounds == p->n_bounds && p->n_bounds &&
	    memcmp(w->bounds, p->bounds, p->n_bounds * sizeof(*p->bounds)) == 0) {
		w->bounds = p->bounds;
		return true;
	}
	w->le_at = arena_take_n(&w->arena, uint32_t, p->n_bounds + 2);
	if (!w->le_at)
		return false;
	out_clear(&w->le);
	for (size_t i = 0; i < p->n_bounds; i++)
		le_write(w, i, p->bounds[i]);
	le_write(w, p->n_bounds, INFINITY);
	w->le_at[p->n_bounds + 1] = (uint32_t)w->le.n;
	w->bounds = p->bounds;
	w->n_bounds = p->n_bounds;
	return !w->le.error;
}

static void write_histogram(struct writer *w, const struct family *f, const struct metric_point *p,
			    struct str labels, bool created)
{
	struct out *o = w->o;
	uint64_t count = 0;

	if (!le_make(w, p)) {
		stats_add(scrape_conflicts, 1);
		return;
	}
	for (size_t i = 0; i <= p->n_bounds; i++) {
		count += p->buckets[i];
		out_head(o, f->name, "_bucket", labels);
		out_char(o, labels.n ? ',' : '{');
		out_bytes(o, w->le.p + w->le_at[i], w->le_at[i + 1] - w->le_at[i]);
		out_u64(o, count);
		out_char(o, '\n');
	}
	out_sample(o, f->name, "_count", labels);
	out_u64(o, count);
	out_char(o, '\n');
	out_sample(o, f->name, "_sum", labels);
	out_number(o, p->sum);
	out_char(o, '\n');
	if (created) {
		out_sample(o, f->name, "_created", labels);
		out_seconds(o, p->start_ns);
		out_char(o, '\n');
	}
}

/* ---- families -------------------------------------------------------------------------------------- */

static void out_escaped(struct out *o, struct str text, bool quotes)
{
	if (out_reserve(o, text.n * 3))
		o->n = (size_t)(labels_escape(o->p + o->n, text, quotes) - o->p);
}

static void out_about(struct out *o, const char *what, struct str name, const char *suffix)
{
	out_str(o, str_of(what));
	out_str(o, name);
	out_str(o, str_of(suffix));
	out_char(o, ' ');
}

/* Who has no description is described by the name that it had before. */
static void write_about(struct writer *w, const struct family *f)
{
	static const char *const type[] = { "counter", "gauge", "histogram", "info" };
	bool open = w->request->format == PROMETHEUS_OPENMETRICS;
	const char *suffix = open			 ? ""
			     : f->type == FAMILY_COUNTER ? "_total"
			     : f->type == FAMILY_INFO	 ? "_info"
							 : "";
	struct out *o = w->o;

	out_about(o, "# HELP ", f->name, suffix);
	out_escaped(o, f->help.n ? f->help : f->run->point->name, open);
	out_char(o, '\n');
	out_about(o, "# TYPE ", f->name, suffix);
	out_str(o, str_of(f->type == FAMILY_INFO && !open ? "gauge" : type[f->type]));
	out_char(o, '\n');
	if (!open || !f->unit.n)
		return;
	out_about(o, "# UNIT ", f->name, "");
	out_str(o, f->unit);
	out_char(o, '\n');
}

static bool is_asked_for(const struct writer *w, const struct family *f)
{
	const struct prometheus_request *q = w->request;

	for (size_t i = 0; i < q->n_names; i++) {
		const char *const *suffix = family_suffixes(f->type);

		if (str_eq(q->name[i], f->name))
			return true;
		for (; *suffix; suffix++)
			if (str_starts(q->name[i], f->name) &&
			    str_eq(str_from(q->name[i], f->name.n), str_of(*suffix)))
				return true;
	}
	return !q->n_names;
}

static struct str resource_text(const struct prometheus_target *t, struct str key)
{
	return attributes_text(t->batch->resource->attributes, key);
}

/* "namespace/name" */
static struct str job_of(struct writer *w, const struct prometheus_target *t)
{
	struct str space = resource_text(t, STR("service.namespace"));
	struct str name = t->batch->resource->service;
	char *p;

	if (!space.n)
		return name;
	p = arena_take(&w->arena, space.n + 1 + name.n);
	if (!p)
		return name;
	memcpy(p, space.p, space.n);
	p[space.n] = '/';
	memcpy(p + space.n + 1, name.p, name.n);
	return (struct str){ p, space.n + 1 + name.n };
}

/* Labels of every sample of a target. */
static void fix_target(struct writer *w, const struct prometheus_target *t)
{
	struct labels *l = &w->labels;

	if (t->options.job) {
		labels_fix(l, STR("job"), job_of(w, t));
		labels_fix(l, STR("instance"), t->batch->resource->instance);
	}
	if (!t->named)
		return;
	labels_fix(l, STR("service_name"), t->batch->resource->service);
	if (resource_text(t, STR("service.namespace")).n)
		labels_fix(l, STR("service_namespace"), resource_text(t, STR("service.namespace")));
}

static void add_run(struct writer *w, const struct run *r)
{
	const struct scope *scope = r->point->scope;

	labels_begin(&w->labels, r->type == FAMILY_HISTOGRAM);
	fix_target(w, r->target);
	if (scope && !r->target->options.no_scope_info) {
		labels_fix(&w->labels, STR("otel_scope_name"), scope->name);
		labels_fix(&w->labels, STR("otel_scope_version"), scope->version);
	}
	for (size_t i = 0; i < r->n; i++)
		series_add(&w->series, &r->point[i], &w->labels);
}

static void write_family(struct writer *w, const struct family *f)
{
	bool created = tells_created(w, f->run->target);

	if (!is_asked_for(w, f))
		return;
	series_begin(&w->series, f->n_points);
	for (size_t i = 0; i < f->n_runs; i++)
		add_run(w, &f->run[i]);
	write_about(w, f);
	if (f->type != FAMILY_HISTOGRAM)
		out_reserve(w->o, w->series.text.n + w->series.n * (f->name.n + 24));
	for (size_t i = 0; i < w->series.n; i++) {
		const struct metric_point *p = w->series.item[i].point;
		struct str labels = series_labels(&w->series, i);

		if (f->type == FAMILY_HISTOGRAM)
			write_histogram(w, f, p, labels, created);
		else
			write_number(w, f, p, labels, created);
	}
}

/* ---- who it is from -------------------------------------------------------------------------------- */

static bool begin_info(struct writer *w, struct str name, struct str help, size_t n)
{
	struct family f = { .name = name, .help = help, .type = FAMILY_INFO };

	if (!is_asked_for(w, &f))
		return false;
	series_begin(&w->series, n);
	return true;
}

static void end_info(struct writer *w, struct str name, struct str help)
{
	struct family f = { .name = name, .help = help, .type = FAMILY_INFO };

	if (w->series.n)
		write_about(w, &f);
	for (size_t i = 0; i < w->series.n; i++) {
		out_sample(w->o, name, "_info", series_labels(&w->series, i));
		out_str(w->o, STR("1\n"));
	}
}

static void write_targets(struct writer *w, const struct prometheus_target *t, size_t n)
{
	static const struct str name = STR("target"), help = STR("Who the metrics are from");

	if (!begin_info(w, name, help, n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct metric_point *p = arena_take_n(&w->arena, struct metric_point, 1);

		if (!p || t[i].options.no_target_info)
			continue;
		*p = (struct metric_point){ .kind = METRIC_UP_DOWN,
					    .attributes = t[i].batch->resource->attributes };
		labels_begin(&w->labels, false);
		if (t[i].options.job) {
			labels_fix(&w->labels, STR("job"), job_of(w, &t[i]));
			labels_fix(&w->labels, STR("instance"), t[i].batch->resource->instance);
		}
		series_add(&w->series, p, &w->labels);
	}
	end_info(w, name, help);
}

static void add_scope(struct writer *w, const struct run *r)
{
	struct metric_point *p = arena_take_n(&w->arena, struct metric_point, 1);

	if (!p)
		return;
	*p = (struct metric_point){ .kind = METRIC_UP_DOWN };
	labels_begin(&w->labels, false);
	fix_target(w, r->target);
	labels_fix(&w->labels, STR("otel_scope_name"), r->point->scope->name);
	labels_fix(&w->labels, STR("otel_scope_version"), r->point->scope->version);
	series_add(&w->series, p, &w->labels);
}

static void write_scopes(struct writer *w, const struct families *all)
{
	size_t n = 0;
	static const struct str name = STR("otel_scope"), help = STR("What recorded the metrics");

	for (size_t i = 0; i < all->n; i++)
		n += all->item[i].n_runs;
	if (!begin_info(w, name, help, n))
		return;
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->item[i].n_runs; k++) {
			const struct run *r = &all->item[i].run[k];

			if (r->point->scope && !r->target->options.no_scope_info)
				add_scope(w, r);
		}
	end_info(w, name, help);
}

int prometheus_write(struct out *o, const struct prometheus_request *request,
		     const struct prometheus_target *target, size_t n_targets)
{
	struct writer w = { .o = o, .request = request };
	struct families all;
	int r = families_of(&all, target, n_targets, &w.arena);

	if (!r) {
		write_targets(&w, target, n_targets);
		write_scopes(&w, &all);
		for (size_t i = 0; i < all.n; i++)
			write_family(&w, &all.item[i]);
		if (request->format == PROMETHEUS_OPENMETRICS)
			out_str(o, STR("# EOF\n"));
		r = o->error ? o->error : w.series.error;
	}
	labels_fini(&w.labels);
	series_fini(&w.series);
	out_fini(&w.le);
	arena_fini(&w.arena);
	return TRACE(r);
}
