/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/metrics.h"

#include "base/err.h"
#include "collect/area.h"
#include "collect/buckets.h"
#include "collect/decode.h"
#include "collect/gauge-mode.h"
#include "collect/scopes.h"
#include "model/exponential.h"
#include "model/stats.h"
#include "wire/record.h"
#include "wire/series.h"

#include <errno.h>
#include <stdlib.h>

enum { POINT_ATTRIBUTES = 128, EXEMPLAR_ATTRIBUTES_MOST = 32, BOUNDS_MOST = 1024 };

static const struct instrument *instrument_at(const struct area *area, uint32_t at)
{
	const struct series_entry *e = area_entry(area, at);
	const struct instrument *i = (const void *)e;

	if (!e || entry_kind(e) != SERIES_INSTRUMENT || e->size < sizeof(*i))
		return NULL;
	if (i->kind < INSTRUMENT_COUNTER || i->kind > INSTRUMENT_SUMMARY ||
	    i->n_bounds > BOUNDS_MOST)
		return NULL;
	if ((size_t)i->n_bounds * 8 + i->name_n + i->unit_n + i->description_n >
	    e->size - sizeof(*i))
		return NULL;
	return i;
}

static double as_double(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static uint64_t as_bits(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static uint64_t plus_f64(uint64_t a, uint64_t b)
{
	return as_bits(as_double(a) + as_double(b));
}

static bool is_exponential(const struct instrument *i)
{
	return i->kind == INSTRUMENT_EXPONENTIAL || i->kind == INSTRUMENT_SUMMARY;
}

static size_t cells_of(const struct instrument *i)
{
	return i->kind == INSTRUMENT_HISTOGRAM ? HISTOGRAM_BUCKETS + i->n_bounds + 1u
	       : is_exponential(i)	       ? (size_t)EXPONENTIAL_CELLS
					       : 1;
}

/* Of these a thread has its own. */
static size_t own_cells_of(const struct instrument *i)
{
	return is_exponential(i) ? (size_t)EXPONENTIAL_COARSE : cells_of(i);
}

static void merge_histogram(uint64_t *cell, const uint64_t *own, size_t n)
{
	double least = as_double(own[HISTOGRAM_MIN] ^ CELLS_INFINITY);
	double most = as_double(own[HISTOGRAM_MAX] ^ CELLS_MINUS_INFINITY);

	cell[HISTOGRAM_SUM] = plus_f64(cell[HISTOGRAM_SUM], own[HISTOGRAM_SUM]);
	if (least < as_double(cell[HISTOGRAM_MIN]))
		cell[HISTOGRAM_MIN] = as_bits(least);
	if (most > as_double(cell[HISTOGRAM_MAX]))
		cell[HISTOGRAM_MAX] = as_bits(most);
	for (size_t i = HISTOGRAM_BUCKETS; i < n; i++)
		cell[i] += own[i];
}

/* The series' cells with what threads have in theirs; NULL for want of memory. */
static const uint64_t *cells_merged(const struct area *area, const struct series *s,
				    const struct instrument *i, struct arena *arena)
{
	const uint64_t *shared = (const void *)(s + 1);
	size_t at = s->entry.flags, n = own_cells_of(i);
	uint64_t *cell;

	if (!at || at + n > CELL_BLOCK_WORDS || !area->n_blocks)
		return shared;
	cell = arena_take(arena, (size_t)s->n_cells * 8);
	if (!cell)
		return NULL;
	memcpy(cell, shared, (size_t)s->n_cells * 8);
	for (size_t b = 0; b < area->n_blocks; b++) {
		const uint64_t *own = area->block[b] + at;

		if (i->kind >= INSTRUMENT_HISTOGRAM)
			merge_histogram(cell, own, n);
		else
			cell[0] = i->is_double ? plus_f64(cell[0], own[0]) : cell[0] + own[0];
	}
	return cell;
}

static enum metric_kind kind_of(uint8_t instrument)
{
	return instrument == INSTRUMENT_COUNTER	      ? METRIC_SUM
	       : instrument == INSTRUMENT_UP_DOWN     ? METRIC_UP_DOWN
	       : instrument == INSTRUMENT_GAUGE	      ? METRIC_GAUGE
	       : instrument == INSTRUMENT_EXPONENTIAL ? METRIC_EXPONENTIAL
	       : instrument == INSTRUMENT_SUMMARY     ? METRIC_SUMMARY
						      : METRIC_HISTOGRAM;
}

/* The count is the buckets' sum: the cells change while they are read, and these two must agree. */
static void point_histogram(struct metric_point *p, const struct instrument *i,
			    const uint64_t *cell)
{
	p->bounds = (const double *)(i + 1);
	p->n_bounds = i->n_bounds;
	p->buckets = cell + HISTOGRAM_BUCKETS;
	for (size_t b = 0; b <= p->n_bounds; b++)
		p->count += p->buckets[b];
	p->sum = as_double(cell[HISTOGRAM_SUM]);
	p->min = as_double(cell[HISTOGRAM_MIN]);
	p->max = as_double(cell[HISTOGRAM_MAX]);
}

static void point_number(struct metric_point *p, const struct instrument *i, uint64_t cell)
{
	p->is_double = i->is_double;
	if (p->is_double)
		p->number = as_double(cell);
	else
		p->integer = (int64_t)cell;
}

static void point_quantiles(struct metric_point *p, const struct instrument *i, struct arena *arena)
{
	const double *quantile = (const double *)(i + 1);
	struct quantile *item = arena_take_n(arena, struct quantile, i->n_bounds + 1u);

	for (size_t k = 0; item && k < i->n_bounds; k++)
		if (quantile[k] >= 0 && quantile[k] <= 1)
			item[p->n_quantiles++] =
				(struct quantile){ quantile[k],
						   exponential_quantile(p, quantile[k]) };
	p->quantile = item;
}

static bool point_exponential(struct metric_point *p, const struct area *area,
			      const struct instrument *i, const uint64_t *cell, struct arena *arena)
{
	if (!buckets_point(p, area, cell, arena))
		return false;
	p->sum = as_double(cell[HISTOGRAM_SUM]);
	p->min = as_double(cell[HISTOGRAM_MIN]);
	p->max = as_double(cell[HISTOGRAM_MAX]);
	if (p->kind == METRIC_SUMMARY)
		point_quantiles(p, i, arena);
	return true;
}

static struct attributes point_attributes(struct batch *b, struct str bytes)
{
	struct attribute item[POINT_ATTRIBUTES];
	struct attribute_list l = { .item = item, .most = POINT_ATTRIBUTES };
	struct attribute *to;

	if (!decode_attributes(&l, bytes, &b->arena))
		stats_add(records_bad, 1);
	to = l.n ? arena_take_n(&b->arena, struct attribute, l.n) : NULL;
	if (to)
		memcpy(to, item, l.n * sizeof(*to));
	return (struct attributes){ to, to ? l.n : 0, l.dropped };
}

/* ---- examples ------------------------------------------------------------------------------------ */

/* Is it one of this bucket? A foreign value may say anything. */
static bool is_in_bucket(const struct metric_point *p, size_t i, double v)
{
	return (i == 0 || v > p->bounds[i - 1]) && (i == p->n_bounds || v <= p->bounds[i]);
}

/* Those that a view took from the series. */
static void exemplar_attributes(struct exemplar *out, const uint64_t *slot, size_t n,
				struct arena *arena)
{
	struct attribute item[EXEMPLAR_ATTRIBUTES_MOST];
	struct attribute_list l = { .item = item, .most = EXEMPLAR_ATTRIBUTES_MOST };
	size_t room = n > EXEMPLAR_WORDS ? (n - EXEMPLAR_WORDS - 1) * 8 : 0;
	uint64_t bytes = room ? slot[EXEMPLAR_ATTRIBUTES] : 0;
	struct attribute *to;

	if (!bytes || bytes > room)
		return;
	decode_attributes(&l, (struct str){ (const char *)&slot[EXEMPLAR_ATTRIBUTES + 1], bytes },
			  arena);
	to = arena_take_n(arena, struct attribute, l.n + 1);
	if (!to)
		return;
	memcpy(to, item, l.n * sizeof(*to));
	out->attributes = (struct attributes){ to, l.n, l.dropped };
}

static bool exemplar_read(struct exemplar *out, const struct metric_point *p, size_t i,
			  const uint64_t *slot, size_t n)
{
	if (slot[EXEMPLAR_DONE] == 0 || slot[EXEMPLAR_DONE] != slot[n - 1])
		return false;
	*out = (struct exemplar){ .time_ns = slot[EXEMPLAR_TIME],
				  .is_double = p->kind != METRIC_SUM || p->is_double };
	memcpy(&out->trace_id, &slot[EXEMPLAR_TRACE], sizeof(out->trace_id));
	memcpy(&out->span_id, &slot[EXEMPLAR_SPAN], sizeof(out->span_id));
	if (out->is_double)
		out->number = as_double(slot[EXEMPLAR_VALUE]);
	else
		out->integer = (int64_t)slot[EXEMPLAR_VALUE];
	return p->kind != METRIC_HISTOGRAM || is_in_bucket(p, i, out->number);
}

static size_t slots_of(const struct metric_point *p)
{
	return p->kind == METRIC_HISTOGRAM     ? p->n_bounds + 1
	       : p->kind == METRIC_EXPONENTIAL ? (size_t)EXEMPLARS_EXPONENTIAL
					       : p->kind == METRIC_SUM;
}

static void point_exemplars(struct metric_point *p, const struct area *area, uint32_t at,
			    struct arena *arena)
{
	const struct series_entry *entry = at ? area_entry(area, at) : NULL;
	const struct exemplars *e = (const void *)entry;
	struct exemplar *item;

	if (!e || entry_kind(entry) != SERIES_EXEMPLARS || entry->size < sizeof(*e) ||
	    e->n_words < EXEMPLAR_WORDS || e->n != slots_of(p) ||
	    (size_t)e->n * e->n_words * 8 > entry->size - sizeof(*e))
		return;
	item = arena_take_n(arena, struct exemplar, e->n);
	for (size_t i = 0; item && i < e->n; i++) {
		const uint64_t *slot = (const uint64_t *)(const void *)(e + 1) + i * e->n_words;

		if (exemplar_read(&item[p->n_exemplars], p, i, slot, e->n_words))
			exemplar_attributes(&item[p->n_exemplars++], slot, e->n_words, arena);
	}
	p->exemplar = item;
}

/* Overflow series are made ahead, for the day that there is no room; until then nobody asks for them. */
static bool point_is_spare(const struct metric_point *p)
{
	bool empty = p->count == 0 && p->integer == 0 && p->number == 0;

	return empty && attributes_find(p->attributes, STR("otel.metric.overflow"));
}

static bool point_add(struct batch *b, const struct area *area, struct scope_book *scopes,
		      const struct series *s, uint64_t now)
{
	const struct instrument *i = instrument_at(area, s->instrument_at);
	const uint64_t *cell;
	struct metric_point *p;
	const char *text;
	bool gone; /* it was not among those that were observed last */

	if (!i || s->entry.size < sizeof(*s) || s->n_cells < cells_of(i) ||
	    (size_t)s->n_cells * 8 + s->attributes_n > s->entry.size - sizeof(*s))
		return false;
	cell = cells_merged(area, s, i, &b->arena);
	p = cell ? batch_add_point(b) : NULL;
	if (!p)
		return false;
	text = (const char *)(i + 1) + (size_t)i->n_bounds * 8;
	p->kind = kind_of(i->kind);
	p->name = (struct str){ text, i->name_n };
	p->unit = (struct str){ text + i->name_n, i->unit_n };
	p->description = (struct str){ text + i->name_n + i->unit_n, i->description_n };
	p->scope = scope_of(scopes, i->scope);
	p->attributes =
		point_attributes(b, (struct str){ (const char *)(s + 1) + (size_t)s->n_cells * 8,
						  s->attributes_n });
	p->start_ns = s->start_real_ns;
	p->time_ns = now < p->start_ns ? p->start_ns : now;
	if (is_exponential(i) && !point_exponential(p, area, i, cell, &b->arena)) {
		b->n_points--;
		return false;
	}
	if (p->kind == METRIC_HISTOGRAM)
		point_histogram(p, i, cell);
	else if (!is_exponential(i))
		point_number(p, i, *cell);
	if (p->kind == METRIC_GAUGE && s->n_cells > GAUGE_SET_NS)
		p->set_ns = cell[GAUGE_SET_NS];
	p->observed = i->kind < INSTRUMENT_GAUGE && s->n_cells > GAUGE_SET_NS;
	gone = i->kind < INSTRUMENT_HISTOGRAM && s->n_cells > GAUGE_SET_NS &&
	       cell[GAUGE_SET_NS] < atomic_load_explicit(&i->observed_ns, memory_order_relaxed);
	point_exemplars(p, area, atomic_load_explicit(&s->exemplars_at, memory_order_relaxed),
			&b->arena);
	b->n_points -= gone || point_is_spare(p);
	return true;
}

/* Instruments lie before their series, but series of several mix: the reader wants them together. */
static int by_instrument(const void *a, const void *b)
{
	const struct metric_point *x = a, *y = b;

	return (x->name.p > y->name.p) - (x->name.p < y->name.p);
}

static void area_points(struct batch *b, const struct area *area, struct scope_book *scopes,
			uint64_t now)
{
	struct area_walk w = { 0 };
	const struct series_entry *e;

	while ((e = area_next(area, &w)))
		if (entry_kind(e) == SERIES_POINT &&
		    !point_add(b, area, scopes, (const void *)e, now))
			stats_add(records_bad, 1);
	if (b->n_points)
		qsort(b->point, b->n_points, sizeof(*b->point), by_instrument);
}

void metrics_combine(struct batch *b, const struct settings *settings)
{
	for (size_t i = 0; i < b->n_points; i++) {
		struct metric_point *p = &b->point[i];

		if (p->kind != METRIC_GAUGE && p->kind != METRIC_UP_DOWN)
			continue;
		p->mode = i && p[-1].name.p == p->name.p && p[-1].kind == p->kind
				  ? p[-1].mode
				  : gauge_mode_of(settings, p->kind, p->name);
	}
}

int metrics_snapshot(struct batch **out, struct intake *in, struct resource *resource,
		     uint64_t now_real_ns)
{
	struct batch *b = batch_new(resource);
	struct name_book names = { .in = in };
	struct scope_book scopes = { .names = &names };
	struct area area = { 0 };
	int r;

	*out = NULL;
	if (!b)
		return ERR(-ENOMEM);
	scopes.arena = &b->arena;
	r = area_copy(&area, in, &b->arena);
	if (!r)
		area_points(b, &area, &scopes, now_real_ns);
	name_book_fini(&names);
	if (r || !b->n_points)
		b = batch_free(b);
	*out = b;
	return r;
}
