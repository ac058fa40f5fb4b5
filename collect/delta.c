/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/delta.h"

#include "model/point.h"
#include "model/stats.h"

#include <stdlib.h>

struct delta_process {
	struct delta_process *next;
	struct batch *last;
	uint32_t *slot; /* which of its points, + 1; a power of two */
	size_t n_slots;
};

enum delta_preference delta_preference(const struct settings *s, const char *variable)
{
	struct str said = str_trim(settings_get(s, str_of(variable)));

	if (str_eq_nocase(said, STR("delta")))
		return DELTA_ALL;
	if (str_eq_nocase(said, STR("lowmemory")))
		return DELTA_LOWMEMORY;
	if (said.n && !str_eq_nocase(said, STR("cumulative")))
		stats_add(settings_bad, 1);
	return DELTA_NONE;
}

/* ---- what was told --------------------------------------------------------------------------------- */

static void process_free(struct delta_process *p)
{
	batch_free(p->last);
	free(p->slot);
	free(p);
}

void delta_fini(struct delta *d)
{
	while (d->process) {
		struct delta_process *p = d->process;

		d->process = p->next;
		process_free(p);
	}
	d->n = 0;
}

static bool is_ours(const struct delta *d, const struct batch *b)
{
	return d->preference && b->n_points;
}

static bool is_of(const struct delta_process *p, const struct batch *b)
{
	const struct resource *was = p->last->resource, *is = b->resource;

	return was == is || (was->pid == is->pid && str_eq(was->instance, is->instance) &&
			     (is->pid > 0 || attributes_same(was->attributes, is->attributes)));
}

static struct delta_process **process_at(struct delta *d, const struct batch *b)
{
	struct delta_process **at = &d->process;

	while (*at && !is_of(*at, b))
		at = &(*at)->next;
	return at;
}

static bool process_index(struct delta_process *p)
{
	const struct batch *b = p->last;
	size_t n = 16;

	while (n < b->n_points * 2)
		n *= 2;
	p->slot = calloc(n, sizeof(*p->slot));
	p->n_slots = p->slot ? n : 0;
	for (size_t i = 0; p->slot && i < b->n_points && i < UINT32_MAX - 1; i++) {
		size_t at = point_series_hash(&b->point[i]) & (n - 1);

		while (p->slot[at])
			at = (at + 1) & (n - 1);
		p->slot[at] = (uint32_t)i + 1;
	}
	return p->slot;
}

static const struct metric_point *told_of(const struct delta_process *p,
					  const struct metric_point *now)
{
	for (size_t at = point_series_hash(now) & (p->n_slots - 1); p->slot[at];
	     at = (at + 1) & (p->n_slots - 1)) {
		const struct metric_point *told = &p->last->point[p->slot[at] - 1];

		if (point_same_series(told, now))
			return told;
	}
	return NULL;
}

static void forget(struct delta *d, struct delta_process **at)
{
	struct delta_process *p = *at;

	*at = p->next;
	process_free(p);
	d->n--;
}

static void forget_last(struct delta *d)
{
	struct delta_process **at = &d->process;

	while ((*at)->next)
		at = &(*at)->next;
	forget(d, at);
}

void delta_told(struct delta *d, struct batch *b)
{
	struct delta_process **at, *p;

	if (!is_ours(d, b))
		return;
	at = process_at(d, b);
	if (*at)
		forget(d, at);
	if (b->last)
		return;
	p = calloc(1, sizeof(*p));
	if (!p) {
		stats_add(memory_dropped, b->n_points);
		return;
	}
	if (d->n >= DELTA_PROCESSES)
		forget_last(d);
	p->last = batch_ref(b);
	p->next = d->process;
	d->process = p;
	d->n++;
}

/* ---- what is new ----------------------------------------------------------------------------------- */

static bool is_delta(const struct delta *d, const struct metric_point *p)
{
	if (p->delta)
		return false;
	if (p->kind == METRIC_SUM)
		return d->preference == DELTA_ALL || !p->observed;
	return p->kind == METRIC_HISTOGRAM || p->kind == METRIC_EXPONENTIAL;
}

static bool is_nothing(const struct metric_point *p)
{
	return p->kind == METRIC_SUM ? point_number(p) == 0 : p->count == 0;
}

/* Those that are examples of what is new. */
static void drop_old_exemplars(struct metric_point *p, const struct point_room *room,
			       uint64_t since_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_exemplars; i++)
		if (room->exemplar[i].time_ns > since_ns)
			room->exemplar[n++] = room->exemplar[i];
	p->n_exemplars = n;
}

/* False: no memory. */
static bool part_add(struct batch *part, const struct metric_point *now,
		     const struct metric_point *told)
{
	struct point_room room = { .owns = false };
	struct metric_point p = *now, *to;

	if (told) {
		if (!point_own(&p, &room, &part->arena))
			return false;
		drop_old_exemplars(&p, &room, told->time_ns);
		if (point_subtract(&p, &room, told))
			p.start_ns = told->time_ns;
		else
			p = *now;
	}
	p.delta = true;
	if (is_nothing(&p))
		return true;
	to = batch_add_point(part);
	if (to)
		*to = p;
	return to;
}

static void part_fill(struct delta *d, struct batch *part, const struct delta_process *told)
{
	const struct batch *b = part->of;

	for (size_t i = 0; i < b->n_points; i++) {
		const struct metric_point *now = &b->point[i];
		struct metric_point *same;

		if (is_delta(d, now)) {
			if (!part_add(part, now, told ? told_of(told, now) : NULL))
				stats_add(memory_dropped, 1);
			continue;
		}
		same = batch_add_point(part);
		if (same)
			*same = *now;
		else
			stats_add(memory_dropped, 1);
	}
}

struct batch *delta_of(struct delta *d, struct batch *b)
{
	struct delta_process *told;
	struct batch *part;

	if (!is_ours(d, b))
		return batch_ref(b);
	told = *process_at(d, b);
	if (!told && b->again) {
		delta_told(d, b);
		return NULL;
	}
	part = batch_new(b->resource);
	if (!part || (told && !told->slot && !process_index(told))) {
		stats_add(memory_dropped, b->n_points);
		return batch_free(part);
	}
	part->of = batch_ref(b);
	part_fill(d, part, told);
	return part->n_points ? part : batch_free(part);
}
