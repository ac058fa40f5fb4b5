/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     # HELP http_requests_total Requests        OpenMetrics: without "_total", and # UNIT
 *     # TYPE http_requests_total counter
 *     http_requests_total{code="200"} 12         the samples: prometheus-sample.c
 */
#include "base/err.h"
#include "export/prometheus-sample.h"
#include "export/prometheus-series.h"

#include <errno.h>

struct writer {
	struct out *o;
	const struct prometheus_request *request;
	struct samples samples;
	struct labels labels;
	struct series series;
	struct arena arena; /* families and what they hold */
	struct out head;    /* of a family's lines */
};

const char *prometheus_type(enum prometheus_format format)
{
	return format == PROMETHEUS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
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
	static const char *const type[] = { "counter", "gauge", "histogram", "summary", "info" };
	bool open = w->request->format == PROMETHEUS_OPENMETRICS;
	const char *suffix = open || f->no_total	 ? ""
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

enum { SCOPE_LABELS = 16 };

/* "otel_scope_" and the key, with what no name may hold as '_'. */
static struct str scope_label(struct writer *w, struct str key)
{
	static const struct str before = STR("otel_scope_");
	char *p = arena_take(&w->arena, before.n + key.n);

	if (!p)
		return STR("");
	memcpy(p, before.p, before.n);
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		bool good =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		p[before.n + i] = good ? c : '_';
	}
	return (struct str){ p, before.n + key.n };
}

/* They would be the labels that its name, version and schema URL have. */
static bool is_reserved(struct str key)
{
	return str_eq(key, STR("name")) || str_eq(key, STR("version")) ||
	       str_eq(key, STR("schema_url"));
}

static void fix_scope_attributes(struct writer *w, const struct scope *scope)
{
	for (size_t i = 0; i < scope->attributes.n && i < SCOPE_LABELS; i++) {
		const struct attribute *a = &scope->attributes.item[i];
		struct str name = scope_label(w, a->key);
		struct out text = { 0 };

		if (is_reserved(a->key))
			continue;
		if (a->value.type == VALUE_STRING)
			out_str(&text, a->value.text);
		else
			labels_scalar(&text, &a->value);
		if (name.n && !text.error && text.n)
			labels_fix(&w->labels, name, arena_copy(&w->arena, out_all(&text)));
		out_fini(&text);
	}
}

static void fix_scope(struct writer *w, const struct scope *scope)
{
	labels_fix(&w->labels, STR("otel_scope_name"), scope->name);
	labels_fix(&w->labels, STR("otel_scope_version"), scope->version);
	if (scope->schema_url.n)
		labels_fix(&w->labels, STR("otel_scope_schema_url"), scope->schema_url);
	fix_scope_attributes(w, scope);
}

static void begin_run(struct writer *w, const struct run *r)
{
	const struct scope *scope = r->point->scope;

	labels_begin(&w->labels, r->type == FAMILY_HISTOGRAM ? STR("le")
				 : r->type == FAMILY_SUMMARY ? STR("quantile")
							     : STR(""));
	fix_target(w, r->target);
	if (scope && !r->target->options.no_scope_info)
		fix_scope(w, scope);
}

static void add_run(struct writer *w, const struct run *r)
{
	begin_run(w, r);
	for (size_t i = 0; i < r->n; i++)
		series_add(&w->series, &r->point[i], &w->labels);
}

static struct samples_said said_of(const struct writer *w, const struct prometheus_target *t)
{
	bool open = w->request->format == PROMETHEUS_OPENMETRICS;

	return (struct samples_said){ .open = open,
				      .created = open && !t->options.no_created,
				      .exemplars = open && !t->options.no_exemplars };
}

/* Most of what there is: numbers, each a line. */
static bool write_numbers(struct writer *w, const struct family *f, const struct run *r)
{
	struct out *head = &w->head;
	bool ok = true;

	out_clear(head);
	out_str(head, f->name);
	out_str(head, f->type == FAMILY_COUNTER &&
				      (w->request->format == PROMETHEUS_OPENMETRICS || !f->no_total)
			      ? STR("_total{")
			      : STR("{"));
	if (!out_reserve(head, 16))
		return false;
	for (size_t i = 0; ok && i < r->n; i++)
		ok = samples_number(&w->samples, out_all(head), &r->point[i], &w->labels) &&
		     labels_any(&w->labels);
	return ok;
}

static bool write_points(struct writer *w, const struct family *f, const struct run *r,
			 struct samples_said said)
{
	for (size_t i = 0; i < r->n; i++) {
		struct str labels = labels_of(&w->labels, &r->point[i]);

		if (w->labels.may_clash || w->labels.line.error)
			return false;
		samples_write(&w->samples, f, &r->point[i], labels, said);
	}
	return true;
}

/*
 * Without looking whether two have the same labels, because they can't: as long as that holds. False:
 * nothing has been written.
 */
static bool write_at_once(struct writer *w, const struct family *f, struct samples_said said)
{
	const struct run *r = f->run;
	size_t begin = w->o->n;
	bool written;

	if (f->n_runs != 1 || !r->target->unique)
		return false;
	begin_run(w, r);
	if (f->type == FAMILY_GAUGE ||
	    (f->type == FAMILY_COUNTER && !said.created && !said.exemplars))
		written = write_numbers(w, f, r);
	else
		written = write_points(w, f, r, said);
	if (!written)
		w->o->n = begin;
	return written;
}

static void write_family(struct writer *w, const struct family *f)
{
	struct samples_said said = said_of(w, f->run->target);

	if (!is_asked_for(w, f))
		return;
	write_about(w, f);
	if (write_at_once(w, f, said))
		return;
	series_begin(&w->series, f->n_points);
	for (size_t i = 0; i < f->n_runs; i++)
		add_run(w, &f->run[i]);
	if (f->type <= FAMILY_GAUGE)
		out_reserve(w->o, w->series.text.n + w->series.n * (f->name.n + 24));
	for (size_t i = 0; i < w->series.n; i++)
		samples_write(&w->samples, f, w->series.item[i].point, series_labels(&w->series, i),
			      said);
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
	for (size_t i = 0; i < w->series.n; i++)
		samples_info(&w->samples, name, series_labels(&w->series, i));
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
		labels_begin(&w->labels, STR(""));
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
	labels_begin(&w->labels, STR(""));
	fix_target(w, r->target);
	fix_scope(w, r->point->scope);
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
	struct writer w = { .o = o, .request = request, .samples = { .o = o } };
	struct families all;
	int r = families_of(&all, target, n_targets, &w.arena);

	if (!r) {
		write_targets(&w, target, n_targets);
		write_scopes(&w, &all);
		for (size_t i = 0; i < all.n; i++)
			write_family(&w, &all.item[i]);
		if (request->format == PROMETHEUS_OPENMETRICS)
			out_str(o, STR("# EOF\n"));
		r = o->error ? o->error : w.series.error ? w.series.error : 0;
		if (!r && w.samples.error)
			r = ERR(-ENOMEM);
	}
	labels_fini(&w.labels);
	out_fini(&w.head);
	series_fini(&w.series);
	samples_fini(&w.samples);
	arena_fini(&w.arena);
	return TRACE(r);
}
