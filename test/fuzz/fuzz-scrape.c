/* SPDX-License-Identifier: Apache-2.0 */
/* A scraper's request (target, a line end, its Accept), and metric points made of the same bytes. */
#include "export/prometheus.h"
#include "view/accept.h"
#include "view/query.h"
#include "view/scrape.h"

#include <stdlib.h>

static struct str take(struct str *from)
{
	struct cut cut = str_cut(*from, '\n');

	*from = cut.tail;
	return cut.head;
}

static void add_point(struct batch *b, struct str text, struct str name, struct str unit)
{
	static const struct scope scope = { .name = STR("s"), .version = STR("1") };
	static const double bounds[] = { 1, 2 };
	static const uint64_t buckets[] = { 1, 2, 3 };
	static const struct quantile quantile = { 0.5, 1 };
	struct metric_point *p = batch_add_point(b);
	struct attribute *a = arena_take_n(&b->arena, struct attribute, 8);
	struct exemplar *e = arena_take_n(&b->arena, struct exemplar, 1);

	if (!p || !a || !e)
		abort();
	*p = (struct metric_point){ .kind = (enum metric_kind)(text.n % 6),
				    .name = name,
				    .unit = unit,
				    .description = text,
				    .scope = &scope,
				    .attributes = { a, 0, 0 },
				    .integer = (int64_t)text.n,
				    .bounds = bounds,
				    .buckets = buckets,
				    .n_bounds = 2,
				    .scale = (int32_t)text.n - 20,
				    .positive = { (int32_t)name.n, buckets, 3 },
				    .negative = { (int32_t)unit.n, buckets, 3 },
				    .quantile = &quantile,
				    .n_quantiles = 1,
				    .exemplar = e,
				    .n_exemplars = 1 };
	while (text.n && p->attributes.n < 8) {
		struct cut item = str_cut(text, ','), pair = str_cut(item.head, '=');

		a[p->attributes.n++] =
			(struct attribute){ pair.head, { VALUE_STRING, .text = pair.tail } };
		text = item.tail;
	}
	*e = (struct exemplar){ .integer = (int64_t)unit.n, .attributes = p->attributes };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n }, target = take(&text), accept = take(&text);
	struct prometheus_request request = { .format = PROMETHEUS_TEXT };
	struct prometheus_target t = { .batch = NULL };
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = r ? batch_new(r) : NULL;
	struct scrape_request asked = { .n_names = 0 };
	struct out o = { 0 };
	struct query q;

	if (!b)
		abort();
	if (query_read(&q, target) == QUERY_OK)
		scrape_request_read(&asked, &q, accept);
	accept_gzip(accept);
	for (int i = 0; i < 16 && text.n; i++) {
		struct str name = take(&text), unit = take(&text);

		add_point(b, take(&text), name, unit);
	}
	request.format = asked.openmetrics ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT;
	request.name = asked.name;
	request.n_names = asked.n_names;
	t.batch = b;
	t.named = n % 2;
	t.unique = n % 4 < 2;
	if (prometheus_write(&o, &request, &t, 1) < 0)
		abort();
	/* A line each, and nothing in between. */
	if (o.n && o.p[o.n - 1] != '\n')
		abort();
	out_fini(&o);
	batch_free(b);
	resource_free(r);
	return 0;
}
