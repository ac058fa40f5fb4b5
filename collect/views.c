/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/views.h"

#include "base/view.h"
#include "model/point.h"
#include "model/stats.h"

static struct str kind_of(const struct metric_point *p)
{
	return p->kind == METRIC_SUM	   ? STR("counter")
	       : p->kind == METRIC_UP_DOWN ? STR("up_down")
	       : p->kind == METRIC_GAUGE   ? STR("gauge")
					   : STR("histogram");
}

/* The next one of `rest` that is this point's. What makes no sense was told by `oriel run`, and counted. */
static bool view_next_of(const struct metric_point *p, struct str *rest, struct view *out)
{
	static const struct scope none;
	const struct scope *meter = p->scope ? p->scope : &none;
	struct view_subject s = { .instrument = p->name,
				  .kind = kind_of(p),
				  .unit = p->unit,
				  .meter_name = meter->name,
				  .meter_version = meter->version };
	struct view_error error;
	enum view_outcome r;

	while ((r = view_next(rest, out, &error)) != VIEW_END)
		if (r == VIEW_FOUND && view_selects(out, &s))
			return true;
	return false;
}

static void keep_attributes(struct batch *b, struct metric_point *p, const struct view *v)
{
	struct attribute *item = arena_take_n(&b->arena, struct attribute, p->attributes.n);
	size_t n = 0;

	if (!item) {
		stats_add(memory_dropped, 1);
		return;
	}
	for (size_t i = 0; i < p->attributes.n; i++)
		if (view_keeps(v, p->attributes.item[i].key))
			item[n++] = p->attributes.item[i];
	p->attributes = (struct attributes){ item, n, 0 };
}

static void apply(struct batch *b, struct metric_point *p, const struct view *v)
{
	if (view_says(v, VIEW_name) && v->member[VIEW_name].n)
		p->name = arena_copy(&b->arena, v->member[VIEW_name]);
	if (view_says(v, VIEW_description))
		p->description = arena_copy(&b->arena, v->member[VIEW_description]);
	keep_attributes(b, p, v);
}

/* Is it one with a point that is there already? */
static bool join(struct batch *b, size_t first, size_t n, const struct metric_point *p)
{
	for (size_t i = first; i < n; i++) {
		struct metric_point *to = &b->point[i];

		if (to->kind != p->kind || !scope_same(to->scope, p->scope) ||
		    !str_eq(to->name, p->name) || !attributes_same(to->attributes, p->attributes) ||
		    !point_can_add(to, p))
			continue;
		return point_add(to, &(struct point_room){ .owns = false }, p, &b->arena);
	}
	return false;
}

static struct str name_by(const struct view *v, const struct metric_point *p)
{
	return view_says(v, VIEW_name) && v->member[VIEW_name].n ? v->member[VIEW_name] : p->name;
}

enum { VIEWS_AT_ONCE = 8 };

static void put(struct batch *b, const struct metric_point *p)
{
	struct metric_point *to = batch_add_point(b);

	if (to)
		*to = *p;
	else
		stats_add(memory_dropped, 1);
}

/* One point for each view that is its own, of those with one name the first; without a view it stays. */
static void view_point(struct batch *b, size_t first, const struct metric_point *p, struct str rest)
{
	struct str name[VIEWS_AT_ONCE];
	bool selected = false;
	size_t n = 0, i;
	struct view v;

	while (n < VIEWS_AT_ONCE && view_next_of(p, &rest, &v)) {
		struct metric_point q = *p;

		selected = true;
		for (i = 0; i < n && !str_eq_nocase(name[i], name_by(&v, p));)
			i++;
		if (i < n || v.aggregation == VIEW_AGGREGATE_DROP)
			continue;
		name[n++] = name_by(&v, p);
		apply(b, &q, &v);
		if (!join(b, first, b->n_points, &q))
			put(b, &q);
	}
	if (!selected)
		put(b, p);
}

void views_apply(struct batch *b, size_t first, const struct settings *settings)
{
	struct str text = settings_get(settings, STR("ORIEL_VIEWS"));
	size_t end = b->n_points;

	if (!text.n)
		return;
	for (size_t i = first; i < end; i++) {
		struct metric_point p = b->point[i];

		view_point(b, end, &p, text);
	}
	memmove(b->point + first, b->point + end, (b->n_points - end) * sizeof(b->point[0]));
	b->n_points -= end - first;
}
