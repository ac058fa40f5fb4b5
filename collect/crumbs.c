/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/crumbs.h"

#include "base/hex.h"

#include <stdlib.h>

static size_t oldest_of(const struct crumbs *c)
{
	size_t oldest = 0;

	for (size_t i = 1; i < c->n; i++)
		if (c->crumb[i].time_ns < c->crumb[oldest].time_ns)
			oldest = i;
	return oldest;
}

/* Where the next one goes; NULL: all that are kept are newer. */
static struct crumb *crumb_place(struct crumbs *c, uint64_t time_ns)
{
	if (!c->crumb)
		c->crumb = calloc(CRUMBS, sizeof(*c->crumb));
	if (!c->crumb)
		return NULL;
	if (c->n < CRUMBS)
		return &c->crumb[c->n++];
	return c->crumb[c->oldest].time_ns <= time_ns ? &c->crumb[c->oldest] : NULL;
}

void crumbs_drop(struct crumbs *c, const struct log_record *l)
{
	struct crumb *to = crumb_place(c, l->time_ns);

	if (!to)
		return;
	to->time_ns = l->time_ns;
	to->severity = l->severity;
	to->thread_id = l->thread_id;
	to->trace_id = l->trace_id;
	to->n = 0;
	if (l->body.type == VALUE_STRING) {
		to->n = (uint16_t)(l->body.text.n < CRUMB_TEXT ? l->body.text.n : CRUMB_TEXT);
		memcpy(to->text, l->body.text.p, to->n);
	}
	if (c->n == CRUMBS)
		c->oldest = oldest_of(c);
}

static struct value integer(int64_t n)
{
	return (struct value){ .type = VALUE_INT, .integer = n };
}

static struct value crumb_value(const struct crumb *c, struct arena *arena)
{
	struct attribute *a = arena_take_n(arena, struct attribute, 5);
	char id[32];
	size_t n = 0;

	if (!a)
		return (struct value){ 0 };
	a[n++] = (struct attribute){ STR("time_ns"), integer((int64_t)c->time_ns) };
	a[n++] = (struct attribute){ STR("severity"), integer(c->severity) };
	a[n++] = (struct attribute){ STR("message"),
				     { .type = VALUE_STRING,
				       .text = arena_copy(arena, (struct str){ c->text, c->n }) } };
	a[n++] = (struct attribute){ STR("thread.id"), integer(c->thread_id) };
	if (trace_id_is_set(c->trace_id)) {
		hex_write(id, c->trace_id.b, sizeof(c->trace_id.b));
		a[n++] = (struct attribute){
			STR("trace_id"),
			{ .type = VALUE_STRING,
			  .text = arena_copy(arena, (struct str){ id, sizeof(id) }) }
		};
	}
	return (struct value){ .type = VALUE_MAP, .map = { a, n } };
}

static int by_time(const void *a, const void *b)
{
	const struct crumb *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

struct value crumbs_value(const struct crumbs *c, struct arena *arena)
{
	struct value *v = c->n ? arena_take_n(arena, struct value, c->n) : NULL;
	struct crumb sorted[CRUMBS];

	if (!v)
		return (struct value){ .type = VALUE_ARRAY };
	memcpy(sorted, c->crumb, c->n * sizeof(*sorted));
	qsort(sorted, c->n, sizeof(*sorted), by_time);
	for (size_t i = 0; i < c->n; i++)
		v[i] = crumb_value(&sorted[i], arena);
	return (struct value){ .type = VALUE_ARRAY, .array = { v, c->n } };
}

uint64_t crumbs_newest_ns(const struct crumbs *c)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < c->n; i++)
		newest = c->crumb[i].time_ns > newest ? c->crumb[i].time_ns : newest;
	return newest;
}

void crumbs_fini(struct crumbs *c)
{
	free(c->crumb);
	*c = (struct crumbs){ 0 };
}
