/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/tally.h"

#include "model/copy.h"
#include "model/point.h"
#include "model/stats.h"

#include <stdlib.h>

enum { ROOM_FIRST = 64 };

struct tally_series {
	struct metric_point point;
	struct point_room *room; /* NULL: all lists are borrowed */
	uint32_t hash, next;	 /* of its instrument, + 1 */
	uint32_t instrument;
};

struct tally_instrument {
	struct str name, unit, description;
	enum metric_kind kind;
	const struct scope *scope;
	uint32_t first, last; /* series, + 1 */
};

static const struct attribute overflow_item = { STR("otel.metric.overflow"),
						{ VALUE_BOOL, .boolean = true } };
static const struct attributes overflow = { &overflow_item, 1, 0 };

void tally_fini(struct tally *t)
{
	free(t->series);
	free(t->slot);
	free(t->instrument);
	arena_fini(&t->arena);
	*t = (struct tally){ .keeps = t->keeps, .most = t->most };
}

/* ---- instruments ----------------------------------------------------------------------------------- */

static bool is_of(const struct tally_instrument *i, const struct metric_point *p)
{
	return i->kind == p->kind && scope_same(i->scope, p->scope) && str_eq(i->name, p->name) &&
	       str_eq(i->unit, p->unit);
}

static struct str text_of(struct tally *t, struct str s)
{
	return t->keeps ? arena_copy(&t->arena, s) : s;
}

static const struct scope *scope_of(struct tally *t, const struct scope *scope)
{
	struct scope *own = t->keeps && scope ? arena_take_n(&t->arena, struct scope, 1) : NULL;

	if (!own)
		return scope;
	*own = copy_scope(&t->arena, scope);
	return own;
}

static struct tally_instrument *instrument_add(struct tally *t, const struct metric_point *p)
{
	struct tally_instrument *i;

	if (t->n_instruments == t->room_instruments) {
		size_t room = t->room_instruments ? t->room_instruments * 2 : ROOM_FIRST;

		i = realloc(t->instrument, room * sizeof(*i));
		if (!i)
			return NULL;
		t->instrument = i;
		t->room_instruments = room;
	}
	i = &t->instrument[t->n_instruments++];
	*i = (struct tally_instrument){ .name = text_of(t, p->name),
					.unit = text_of(t, p->unit),
					.description = text_of(t, p->description),
					.kind = p->kind,
					.scope = scope_of(t, p->scope) };
	return i;
}

static struct tally_instrument *instrument_of(struct tally *t, const struct metric_point *p)
{
	if (t->recent < t->n_instruments && is_of(&t->instrument[t->recent], p))
		return &t->instrument[t->recent];
	for (t->recent = 0; t->recent < t->n_instruments; t->recent++)
		if (is_of(&t->instrument[t->recent], p))
			return &t->instrument[t->recent];
	return instrument_add(t, p);
}

/* ---- series ---------------------------------------------------------------------------------------- */

static bool tally_room(struct tally *t)
{
	size_t room = t->room ? t->room * 2 : ROOM_FIRST;
	struct tally_series *series;
	uint32_t *slot;

	if (t->n < t->room)
		return true;
	series = room < UINT32_MAX / 4 ? realloc(t->series, room * sizeof(*series)) : NULL;
	if (!series)
		return false;
	t->series = series;
	slot = calloc(room * 2, sizeof(*slot));
	if (!slot)
		return false;
	free(t->slot);
	t->slot = slot;
	t->room = room;
	t->n_slots = room * 2;
	for (size_t i = 0; i < t->n; i++) {
		size_t at = series[i].hash & (t->n_slots - 1);

		while (slot[at])
			at = (at + 1) & (t->n_slots - 1);
		slot[at] = (uint32_t)i + 1;
	}
	return true;
}

static uint32_t hash_of(uint32_t instrument, struct attributes a)
{
	return attributes_hash(a, instrument * 0x9e3779b97f4a7c15u);
}

static uint32_t *series_find(struct tally *t, uint32_t instrument, struct attributes a,
			     uint32_t hash)
{
	size_t at = hash & (t->n_slots - 1);

	for (; t->slot[at]; at = (at + 1) & (t->n_slots - 1)) {
		const struct tally_series *s = &t->series[t->slot[at] - 1];

		if (s->hash == hash && s->instrument == instrument &&
		    attributes_same(s->point.attributes, a))
			break;
	}
	return &t->slot[at];
}

static bool has_lists(const struct metric_point *p)
{
	return p->kind >= METRIC_HISTOGRAM || p->n_exemplars;
}

/* Memory of its own for the lists. */
static bool series_room(struct tally *t, struct tally_series *s)
{
	if (s->room)
		return true;
	s->room = arena_take_n(&t->arena, struct point_room, 1);
	if (s->room)
		*s->room = (struct point_room){ .keeps = t->keeps };
	return s->room;
}

static bool series_own(struct tally *t, struct tally_series *s)
{
	return series_room(t, s) && point_own(&s->point, s->room, &t->arena);
}

static bool series_new(struct tally *t, struct tally_instrument *i, const struct metric_point *p,
		       uint32_t hash)
{
	struct tally_series *s = &t->series[t->n];

	*s = (struct tally_series){ .point = *p,
				    .hash = hash,
				    .instrument = (uint32_t)(i - t->instrument) };
	s->point.name = i->name;
	s->point.unit = i->unit;
	s->point.description = i->description;
	s->point.scope = i->scope;
	if (t->keeps)
		s->point.attributes = copy_attributes(&t->arena, p->attributes);
	if (s->point.attributes.n != p->attributes.n)
		return false;
	if (t->keeps && has_lists(p) && !series_own(t, s))
		return false;
	t->n++;
	if (i->last)
		t->series[i->last - 1].next = (uint32_t)t->n;
	else
		i->first = (uint32_t)t->n;
	i->last = (uint32_t)t->n;
	return true;
}

static void gauge_join(struct metric_point *to, const struct metric_point *p)
{
	double was = point_number(to), is = point_number(p);
	bool takes;

	if (p->mode == GAUGE_SUM || p->mode == GAUGE_LIVESUM) {
		point_add_number(to, p);
		return;
	}
	if (p->mode == GAUGE_MIN || p->mode == GAUGE_LIVEMIN)
		takes = is < was;
	else if (p->mode == GAUGE_MAX || p->mode == GAUGE_LIVEMAX)
		takes = is > was;
	else
		takes = p->set_ns >= to->set_ns;
	if (!takes)
		return;
	to->is_double = p->is_double;
	to->integer = p->integer;
	to->number = p->number;
	to->set_ns = p->set_ns;
}

/* With what it counts as of now; whose it is stays. */
static bool series_anew(struct tally *t, struct tally_series *s, const struct metric_point *p)
{
	struct metric_point was = s->point;

	stats_add(scrape_conflicts, 1);
	s->point = *p;
	s->point.name = was.name;
	s->point.unit = was.unit;
	s->point.description = was.description;
	s->point.scope = was.scope;
	s->point.attributes = was.attributes;
	if (s->room)
		s->room->owns = false;
	return !t->keeps || series_own(t, s);
}

static bool series_join(struct tally *t, struct tally_series *s, const struct metric_point *p)
{
	bool gauge = p->kind == METRIC_GAUGE || (p->kind == METRIC_UP_DOWN &&
						 p->mode != GAUGE_SUM && p->mode != GAUGE_LIVESUM);

	if (gauge) {
		gauge_join(&s->point, p);
		return true;
	}
	if (!point_can_add(&s->point, p))
		return series_anew(t, s, p);
	if (!has_lists(p) && !s->room) {
		point_add_number(&s->point, p);
		point_add_times(&s->point, p);
		return true;
	}
	return series_room(t, s) && point_add(&s->point, s->room, p, &t->arena);
}

static bool point_tally(struct tally *t, struct tally_instrument *i, const struct metric_point *p)
{
	struct metric_point point = *p;
	uint32_t number = (uint32_t)(i - t->instrument), hash = hash_of(number, p->attributes);
	uint32_t *slot;

	if (!tally_room(t))
		return false;
	slot = series_find(t, number, p->attributes, hash);
	if (!*slot && t->most && t->n >= t->most) {
		point.attributes = overflow;
		hash = hash_of(number, overflow);
		slot = series_find(t, number, overflow, hash);
	}
	if (*slot)
		return series_join(t, &t->series[*slot - 1], &point);
	if (!series_new(t, i, &point, hash))
		return false;
	*slot = (uint32_t)t->n;
	return true;
}

/* ---- batches --------------------------------------------------------------------------------------- */

static bool is_per_process(const struct metric_point *p)
{
	if (p->kind == METRIC_SUMMARY)
		return !point_has_buckets(p);
	return (p->kind == METRIC_GAUGE || p->kind == METRIC_UP_DOWN) &&
	       (p->mode == GAUGE_ALL || p->mode == GAUGE_LIVEALL);
}

/* Of the dead ones the ledger keeps ALL apart: they must not become more and more. */
static bool is_wanted(const struct metric_point *p, enum tally_of what)
{
	if (what == TALLY_LIVE)
		return true;
	if (p->kind != METRIC_GAUGE && p->kind != METRIC_UP_DOWN)
		return !is_per_process(p);
	return p->mode == GAUGE_SUM || p->mode == GAUGE_MIN || p->mode == GAUGE_MAX ||
	       p->mode == GAUGE_MOSTRECENT;
}

static bool with_pid(struct tally *t, struct metric_point *p, int32_t pid)
{
	size_t n = p->attributes.n;
	struct attribute *item = arena_take_n(&t->arena, struct attribute, n + 1);

	if (!item)
		return false;
	if (n)
		memcpy(item, p->attributes.item, n * sizeof(*item));
	item[n] = (struct attribute){ STR("pid"), { VALUE_INT, .integer = pid } };
	p->attributes.item = item;
	p->attributes.n = n + 1;
	return true;
}

static bool add_point(struct tally *t, const struct metric_point *p, int32_t pid)
{
	struct tally_instrument *i = instrument_of(t, p);
	struct metric_point own = *p;

	if (!i)
		return false;
	return (!is_per_process(p) || with_pid(t, &own, pid)) && point_tally(t, i, &own);
}

void tally_add(struct tally *t, const struct batch *b, enum tally_of what)
{
	for (size_t i = 0; i < b->n_points; i++)
		if (is_wanted(&b->point[i], what) &&
		    !add_point(t, &b->point[i], b->resource->pid)) {
			t->full = true;
			stats_add(memory_dropped, 1);
		}
}

bool tally_put(struct tally *t, const struct metric_point *p)
{
	struct tally_instrument *to = instrument_of(t, p);

	return to && point_tally(t, to, p);
}

void tally_each(const struct tally *t, void (*each)(const struct metric_point *p, void *you),
		void *you)
{
	for (size_t i = 0; i < t->n_instruments; i++)
		for (uint32_t at = t->instrument[i].first; at; at = t->series[at - 1].next)
			each(&t->series[at - 1].point, you);
}

void tally_add_tally(struct tally *t, const struct tally *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (!tally_put(t, &from->series[i].point)) {
			t->full = true;
			stats_add(memory_dropped, 1);
		}
}

struct filling {
	struct batch *batch;
	bool full;
};

static void fill(const struct metric_point *p, void *you)
{
	struct filling *f = you;
	struct metric_point *to = f->full ? NULL : batch_add_point(f->batch);

	if (to)
		*to = *p;
	else
		f->full = true;
}

struct batch *tally_batch(const struct tally *t, struct resource *resource)
{
	struct filling f = { .batch = t->n ? batch_new(resource) : NULL };

	if (f.batch)
		tally_each(t, fill, &f);
	return f.full ? batch_free(f.batch) : f.batch;
}
