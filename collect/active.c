/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/active.h"

#include "model/stats.h"

#include <stdio.h>

static const struct scope scope = { .name = { "oriel.process", 13 },
				    .version = { ORIEL_VERSION, sizeof(ORIEL_VERSION) - 1 } };

/* Beyond the most the last one has all others. */
static struct active_series *series_of(struct active *a, struct str method, bool https,
				       uint64_t now)
{
	struct active_series *s;

	for (s = a->series; s < a->series + a->n; s++)
		if (str_eq(str_of(s->method), method) && s->https == https)
			return s;
	if (a->n == ACTIVE_METHODS)
		return &a->series[ACTIVE_METHODS - 1];
	s = &a->series[a->n++];
	snprintf(s->method, sizeof(s->method), STR_FMT, STR_ARG(method));
	s->https = https;
	s->start_ns = now;
	return s;
}

static void count(struct active *a, const struct span *s, uint64_t now)
{
	struct str method = attributes_text(s->attributes, STR("http.request.method"));
	struct str scheme = attributes_text(s->attributes, STR("url.scheme"));

	if (s->kind == SPAN_SERVER && method.n && method.n < ACTIVE_METHOD)
		series_of(a, method, str_eq(scheme, STR("https")), now)->n++;
}

static void tell(const struct active_series *s, struct batch *b, uint64_t now)
{
	struct attribute *item = arena_take_n(&b->arena, struct attribute, 2);
	struct metric_point *p = item ? batch_add_point(b) : NULL;

	if (!p) {
		stats_add(memory_dropped, 1);
		return;
	}
	item[0] = (struct attribute){ STR("http.request.method"),
				      { VALUE_STRING, .text = str_of(s->method) } };
	item[1] = (struct attribute){
		STR("url.scheme"), { VALUE_STRING, .text = s->https ? STR("https") : STR("http") }
	};
	p->kind = METRIC_UP_DOWN;
	p->name = STR("http.server.active_requests");
	p->unit = STR("{request}");
	p->description = STR(
		"Measures the number of concurrent HTTP requests that are currently in-flight.");
	p->scope = &scope;
	p->attributes = (struct attributes){ item, 2, 0 };
	p->start_ns = s->start_ns < now ? s->start_ns : now;
	p->time_ns = now;
	p->integer = s->n;
}

void active_points(struct active *a, struct assembler *open, struct batch *b, uint64_t now_real_ns)
{
	for (size_t i = 0; i < a->n; i++)
		a->series[i].n = 0;
	for (size_t i = 0; i < open->open.room; i++) {
		const struct open_span *o = open->open.slot[i].span;
		struct arena arena = { .head = NULL };
		struct span s;

		if (o && o->start && !o->has_end &&
		    assemble_glimpse(open, o, &arena, now_real_ns, &s))
			count(a, &s, now_real_ns);
		arena_fini(&arena);
	}
	for (size_t i = 0; i < a->n; i++)
		tell(&a->series[i], b, now_real_ns);
}
