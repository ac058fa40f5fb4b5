/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/ledger.h"

#include "model/copy.h"
#include "model/stats.h"

#include <stdlib.h>

/* ---- who ------------------------------------------------------------------------------------------- */

bool resource_is_service(const struct resource *a, const struct resource *b)
{
	static const struct str space = STR("service.namespace");

	return str_eq(a->service, b->service) &&
	       str_eq(attributes_text(a->attributes, space), attributes_text(b->attributes, space));
}

static bool has_value(const struct value *a, const struct value *b)
{
	if (!b || a->type != b->type)
		return false;
	if (a->type == VALUE_STRING)
		return str_eq(a->text, b->text);
	return (a->type == VALUE_INT && a->integer == b->integer) ||
	       (a->type == VALUE_BOOL && a->boolean == b->boolean) ||
	       (a->type == VALUE_DOUBLE && memcmp(&a->number, &b->number, 8) == 0);
}

struct resource *resource_common(struct resource *a, const struct resource *b)
{
	struct attributes all = a->attributes;
	struct attribute *item = all.n ? malloc(all.n * sizeof(*item)) : NULL;
	struct resource *r;
	size_t n = 0;

	if (!item)
		return all.n ? NULL : resource_ref(a);
	for (size_t i = 0; i < all.n; i++)
		if (has_value(&all.item[i].value, attributes_find(b->attributes, all.item[i].key)))
			item[n++] = all.item[i];
	if (n == all.n)
		r = resource_ref(a);
	else
		r = resource_new((struct attributes){ item, n, 0 }, a->run, 0);
	free(item);
	return r;
}

/* ---- accounts -------------------------------------------------------------------------------------- */

static void account_free(struct account *a)
{
	for (size_t i = 0; i < LEDGER_DEAD; i++)
		batch_free(a->gauges[i]);
	tally_fini(&a->dead);
	resource_free(a->common);
	free(a->place);
	free(a);
}

void ledger_fini(struct ledger *l)
{
	while (l->account) {
		struct account *a = l->account;

		l->account = a->next;
		account_free(a);
	}
	l->n = 0;
}

static struct account **account_at(struct ledger *l, const char *place, const struct resource *r)
{
	struct account **at = &l->account;

	while (*at && !(strcmp((*at)->place, place) == 0 && resource_is_service((*at)->common, r)))
		at = &(*at)->next;
	return at;
}

struct account *ledger_find(const struct ledger *l, const char *place, const struct resource *r)
{
	return *account_at((struct ledger *)l, place, r);
}

static void ledger_forget_last(struct ledger *l)
{
	struct account **at = &l->account;

	while (*at && (*at)->next)
		at = &(*at)->next;
	if (!*at)
		return;
	stats_add(totals_forgotten, (*at)->dead.n);
	account_free(*at);
	*at = NULL;
	l->n--;
}

static struct account *account_new(struct str place, struct resource *r)
{
	struct account *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->place = strndup(place.n ? place.p : "", place.n);
	if (!a->place) {
		free(a);
		return NULL;
	}
	a->common = resource_ref(r);
	a->dead.keeps = true;
	a->dead.most = LEDGER_SERIES;
	return a;
}

static struct account *account_add(struct ledger *l, const char *place, struct resource *r)
{
	struct account *a = account_new(str_of(place), r);

	if (!a)
		return NULL;
	if (l->n >= LEDGER_ACCOUNTS)
		ledger_forget_last(l);
	l->n++;
	return a;
}

struct account *ledger_append(struct ledger *l, struct str place, struct resource *r)
{
	struct account **at = &l->account;

	if (l->n >= LEDGER_ACCOUNTS)
		return NULL;
	while (*at)
		at = &(*at)->next;
	*at = account_new(place, r);
	l->n += *at != NULL;
	return *at;
}

/* It is the first from here. */
static struct account *account_of(struct ledger *l, const char *place, struct resource *r)
{
	struct account **at = account_at(l, place, r), *a = *at;

	if (a)
		*at = a->next;
	else
		a = account_add(l, place, r);
	if (a) {
		a->next = l->account;
		l->account = a;
	}
	return a;
}

/* ---- folding --------------------------------------------------------------------------------------- */

static bool copy_gauge(struct batch *to, const struct metric_point *p)
{
	struct scope *scope = arena_take_n(&to->arena, struct scope, 1);
	struct metric_point *own = scope ? batch_add_point(to) : NULL;

	if (!own)
		return false;
	*own = *p;
	own->n_exemplars = 0;
	if (p->scope) {
		*scope = copy_scope(&to->arena, p->scope);
		own->scope = scope;
	}
	own->name = arena_copy(&to->arena, p->name);
	own->unit = arena_copy(&to->arena, p->unit);
	own->description = arena_copy(&to->arena, p->description);
	own->attributes = copy_attributes(&to->arena, p->attributes);
	return true;
}

void account_keep_gauges(struct account *a, const struct batch *b)
{
	struct batch *own = NULL;

	for (size_t i = 0; i < b->n_points; i++) {
		const struct metric_point *p = &b->point[i];

		if ((p->kind != METRIC_GAUGE && p->kind != METRIC_UP_DOWN) || p->mode != GAUGE_ALL)
			continue;
		if (!own)
			own = batch_new(b->resource);
		if (!own || !copy_gauge(own, p))
			stats_add(memory_dropped, 1);
	}
	if (!own)
		return;
	batch_free(a->gauges[a->next_gauges]);
	a->gauges[a->next_gauges] = own;
	a->next_gauges = (a->next_gauges + 1) % LEDGER_DEAD;
}

void ledger_fold(struct ledger *l, const char *place, const struct batch *b)
{
	struct account *a = account_of(l, place, b->resource);
	struct resource *common;

	if (!a) {
		stats_add(totals_forgotten, b->n_points);
		return;
	}
	common = resource_common(a->common, b->resource);
	if (common) {
		resource_free(a->common);
		a->common = common;
	}
	tally_add(&a->dead, b, TALLY_DEAD);
	account_keep_gauges(a, b);
}

void account_tally(const struct account *a, struct tally *t)
{
	tally_add_tally(t, &a->dead);
	for (size_t i = 0; i < LEDGER_DEAD; i++) {
		const struct batch *b = a->gauges[(a->next_gauges + i) % LEDGER_DEAD];

		if (b)
			tally_add(t, b, TALLY_LIVE);
	}
}
