/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/foreign.h"

#include "base/clock.h"
#include "model/copy.h"
#include "model/point.h"
#include "model/stats.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCOPES_MOST = 1024, ROOM_FIRST = 64 };

struct foreign_scope {
	struct foreign_scope *next;
	struct scope scope;
};

struct foreign_series {
	struct metric_point point; /* texts and attributes in the source's arena */
	struct point_room room;
	uint32_t hash;
};

struct foreign_source {
	struct foreign_source *next;
	struct resource *resource;
	char place[FOREIGN_PLACE];
	uint64_t last_ns;
	struct arena arena;
	struct foreign_series **series;
	size_t n, room;
	uint32_t *slot; /* which series, + 1; as many again as there is room */
	struct span_metrics spans;
	uint64_t next_ns; /* when those are told */
};

/* ---- sources ------------------------------------------------------------------------------------ */

void foreign_init(struct foreign *f)
{
	*f = (struct foreign){ .n_sources = 0 };
	pthread_mutex_init(&f->lock, NULL);
}

static void source_forget(struct foreign *f, struct foreign_source **at)
{
	struct foreign_source *s = *at;

	*at = s->next;
	f->n_sources--;
	f->n_series -= s->n + s->spans.n;
	f->n_bytes -= s->arena.total + s->spans.arena.total;
	span_metrics_fini(&s->spans);
	resource_free(s->resource);
	arena_fini(&s->arena);
	free(s->series);
	free(s->slot);
	free(s);
}

void foreign_fini(struct foreign *f)
{
	while (f->source)
		source_forget(f, &f->source);
	arena_fini(&f->arena);
	pthread_mutex_destroy(&f->lock);
}

static void forget_silent(struct foreign *f, uint64_t now_ns)
{
	for (struct foreign_source **at = &f->source; *at;)
		if (now_ns > (*at)->last_ns && now_ns - (*at)->last_ns > FOREIGN_NS)
			source_forget(f, at);
		else
			at = &(*at)->next;
}

static bool is_resource(const struct resource *a, const struct resource *b)
{
	return a == b || (str_eq(a->run, b->run) && attributes_same(a->attributes, b->attributes));
}

static struct foreign_source *source_find(struct foreign *f, const struct resource *r)
{
	struct foreign_source *s = f->source;

	while (s && !is_resource(s->resource, r))
		s = s->next;
	return s;
}

static struct foreign_source *source_of(struct foreign *f, struct resource *r, const char *place)
{
	struct foreign_source *s = source_find(f, r);

	if (s || f->n_sources == FOREIGN_SOURCES)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->resource = resource_ref(r);
	snprintf(s->place, sizeof(s->place), "%s", place);
	s->next = f->source;
	f->source = s;
	f->n_sources++;
	return s;
}

bool foreign_knows(struct foreign *f, const struct resource *r)
{
	bool known;

	pthread_mutex_lock(&f->lock);
	known = source_find(f, r) != NULL;
	pthread_mutex_unlock(&f->lock);
	return known;
}

/* ---- series ------------------------------------------------------------------------------------- */

/* One for all sources: instruments are told apart by where their scope is. */
static const struct scope *scope_of(struct foreign *f, const struct scope *scope)
{
	struct foreign_scope *s = f->scope;

	if (!scope)
		return NULL;
	while (s && !scope_same(&s->scope, scope))
		s = s->next;
	if (s || f->n_scopes == SCOPES_MOST)
		return s ? &s->scope : NULL;
	s = arena_take_n(&f->arena, struct foreign_scope, 1);
	if (!s)
		return NULL;
	s->next = f->scope;
	s->scope = copy_scope(&f->arena, scope);
	f->scope = s;
	f->n_scopes++;
	return &s->scope;
}

static uint32_t *slot_of(const struct foreign_source *s, const struct metric_point *p,
			 uint32_t hash)
{
	size_t most = s->room * 2 - 1, at = hash & most;

	while (s->slot[at] && !(s->series[s->slot[at] - 1]->hash == hash &&
				point_same_series(&s->series[s->slot[at] - 1]->point, p)))
		at = (at + 1) & most;
	return &s->slot[at];
}

static bool source_room(struct foreign_source *s)
{
	size_t room = s->room ? s->room * 2 : ROOM_FIRST;
	struct foreign_series **series;
	uint32_t *slot;

	if (s->n < s->room)
		return true;
	series = realloc(s->series, room * sizeof(*series));
	if (!series)
		return false;
	s->series = series;
	slot = calloc(room * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(s->slot);
	s->slot = slot;
	s->room = room;
	for (size_t i = 0; i < s->n; i++) {
		size_t at = series[i]->hash & (room * 2 - 1);

		while (slot[at])
			at = (at + 1) & (room * 2 - 1);
		slot[at] = (uint32_t)i + 1;
	}
	return true;
}

/* Its lists become its own with the first update. */
static struct foreign_series *series_new(struct foreign_source *s, const struct metric_point *p,
					 uint32_t hash)
{
	struct foreign_series *series = arena_take_n(&s->arena, struct foreign_series, 1);

	if (!series)
		return NULL;
	*series = (struct foreign_series){ .point = *p, .room = { .keeps = true }, .hash = hash };
	series->point.name = arena_copy(&s->arena, p->name);
	series->point.unit = arena_copy(&s->arena, p->unit);
	series->point.description = arena_copy(&s->arena, p->description);
	series->point.attributes = copy_attributes(&s->arena, p->attributes);
	if (series->point.attributes.n != p->attributes.n ||
	    !point_own(&series->point, &series->room, &s->arena))
		return NULL;
	series->point.delta = false;
	s->series[s->n++] = series;
	return series;
}

static bool series_update(struct foreign_source *s, struct foreign_series *series,
			  const struct metric_point *p)
{
	struct metric_point was = series->point;
	bool adds = p->delta && point_can_add(&was, p);
	struct metric_point from = *p;

	from.delta = false;
	if (adds)
		return point_add(&series->point, &series->room, &from, &s->arena);
	series->point = from;
	series->point.name = was.name;
	series->point.unit = was.unit;
	series->point.description = was.description;
	series->point.attributes = was.attributes;
	series->room.owns = false;
	if (point_own(&series->point, &series->room, &s->arena))
		return true;
	series->point = was;
	return false;
}

/* Processes whose pid isn't known can't be told apart by it. */
static void set_mode(struct metric_point *p, const struct resource *r)
{
	if (p->kind == METRIC_GAUGE)
		p->mode = r->pid ? GAUGE_LIVEALL : GAUGE_LIVEMOSTRECENT;
	else if (p->kind == METRIC_UP_DOWN)
		p->mode = GAUGE_LIVESUM;
	p->set_ns = p->time_ns;
}

static bool point_take(struct foreign *f, struct foreign_source *s, const struct metric_point *p)
{
	struct metric_point point = *p;
	uint32_t hash = point_series_hash(p);
	uint32_t *slot;

	point.scope = scope_of(f, p->scope);
	set_mode(&point, s->resource);
	if (!source_room(s))
		return false;
	slot = slot_of(s, &point, hash);
	if (*slot)
		return series_update(s, s->series[*slot - 1], &point);
	if (f->n_series >= FOREIGN_SERIES || f->n_bytes >= FOREIGN_BYTES ||
	    !series_new(s, &point, hash))
		return false;
	*slot = (uint32_t)s->n;
	f->n_series++;
	return true;
}

void foreign_take(struct foreign *f, const struct batch *b, const char *place, uint64_t now_ns)
{
	struct foreign_source *s;
	size_t n_dropped = 0;

	pthread_mutex_lock(&f->lock);
	forget_silent(f, now_ns);
	s = source_of(f, b->resource, place);
	if (s)
		s->last_ns = now_ns;
	for (size_t i = 0; i < b->n_points; i++) {
		size_t before = s ? s->arena.total : 0;

		if (!s || !point_take(f, s, &b->point[i]))
			n_dropped++;
		f->n_bytes += s ? s->arena.total - before : 0;
	}
	pthread_mutex_unlock(&f->lock);
	stats_add(receive_series_dropped, n_dropped);
}

/* ---- spans -------------------------------------------------------------------------------------- */

/* What there is room for now; a source that had none has its overflow series. */
static void spans_limit(const struct foreign *f, struct foreign_source *s, size_t most)
{
	size_t room = f->n_series < FOREIGN_SERIES && f->n_bytes < FOREIGN_BYTES
			      ? FOREIGN_SERIES - f->n_series
			      : 0;

	s->spans.rules.most = s->spans.n + room < most ? s->spans.n + room : most;
}

void foreign_count(struct foreign *f, const struct batch *b, const struct span_metrics_rules *rules,
		   const char *place, uint64_t now_ns)
{
	struct foreign_source *s;

	pthread_mutex_lock(&f->lock);
	forget_silent(f, now_ns);
	s = source_of(f, b->resource, place);
	if (s) {
		size_t n = s->spans.n, bytes = s->spans.arena.total;

		if (!s->next_ns) {
			span_metrics_init(&s->spans, rules, clock_real_ns());
			s->next_ns = now_ns + rules->every_ns;
		}
		s->last_ns = now_ns;
		spans_limit(f, s, rules->most);
		span_metrics_count(&s->spans, b);
		f->n_series += s->spans.n - n;
		f->n_bytes += s->spans.arena.total - bytes;
	}
	pthread_mutex_unlock(&f->lock);
	stats_add(receive_series_dropped, s ? 0 : b->n_spans);
}

/* ---- asked for ---------------------------------------------------------------------------------- */

void foreign_lock(struct foreign *f)
{
	pthread_mutex_lock(&f->lock);
}

bool foreign_try_lock(struct foreign *f)
{
	return pthread_mutex_trylock(&f->lock) == 0;
}

void foreign_unlock(struct foreign *f)
{
	pthread_mutex_unlock(&f->lock);
}

static struct batch *source_batch(const struct foreign_source *s)
{
	struct batch *b = s->n || s->spans.n ? batch_new(s->resource) : NULL;

	for (size_t i = 0; b && i < s->n; i++) {
		struct metric_point *p = batch_add_point(b);

		if (!p)
			return batch_free(b);
		*p = s->series[i]->point;
	}
	if (b)
		span_metrics_points(&s->spans, b, clock_real_ns());
	return b;
}

void foreign_batches(struct foreign *f, void (*each)(struct batch *b, const char *place, void *you),
		     void *you, uint64_t now_ns)
{
	forget_silent(f, now_ns);
	for (const struct foreign_source *s = f->source; s; s = s->next) {
		struct batch *b = source_batch(s);

		if (b)
			each(b, s->place, you);
	}
}

void foreign_due(struct foreign *f, struct str run,
		 void (*each)(struct batch *b, const char *place, void *you), void *you,
		 uint64_t now_ns)
{
	for (struct foreign_source *s = f->source; s; s = s->next) {
		struct batch *b;

		if (!s->spans.n || s->next_ns > now_ns || (run.n && !str_eq(s->resource->run, run)))
			continue;
		if (now_ns != UINT64_MAX)
			s->next_ns = now_ns + s->spans.rules.every_ns;
		b = batch_new(s->resource);
		if (!b)
			continue;
		span_metrics_points(&s->spans, b, clock_real_ns());
		each(b, s->place, you);
	}
}
