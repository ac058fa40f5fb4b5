/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/metrics.h"

#include "base/err.h"
#include "collect/decode.h"
#include "collect/gauge-mode.h"
#include "model/stats.h"
#include "wire/record.h"
#include "wire/series.h"

#include <errno.h>
#include <stdlib.h>

enum { POINT_ATTRIBUTES = 128, BOUNDS_MOST = 1024 };

static const struct scope scopes[N_SCOPES] = {
#define X(id, text) \
	[SCOPE_##id] = { { text, sizeof(text) - 1 }, { ORIEL_VERSION, sizeof(ORIEL_VERSION) - 1 } },
	WIRE_SCOPES(X)
#undef X
};

enum { BLOCKS_MOST = 4096 };

/* The series' entries, and threads' blocks of cells: all copied. */
struct area {
	const unsigned char *p;
	uint32_t used;
	const uint64_t **block;
	size_t n_blocks;
};

struct area_step {
	const unsigned char *from;
	uint64_t *to;
	uint32_t used, room;
};

static void used_step(void *you)
{
	struct area_step *s = you;
	const struct series_area *area = (const void *)s->from;

	s->used = atomic_load_explicit(&area->used, memory_order_acquire);
	if (s->used > s->room)
		s->used = s->room;
}

/* Word by word, acquire: whoever's `kind` is seen here has stored what comes after it. */
static void words_step(void *you)
{
	struct area_step *s = you;
	const _Atomic uint64_t *from = (const void *)s->from;

	for (uint32_t i = 0; i < s->used / 8; i++)
		s->to[i] = atomic_load_explicit(&from[i], memory_order_acquire);
}

static int area_copy(struct area *out, struct intake *in, struct arena *arena)
{
	struct area_step s = { .from = in->map + in->head.series_at,
			       .room = in->head.series_size & ~7u };
	int r;

	if (s.room < sizeof(struct series_area))
		return 0;
	r = intake_step(in, used_step, &s);
	if (r < 0 || s.used <= sizeof(struct series_area))
		return r;
	s.to = arena_take(arena, s.used);
	if (!s.to)
		return ERR(-ENOMEM);
	r = intake_step(in, words_step, &s);
	if (!r)
		*out = (struct area){ .p = (const void *)s.to, .used = s.used & ~7u };
	return r;
}

static void states_step(void *you)
{
	struct area_step *s = you;
	const _Atomic uint32_t *state = (const void *)s->from;

	for (uint32_t i = 0; i < s->room; i++)
		((uint32_t *)s->to)[i] = atomic_load_explicit(&state[i], memory_order_acquire);
}

static int chunk_copy(struct area *out, struct intake *in, uint32_t i, struct arena *arena)
{
	struct area_step s = { .from = (unsigned char *)intake_chunk_at(in, i) + CELL_BLOCKS_AT,
			       .used = CELL_BLOCKS * CELL_BLOCK_SIZE };

	s.to = arena_take(arena, s.used);
	if (!s.to)
		return ERR(-ENOMEM);
	for (size_t b = 0; b < CELL_BLOCKS; b++)
		out->block[out->n_blocks++] = s.to + b * CELL_BLOCK_WORDS;
	return intake_step(in, words_step, &s);
}

/* After the entries: what a thread adds meanwhile is counted now or the next time, never twice. */
static int blocks_copy(struct area *out, struct intake *in, struct arena *arena)
{
	struct area_step s = { .from = in->map + in->head.states_at, .room = in->head.n_chunks };
	uint32_t *state = arena_take(arena, (size_t)s.room * sizeof(*state) + 8);
	size_t n = 0;
	int r;

	s.to = (uint64_t *)(void *)state;
	r = state ? intake_step(in, states_step, &s) : ERR(-ENOMEM);
	for (uint32_t i = 0; !r && i < s.room; i++)
		n += state[i] == CHUNK_CELLS;
	if (r || !n)
		return r;
	if (n > BLOCKS_MOST / CELL_BLOCKS)
		n = BLOCKS_MOST / CELL_BLOCKS;
	out->block = arena_take(arena, n * CELL_BLOCKS * sizeof(*out->block));
	if (!out->block)
		return ERR(-ENOMEM);
	for (uint32_t i = 0; !r && i < s.room && out->n_blocks < n * CELL_BLOCKS; i++)
		if (state[i] == CHUNK_CELLS)
			r = chunk_copy(out, in, i, arena);
	return r;
}

static uint16_t entry_kind(const struct series_entry *e)
{
	return atomic_load_explicit(&e->kind, memory_order_relaxed);
}

/* The whole entry at `at`, or NULL: a size that makes no sense, or nothing there. */
static const struct series_entry *entry_at(const struct area *area, uint32_t at)
{
	const struct series_entry *e = (const void *)(area->p + at);

	if (at % 8 || at < sizeof(struct series_area) || at > area->used ||
	    area->used - at < sizeof(*e))
		return NULL;
	if (e->size < sizeof(*e) || e->size % 8 || e->size > area->used - at)
		return NULL;
	return e;
}

static const struct instrument *instrument_at(const struct area *area, uint32_t at)
{
	const struct series_entry *e = entry_at(area, at);
	const struct instrument *i = (const void *)e;

	if (!e || entry_kind(e) != SERIES_INSTRUMENT || e->size < sizeof(*i))
		return NULL;
	if (i->kind < INSTRUMENT_COUNTER || i->kind > INSTRUMENT_HISTOGRAM ||
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
	size_t at = s->entry.flags;
	uint64_t *cell;

	if (!at || at + s->n_cells > CELL_BLOCK_WORDS || !area->n_blocks)
		return shared;
	cell = arena_take(arena, (size_t)s->n_cells * 8);
	if (!cell)
		return NULL;
	memcpy(cell, shared, (size_t)s->n_cells * 8);
	for (size_t b = 0; b < area->n_blocks; b++) {
		const uint64_t *own = area->block[b] + at;

		if (i->kind == INSTRUMENT_HISTOGRAM)
			merge_histogram(cell, own, s->n_cells);
		else
			cell[0] = i->is_double ? plus_f64(cell[0], own[0]) : cell[0] + own[0];
	}
	return cell;
}

static enum metric_kind kind_of(uint8_t instrument)
{
	return instrument == INSTRUMENT_COUNTER	  ? METRIC_SUM
	       : instrument == INSTRUMENT_UP_DOWN ? METRIC_UP_DOWN
	       : instrument == INSTRUMENT_GAUGE	  ? METRIC_GAUGE
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

static size_t cells_of(const struct instrument *i)
{
	return i->kind == INSTRUMENT_HISTOGRAM ? HISTOGRAM_BUCKETS + i->n_bounds + 1u : 1;
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

/* Overflow series are made ahead, for the day that there is no room; until then nobody asks for them. */
static bool point_is_spare(const struct metric_point *p)
{
	bool empty =
		p->kind == METRIC_HISTOGRAM ? p->count == 0 : p->integer == 0 && p->number == 0;

	return empty && attributes_find(p->attributes, STR("otel.metric.overflow"));
}

static bool point_add(struct batch *b, const struct area *area, const struct series *s,
		      uint64_t now)
{
	const struct instrument *i = instrument_at(area, s->instrument_at);
	const uint64_t *cell;
	struct metric_point *p;
	const char *text;

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
	p->scope = &scopes[i->scope < N_SCOPES ? i->scope : SCOPE_APPLICATION];
	p->attributes =
		point_attributes(b, (struct str){ (const char *)(s + 1) + (size_t)s->n_cells * 8,
						  s->attributes_n });
	p->start_ns = s->start_real_ns;
	p->time_ns = now < p->start_ns ? p->start_ns : now;
	if (p->kind == METRIC_HISTOGRAM)
		point_histogram(p, i, cell);
	else
		point_number(p, i, *cell);
	if (p->kind == METRIC_GAUGE && s->n_cells > GAUGE_SET_NS)
		p->set_ns = cell[GAUGE_SET_NS];
	b->n_points -= point_is_spare(p);
	return true;
}

/* Instruments lie before their series, but series of several mix: the reader wants them together. */
static int by_instrument(const void *a, const void *b)
{
	const struct metric_point *x = a, *y = b;

	return (x->name.p > y->name.p) - (x->name.p < y->name.p);
}

static void area_points(struct batch *b, const struct area *area, uint64_t now)
{
	uint32_t at = sizeof(struct series_area);
	const struct series_entry *e;

	for (; (e = entry_at(area, at)) && entry_kind(e) != SERIES_NONE; at += e->size)
		if (entry_kind(e) == SERIES_POINT && !point_add(b, area, (const void *)e, now))
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
	struct area area = { 0 };
	int r;

	*out = NULL;
	if (!b)
		return ERR(-ENOMEM);
	r = area_copy(&area, in, &b->arena);
	if (!r && area.used)
		r = blocks_copy(&area, in, &b->arena);
	if (!r && area.used)
		area_points(b, &area, now_real_ns);
	if (r || !b->n_points)
		b = batch_free(b);
	*out = b;
	return r;
}
