/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/profile.h"

#include "collect/tally.h"
#include "model/point.h"
#include "model/stats.h"

#include <stdio.h>

/* Its names say nothing of who measured. */
static const struct scope *const no_scope;

static enum profile read(const struct settings *s, bool *bad)
{
	struct str said = str_trim(settings_get(s, STR("ORIEL_METRIC_PROFILE")));

	*bad = false;
	if (str_eq_nocase(said, STR("fastapi")))
		return PROFILE_FASTAPI;
	if (str_eq_nocase(said, STR("tomodachi")))
		return PROFILE_TOMODACHI;
	*bad = said.n && !str_eq_nocase(said, STR("none"));
	return !said.n && settings_name_prometheus(s) ? PROFILE_TOMODACHI : PROFILE_NONE;
}

enum profile profile_of(const struct settings *s)
{
	bool bad;

	return read(s, &bad);
}

void profile_check(const struct settings *s)
{
	bool bad;

	read(s, &bad);
	if (bad)
		stats_add(settings_bad, 1);
}

/* ---- what is made ---------------------------------------------------------------------------------- */

/*
 * Points that are made come together in a tally, which adds up those that became one series. It has the
 * batch's arena meanwhile: what is made lies there as well.
 */
struct making {
	struct batch *b;
	struct tally tally;
	struct arena *arena;
};

static void make(struct making *m, const struct metric_point *p)
{
	if (!tally_put(&m->tally, p))
		stats_add(memory_dropped, 1);
}

static struct str text_of(struct making *m, struct attributes a, struct str key,
			  struct str otherwise)
{
	const struct value *v = attributes_find(a, key);
	char text[24];

	if (v && v->type == VALUE_STRING && v->text.n)
		return v->text;
	if (!v || v->type != VALUE_INT)
		return otherwise;
	snprintf(text, sizeof(text), "%lld", (long long)v->integer);
	return arena_copy(m->arena, str_of(text));
}

static struct attribute label(struct str key, struct str value)
{
	return (struct attribute){ key, { VALUE_STRING, .text = value } };
}

/* ---- fastapi --------------------------------------------------------------------------------------- */

/* The latest one, as one that was counted rather than timed. */
static const struct exemplar *counted_example(struct making *m, const struct metric_point *p)
{
	struct exemplar *e = p->n_exemplars ? arena_take_n(m->arena, struct exemplar, 1) : NULL;

	if (!e)
		return NULL;
	*e = p->exemplar[0];
	for (size_t i = 1; i < p->n_exemplars; i++)
		if (p->exemplar[i].time_ns > e->time_ns)
			*e = p->exemplar[i];
	e->is_double = false;
	e->integer = 1;
	return e;
}

static void fastapi_request(struct making *m, const struct metric_point *p)
{
	struct attribute *a = arena_take_n(m->arena, struct attribute, 3);
	struct metric_point made = *p;

	if (!a) {
		stats_add(memory_dropped, 1);
		return;
	}
	a[0] = label(STR("method"),
		     text_of(m, p->attributes, STR("http.request.method"), STR("_OTHER")));
	a[1] = label(STR("endpoint"),
		     text_of(m, p->attributes, STR("http.route"), STR("unmatched")));
	/* Who failed before there was a status has failed. */
	a[2] = label(STR("status"),
		     text_of(m, p->attributes, STR("http.response.status_code"), STR("500")));
	made.scope = no_scope;
	made.name = STR("http_request_duration_seconds");
	made.description = STR("HTTP request duration");
	made.attributes = (struct attributes){ a, 2, 0 };
	make(m, &made);
	made = (struct metric_point){ .kind = METRIC_SUM,
				      .name = STR("http_requests"),
				      .description = STR("Total HTTP requests"),
				      .attributes = { a, 3, 0 },
				      .start_ns = p->start_ns,
				      .time_ns = p->time_ns,
				      .integer = (int64_t)p->count };
	made.exemplar = counted_example(m, p);
	made.n_exemplars = made.exemplar != NULL;
	make(m, &made);
}

static void fastapi_connections(struct making *m, const struct metric_point *p)
{
	struct metric_point made = *p;

	if (!str_eq(attributes_text(p->attributes, STR("db.client.connection.state")), STR("used")))
		return;
	made.scope = no_scope;
	made.name = STR("active_database_connections");
	made.unit = STR("");
	made.description = STR("Active database connections");
	made.attributes = (struct attributes){ 0 };
	made.mode = GAUGE_LIVESUM; /* pools add up */
	make(m, &made);
}

/* ---- tomodachi ------------------------------------------------------------------------------------- */

static struct attributes with_protocol(struct making *m, struct attributes from)
{
	struct attribute *a = arena_take_n(m->arena, struct attribute, from.n + 1);

	if (!a)
		return from;
	if (from.n)
		memcpy(a, from.item, from.n * sizeof(*a));
	a[from.n] = label(STR("network.protocol.name"), STR("http"));
	return (struct attributes){ a, from.n + 1, from.dropped };
}

/* Its bounds begin with 0, which no duration is below. */
static void with_bound_zero(struct making *m, struct metric_point *p)
{
	double *bounds = arena_take_n(m->arena, double, p->n_bounds + 1);
	uint64_t *buckets = arena_take_n(m->arena, uint64_t, p->n_bounds + 2);

	if (p->kind != METRIC_HISTOGRAM || !p->n_bounds || p->bounds[0] <= 0 || !bounds || !buckets)
		return;
	bounds[0] = 0;
	buckets[0] = 0;
	memcpy(bounds + 1, p->bounds, p->n_bounds * sizeof(*bounds));
	memcpy(buckets + 1, p->buckets, (p->n_bounds + 1) * sizeof(*buckets));
	p->bounds = bounds;
	p->buckets = buckets;
	p->n_bounds++;
}

static void tomodachi_request(struct making *m, const struct metric_point *p)
{
	struct metric_point made = *p;

	made.name = STR("http.server.duration");
	made.description = STR("Measures the duration of inbound HTTP requests.");
	made.attributes = with_protocol(m, p->attributes);
	with_bound_zero(m, &made);
	make(m, &made);
}

/* ---- all of them ----------------------------------------------------------------------------------- */

static const struct row {
	enum profile profile;
	struct str name;
	void (*make)(struct making *m, const struct metric_point *p);
} rows[] = {
	{ PROFILE_FASTAPI, { "http.server.request.duration", 28 }, fastapi_request },
	{ PROFILE_FASTAPI, { "db.client.connection.count", 26 }, fastapi_connections },
	{ PROFILE_TOMODACHI, { "http.server.request.duration", 28 }, tomodachi_request },
};

static const struct row *row_of(enum profile profile, struct str name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].profile == profile && str_eq(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static void append(const struct metric_point *p, void *you)
{
	struct making *m = you;
	struct metric_point *to = batch_add_point(m->b);

	if (to)
		*to = *p;
	else
		stats_add(memory_dropped, 1);
}

static bool counts_something(const struct metric_point *p)
{
	return p->kind < METRIC_HISTOGRAM || p->count;
}

void profile_apply(enum profile profile, struct batch *b)
{
	struct making m = { .b = b };
	size_t n = 0;

	if (!profile)
		return;
	m.arena = &m.tally.arena;
	m.tally.arena = b->arena;
	b->arena = (struct arena){ .head = NULL };
	for (size_t i = 0; i < b->n_points; i++) {
		const struct row *row = row_of(profile, b->point[i].name);

		if (!row)
			b->point[n++] = b->point[i];
		else if (counts_something(&b->point[i]))
			row->make(&m, &b->point[i]);
	}
	b->n_points = n;
	tally_each(&m.tally, append, &m);
	b->arena = m.tally.arena;
	m.tally.arena = (struct arena){ .head = NULL };
	tally_fini(&m.tally);
}
