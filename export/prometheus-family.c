/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-family.h"

#include "base/err.h"
#include "export/prometheus-name.h"
#include "model/stats.h"

#include <errno.h>
#include <stdlib.h>

struct runs {
	struct run *item;
	size_t n, room;
};

/* Names that are taken, by whoever was first: an open hash. */
struct claims {
	struct claim {
		struct str name;
		uint64_t family; /* its number, from 1 */
	} * slot;
	size_t room;
};

static enum family_type type_of(enum metric_kind kind)
{
	switch (kind) {
	case METRIC_SUM:
		return FAMILY_COUNTER;
	case METRIC_HISTOGRAM:
	case METRIC_EXPONENTIAL:
		return FAMILY_HISTOGRAM;
	case METRIC_SUMMARY:
		return FAMILY_SUMMARY;
	default:
		return FAMILY_GAUGE;
	}
}

const char *const *family_suffixes(enum family_type type)
{
	static const char *const suffixes[][5] = {
		[FAMILY_COUNTER] = { "_total", "_created" },
		[FAMILY_GAUGE] = { NULL },
		[FAMILY_HISTOGRAM] = { "_bucket", "_count", "_sum", "_created" },
		[FAMILY_SUMMARY] = { "_count", "_sum", "_created" },
		[FAMILY_INFO] = { "_info" },
	};

	return suffixes[type];
}

/* ---- runs ------------------------------------------------------------------------------------------ */

static bool same_text(struct str a, struct str b)
{
	return a.p == b.p ? a.n == b.n : str_eq(a, b);
}

static bool same_instrument(const struct metric_point *a, const struct metric_point *b)
{
	return a->kind == b->kind && same_text(a->name, b->name) && same_text(a->unit, b->unit) &&
	       scope_same(a->scope, b->scope);
}

static bool runs_add(struct runs *r, struct run run, struct arena *arena)
{
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct run *item = arena_take_n(arena, struct run, room);

		if (!item)
			return false;
		if (r->n)
			memcpy(item, r->item, r->n * sizeof(*item));
		r->item = item;
		r->room = room;
	}
	r->item[r->n++] = run;
	return true;
}

static bool runs_of(struct runs *r, const struct prometheus_target *t, struct arena *arena,
		    struct out *name)
{
	const struct batch *b = t->batch;

	for (size_t i = 0, n; i < b->n_points; i += n) {
		const struct metric_point *p = &b->point[i];

		for (n = 1; i + n < b->n_points && same_instrument(p, p + n);)
			n++;
		out_clear(name);
		prometheus_metric_name(name, str_of(t->options.space), p, !t->options.no_suffixes);
		if (name->error ||
		    !runs_add(r,
			      (struct run){ t, p, n, arena_copy(arena, out_all(name)),
					    type_of(p->kind) },
			      arena))
			return false;
	}
	return true;
}

static int compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

static struct str scope_name(const struct run *r)
{
	return r->point->scope ? r->point->scope->name : STR("");
}

static int by_family(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	int r = compare(x->name, y->name);

	if (!r)
		r = (x->type > y->type) - (x->type < y->type);
	if (!r)
		r = compare(x->target->batch->resource->service,
			    y->target->batch->resource->service);
	if (!r)
		r = compare(scope_name(x), scope_name(y));
	if (!r)
		r = compare(x->point->description, y->point->description);
	return r ? r : (x->point > y->point) - (x->point < y->point);
}

/* ---- claims ---------------------------------------------------------------------------------------- */

static struct claim *claim_find(struct claims *c, struct str name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	while (c->slot[hash % c->room].family && !str_eq(c->slot[hash % c->room].name, name))
		hash++;
	return &c->slot[hash % c->room];
}

static struct str name_with(struct str name, const char *suffix, struct arena *arena)
{
	size_t n = strlen(suffix);
	char *p = arena_take(arena, name.n + n);

	if (!p)
		return (struct str){ 0 };
	memcpy(p, name.p, name.n);
	memcpy(p + name.n, suffix, n);
	return (struct str){ p, name.n + n };
}

/* All names that samples of the family may have, or none of them. */
static bool family_claims(struct claims *c, const struct family *f, uint64_t number,
			  struct arena *arena)
{
	const char *const *suffix = family_suffixes(f->type);
	struct str name[8] = { f->name };
	size_t n = 1;

	for (; *suffix; suffix++)
		name[n++] = name_with(f->name, *suffix, arena);
	for (size_t i = 0; i < n; i++)
		if (!name[i].n || claim_find(c, name[i])->family)
			return false;
	for (size_t i = 0; i < n; i++)
		*claim_find(c, name[i]) = (struct claim){ name[i], number };
	return true;
}

static bool claims_init(struct claims *c, size_t n_runs, struct arena *arena)
{
	c->room = n_runs * 16 + 64;
	c->slot = arena_take_n(arena, struct claim, c->room);
	if (!c->slot)
		return false;
	memset(c->slot, 0, c->room * sizeof(*c->slot));
	return family_claims(c, &(struct family){ .name = STR("target"), .type = FAMILY_INFO }, 1,
			     arena) &&
	       family_claims(c, &(struct family){ .name = STR("otel_scope"), .type = FAMILY_INFO },
			     2, arena);
}

/* ---- families -------------------------------------------------------------------------------------- */

/* The name ends with it: prometheus_metric_name sees to that. */
static struct str unit_of(const struct run *r)
{
	char text[192];
	struct out unit = { text, 0, sizeof(text), sizeof(text), 0 };

	if (!r->target->options.no_suffixes)
		prometheus_unit_name(&unit, r->point->unit, r->point->kind);
	if (unit.error || !str_ends(r->name, out_all(&unit)))
		return STR("");
	return str_from(r->name, r->name.n - unit.n);
}

static struct family family_of(const struct run *first, size_t n)
{
	struct family f = { .name = first->name,
			    .unit = unit_of(first),
			    .help = first->point->description,
			    .type = first->type,
			    .no_total = first->target->options.no_suffixes &&
					!prometheus_ends_with_total(first->point),
			    .run = first };

	for (; f.n_runs < n && first[f.n_runs].type == f.type; f.n_runs++) {
		f.n_points += first[f.n_runs].n;
		if (!f.help.n)
			f.help = first[f.n_runs].point->description;
		else if (first[f.n_runs].point->description.n &&
			 !same_text(f.help, first[f.n_runs].point->description))
			stats_add(scrape_descriptions, 1);
	}
	for (size_t i = f.n_runs; i < n; i++)
		stats_add(scrape_conflicts, first[i].n);
	return f;
}

static bool cut_families(struct families *out, const struct runs *r, struct arena *arena)
{
	struct claims claims;

	if (!claims_init(&claims, r->n, arena))
		return false;
	for (size_t i = 0, n; i < r->n; i += n) {
		struct family f;

		for (n = 1; i + n < r->n && str_eq(r->item[i].name, r->item[i + n].name);)
			n++;
		f = family_of(&r->item[i], n);
		if (family_claims(&claims, &f, out->n + 3, arena))
			out->item[out->n++] = f;
		else
			stats_add(scrape_conflicts, f.n_points);
	}
	return true;
}

int families_of(struct families *out, const struct prometheus_target *target, size_t n_targets,
		struct arena *arena)
{
	struct runs r = { 0 };
	struct out name = { 0 };
	bool ok = true;

	*out = (struct families){ 0 };
	for (size_t i = 0; ok && i < n_targets; i++)
		ok = runs_of(&r, &target[i], arena, &name);
	out_fini(&name);
	if (ok && r.n) {
		qsort(r.item, r.n, sizeof(*r.item), by_family);
		out->item = arena_take_n(arena, struct family, r.n);
		ok = out->item && cut_families(out, &r, arena);
	}
	return ok ? 0 : ERR(-ENOMEM);
}
