/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/span-metrics.h"

#include "base/trace-state.h"
#include "model/copy.h"
#include "model/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIXED = 4, ATTRIBUTES = FIXED + SPAN_METRICS_DIMENSIONS, TEXT_MOST = 256, ROOM_FIRST = 64 };
enum { EXPORT_LEAST_MS = 10 };

#define CALLS "traces.span.metrics.calls"
#define DURATION "traces.span.metrics.duration"
#define UNIT "ms"

struct span_series {
	struct attributes attributes;
	uint32_t hash;
	double sum, min, max; /* milliseconds */
	double weight[];      /* by bucket */
};

static const struct scope scope = { .name = STR("oriel.span_metrics"),
				    .version = STR(ORIEL_VERSION) };

static const struct attribute overflow_item = { STR("otel.metric.overflow"),
						{ VALUE_BOOL, .boolean = true } };
static const struct attributes overflow = { &overflow_item, 1, 0 };

/* ---- rules ----------------------------------------------------------------------------------------- */

static const double usual_bounds[] = { 2,   4,	 6,    8,    10,   50,	 100,	200,
				       400, 800, 1000, 1400, 2000, 5000, 10000, 15000 };

/* False: one has no room. */
static bool read_dimensions(struct span_metrics_rules *r, struct str list)
{
	struct str key;

	while (str_next(&list, ',', &key)) {
		if (r->n_dimensions == SPAN_METRICS_DIMENSIONS || key.n >= SPAN_METRICS_KEY)
			return false;
		memcpy(r->dimension[r->n_dimensions], key.p, key.n);
		r->dimension[r->n_dimensions++][key.n] = '\0';
	}
	return true;
}

/* Of the first view that is the duration's: buckets and limit (collect/views.h does the rest). */
static void read_views(struct span_metrics_rules *r, struct str text)
{
	const struct view_subject subject = { .instrument = STR(DURATION),
					      .kind = STR("histogram"),
					      .unit = STR(UNIT),
					      .meter_name = scope.name,
					      .meter_version = scope.version };
	struct view_error error;
	enum view_outcome found;
	struct view v;

	while ((found = view_next(&text, &v, &error)) != VIEW_END) {
		if (found != VIEW_FOUND || !view_selects(&v, &subject))
			continue;
		if (view_says(&v, VIEW_buckets))
			r->n_bounds = view_numbers(&v, VIEW_buckets, r->bound);
		if (v.limit)
			r->most = v.limit;
		return;
	}
}

struct span_metrics_rules span_metrics_rules_of(const struct settings *settings, const char **bad)
{
	struct span_metrics_rules r = { .most = SPAN_METRICS_SERIES };
	uint64_t ms = settings_ms(settings, STR("OTEL_METRIC_EXPORT_INTERVAL"), METRICS_EVERY_MS);

	*bad = NULL;
	r.all = settings_bool(settings, STR("ORIEL_SPAN_METRICS_ALL"), NULL);
	r.on = r.all || settings_bool(settings, STR("ORIEL_SPAN_METRICS"), NULL);
	if (!read_dimensions(&r, settings_get(settings, STR("ORIEL_SPAN_METRICS_DIMENSIONS"))))
		*bad = "ORIEL_SPAN_METRICS_DIMENSIONS";
	_Static_assert(sizeof(usual_bounds) <= sizeof(r.bound), "the usual ones have room");
	memcpy(r.bound, usual_bounds, sizeof(usual_bounds));
	r.n_bounds = sizeof(usual_bounds) / sizeof(usual_bounds[0]);
	read_views(&r, settings_get(settings, STR("ORIEL_VIEWS")));
	r.every_ns = (ms < EXPORT_LEAST_MS ? EXPORT_LEAST_MS : ms) * 1000000;
	return r;
}

/* ---- series ---------------------------------------------------------------------------------------- */

void span_metrics_init(struct span_metrics *m, const struct span_metrics_rules *rules,
		       uint64_t start_ns)
{
	*m = (struct span_metrics){ .rules = *rules, .start_ns = start_ns };
}

void span_metrics_fini(struct span_metrics *m)
{
	free(m->series);
	free(m->slot);
	arena_fini(&m->arena);
	*m = (struct span_metrics){ .rules = m->rules };
}

static void index_all(struct span_metrics *m)
{
	for (size_t i = 0; i < m->n; i++) {
		size_t at = m->series[i]->hash & (m->room * 2 - 1);

		while (m->slot[at])
			at = (at + 1) & (m->room * 2 - 1);
		m->slot[at] = (uint32_t)i + 1;
	}
}

static bool has_room(struct span_metrics *m)
{
	size_t room = m->room ? m->room * 2 : ROOM_FIRST;
	struct span_series **series;
	uint32_t *slot;

	if (m->n < m->room)
		return true;
	series = realloc(m->series, room * sizeof(struct span_series *));
	if (!series)
		return false;
	m->series = series;
	slot = calloc(room * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(m->slot);
	m->slot = slot;
	m->room = room;
	index_all(m);
	return true;
}

static uint32_t *slot_of(struct span_metrics *m, struct attributes a, uint32_t hash)
{
	size_t most = m->room * 2 - 1, at = hash & most;

	while (m->slot[at] && !(m->series[m->slot[at] - 1]->hash == hash &&
				attributes_same(m->series[m->slot[at] - 1]->attributes, a)))
		at = (at + 1) & most;
	return &m->slot[at];
}

static struct span_series *series_new(struct span_metrics *m, struct attributes a, uint32_t hash)
{
	size_t n = m->rules.n_bounds + 1;
	struct span_series *s = arena_take(&m->arena, sizeof(*s) + n * sizeof(s->weight[0]));

	if (!s)
		return NULL;
	*s = (struct span_series){ .attributes = copy_attributes(&m->arena, a),
				   .hash = hash,
				   .min = INFINITY,
				   .max = -INFINITY };
	memset(s->weight, 0, n * sizeof(s->weight[0]));
	if (s->attributes.n != a.n)
		return NULL;
	m->series[m->n++] = s;
	return s;
}

/* The last place is the overflow's. */
static struct span_series *series_of(struct span_metrics *m, struct attributes a)
{
	uint32_t hash = attributes_hash(a, 0), *slot;
	struct span_series *s;

	if (!has_room(m))
		return NULL;
	slot = slot_of(m, a, hash);
	if (!*slot && m->n + 1 >= m->rules.most) {
		a = overflow;
		hash = attributes_hash(a, 0);
		slot = slot_of(m, a, hash);
	}
	if (*slot)
		return m->series[*slot - 1];
	s = series_new(m, a, hash);
	if (s)
		*slot = (uint32_t)m->n;
	return s;
}

/* ---- spans ----------------------------------------------------------------------------------------- */

static struct str text_first(struct str s)
{
	size_t n = TEXT_MOST;

	if (s.n <= n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return str_first(s, n);
}

static struct attribute text_of(struct str key, struct str value)
{
	return (struct attribute){ key, { VALUE_STRING, .text = text_first(value) } };
}

static struct str kind_of(const struct span *s)
{
	static const struct str name[] = {
		STR("SPAN_KIND_UNSPECIFIED"), STR("SPAN_KIND_INTERNAL"), STR("SPAN_KIND_SERVER"),
		STR("SPAN_KIND_CLIENT"),      STR("SPAN_KIND_PRODUCER"), STR("SPAN_KIND_CONSUMER"),
	};

	return name[s->kind <= SPAN_CONSUMER ? s->kind : 0];
}

static struct str status_of(const struct span *s)
{
	return s->status == STATUS_ERROR ? STR("STATUS_CODE_ERROR")
	       : s->status == STATUS_OK	 ? STR("STATUS_CODE_OK")
					 : STR("STATUS_CODE_UNSET");
}

static bool is_dimension(const struct value *v)
{
	return v && (v->type == VALUE_STRING || v->type == VALUE_BOOL || v->type == VALUE_INT ||
		     v->type == VALUE_DOUBLE);
}

static struct attributes describe(const struct span_metrics_rules *r, const struct batch *b,
				  const struct span *s, struct attribute to[ATTRIBUTES])
{
	size_t n = 0;

	to[n++] = text_of(STR("service.name"), b->resource->service);
	to[n++] = text_of(STR("span.name"), s->name);
	to[n++] = text_of(STR("span.kind"), kind_of(s));
	to[n++] = text_of(STR("status.code"), status_of(s));
	for (size_t i = 0; i < r->n_dimensions; i++) {
		struct str key = str_of(r->dimension[i]);
		const struct value *v = attributes_find(s->attributes, key);

		if (!v)
			v = attributes_find(b->resource->attributes, key);
		if (!is_dimension(v))
			continue;
		to[n] = (struct attribute){ key, *v };
		if (v->type == VALUE_STRING)
			to[n].value.text = text_first(v->text);
		n++;
	}
	return (struct attributes){ to, n, 0 };
}

static void add(const struct span_metrics_rules *r, struct span_series *series,
		const struct span *s)
{
	double ms = (double)(s->end_ns - s->start_ns) / 1e6;
	double weight = r->all ? 1 : trace_state_weight(s->trace_state);
	size_t i = 0;

	while (i < r->n_bounds && ms > r->bound[i])
		i++;
	series->weight[i] += weight;
	series->sum += weight * ms;
	series->min = ms < series->min ? ms : series->min;
	series->max = ms > series->max ? ms : series->max;
}

void span_metrics_leave(struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_spans; i++)
		if (span_is_sampled(&b->span[i]))
			b->span[n++] = b->span[i];
	b->n_spans = n;
}

void span_metrics_count(struct span_metrics *m, const struct batch *b)
{
	struct attribute room[ATTRIBUTES];

	for (size_t i = 0; m->rules.on && i < b->n_spans; i++) {
		const struct span *s = &b->span[i];
		struct span_series *series = series_of(m, describe(&m->rules, b, s, room));

		if (series)
			add(&m->rules, series, s);
		else
			stats_add(memory_dropped, 1);
	}
}

/* ---- points ---------------------------------------------------------------------------------------- */

/* Whole numbers, which never fall. Who says that his span stands for 2^56 ends somewhere, too. */
static uint64_t whole(double weight)
{
	return weight < 0x1p53 ? (uint64_t)llround(weight) : 1ull << 53;
}

static uint64_t count_of(const struct span_metrics *m, const struct span_series *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= m->rules.n_bounds; i++)
		n += whole(s->weight[i]);
	return n;
}

struct telling {
	const struct span_metrics *m;
	struct batch *b;
	const double *bounds;
	uint64_t now;
};

static struct metric_point *point_new(const struct telling *t, struct attributes attributes)
{
	struct metric_point *p = batch_add_point(t->b);

	if (!p)
		return NULL;
	p->scope = &scope;
	p->attributes = attributes;
	p->start_ns = t->m->start_ns < t->now ? t->m->start_ns : t->now;
	p->time_ns = t->now;
	return p;
}

static bool tell_calls(const struct telling *t, const struct span_series *s)
{
	struct attributes a = copy_attributes(&t->b->arena, s->attributes);
	struct metric_point *p = a.n == s->attributes.n ? point_new(t, a) : NULL;

	if (!p)
		return false;
	p->kind = METRIC_SUM;
	p->name = STR(CALLS);
	p->description = STR("Spans that have ended");
	p->integer = (int64_t)count_of(t->m, s);
	return true;
}

static bool tell_duration(const struct telling *t, const struct span_series *s,
			  struct attributes attributes)
{
	size_t n = t->m->rules.n_bounds + 1;
	uint64_t *buckets = arena_take_n(&t->b->arena, uint64_t, n);
	struct metric_point *p = buckets ? point_new(t, attributes) : NULL;

	if (!p)
		return false;
	for (size_t i = 0; i < n; i++)
		buckets[i] = whole(s->weight[i]);
	p->kind = METRIC_HISTOGRAM;
	p->name = STR(DURATION);
	p->unit = STR(UNIT);
	p->description = STR("How long they took");
	p->bounds = t->bounds;
	p->buckets = buckets;
	p->n_bounds = n - 1;
	p->count = count_of(t->m, s);
	p->sum = s->sum;
	p->min = s->min;
	p->max = s->max;
	return true;
}

/* Points of one instrument lie together. */
void span_metrics_points(const struct span_metrics *m, struct batch *b, uint64_t now_real_ns)
{
	size_t bytes = m->rules.n_bounds * sizeof(double), first = b->n_points;
	double *bounds = arena_take(&b->arena, bytes);
	struct telling t = { m, b, bounds, now_real_ns };
	bool all = bounds;

	if (bounds && bytes)
		memcpy(bounds, m->rules.bound, bytes);
	for (size_t i = 0; all && i < m->n; i++)
		all = tell_calls(&t, m->series[i]);
	for (size_t i = 0; all && i < m->n; i++)
		all = tell_duration(&t, m->series[i], b->point[first + i].attributes);
	if (!all)
		stats_add(memory_dropped, 1);
}
