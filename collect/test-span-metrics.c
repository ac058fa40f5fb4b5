/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/span-metrics.h"

#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MS 1000000ull

static struct span_metrics_rules rules_of(const char *text, const char **bad)
{
	static char block[512];
	size_t n = 0;

	/* blanks part them */
	for (; text[n]; n++)
		block[n] = text[n];
	block[n++] = '\0';
	for (size_t i = 0; i < n; i++)
		if (block[i] == ' ')
			block[i] = '\0';
	return span_metrics_rules_of(&(struct settings){ { block, n } }, bad);
}

struct desk {
	struct span_metrics m;
	struct resource *resource;
	struct batch *told;
};

static void desk_open(struct desk *d, const char *settings)
{
	struct attribute a[] = { { STR("service.name"), { VALUE_STRING, .text = STR("shop") } },
				 { STR("zone"), { VALUE_STRING, .text = STR("north") } } };
	const char *bad;
	struct span_metrics_rules rules = rules_of(settings, &bad);

	assert_null(bad);
	*d = (struct desk){ .told = NULL };
	d->resource = resource_new((struct attributes){ a, 2, 0 }, STR(""), 1);
	span_metrics_init(&d->m, &rules, 5);
}

static void desk_close(struct desk *d)
{
	span_metrics_fini(&d->m);
	batch_free(d->told);
	resource_free(d->resource);
}

/* As if it had ended just now. */
static void count(struct desk *d, struct span s)
{
	struct batch *b = batch_new(d->resource);

	*batch_add_span(b) = s;
	span_metrics_count(&d->m, b);
	batch_free(b);
}

static struct batch *tell(struct desk *d)
{
	batch_free(d->told);
	d->told = batch_new(d->resource);
	span_metrics_points(&d->m, d->told, 100);
	return d->told;
}

/* The only point of this name, or the one with this attribute. */
static const struct metric_point *find(const struct batch *b, const char *name, const char *value)
{
	for (size_t i = 0; i < b->n_points; i++) {
		const struct metric_point *p = &b->point[i];

		if (!str_ends(p->name, str_of(name)))
			continue;
		for (size_t a = 0; a < p->attributes.n; a++)
			if (!value || str_eq(p->attributes.item[a].value.text, str_of(value)))
				return p;
	}
	return NULL;
}

static void spans_of_a_kind_are_one_series(void **state)
{
	struct desk d;
	const struct metric_point *p;

	(void)state;
	desk_open(&d, "ORIEL_SPAN_METRICS=true");
	for (uint64_t i = 1; i <= 3; i++)
		count(&d, (struct span){ .name = STR("a"), .kind = SPAN_SERVER, .end_ns = i * MS });
	count(&d, (struct span){ .name = STR("a"), .kind = SPAN_CLIENT, .end_ns = 9 * MS });
	tell(&d);
	assert_int_equal(d.told->n_points, 4);
	p = find(d.told, ".calls", "SPAN_KIND_SERVER");
	assert_int_equal(p->integer, 3);
	assert_int_equal(p->start_ns, 5);
	assert_int_equal(p->time_ns, 100);
	p = find(d.told, ".duration", "SPAN_KIND_SERVER");
	assert_int_equal(p->count, 3);
	assert_int_equal(p->buckets[0], 2);
	assert_int_equal(p->buckets[1], 1);
	assert_true(p->sum == 6 && p->min == 1 && p->max == 3);
	desk_close(&d);
}

static void of_a_share_each_stands_for_many(void **state)
{
	struct desk d;
	const struct metric_point *p;

	(void)state;
	desk_open(&d, "ORIEL_SPAN_METRICS=true");
	/* 1 / 0.7 each: 10 of them are 14.29, which no rounding of each would give */
	for (int i = 0; i < 10; i++)
		count(&d, (struct span){ .name = STR("a"),
					 .trace_state = STR("ot=th:4cccccccccccd"),
					 .end_ns = 1 * MS });
	count(&d, (struct span){ .name = STR("a"), .end_ns = 100000ull * MS });
	p = find(tell(&d), ".calls", "a");
	assert_int_equal(p->integer, 15);
	p = find(d.told, ".duration", "a");
	assert_int_equal(p->buckets[0], 14);
	assert_int_equal(p->buckets[p->n_bounds], 1);
	assert_int_equal(p->count, 15);
	desk_close(&d);
}

static void nobody_stands_for_more_than_fits(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, "ORIEL_SPAN_METRICS=true");
	for (int i = 0; i < 1000; i++)
		count(&d, (struct span){ .trace_state = STR("ot=th:ffffffffffffff") });
	assert_true(find(tell(&d), ".calls", NULL)->integer == 1ll << 53);
	desk_close(&d);
}

static void dimensions_are_the_spans_or_the_resources(void **state)
{
	struct attribute route = { STR("http.route"), { VALUE_STRING, .text = STR("/x") } };
	struct desk d;
	const struct metric_point *p;

	(void)state;
	desk_open(&d,
		  "ORIEL_SPAN_METRICS=true ORIEL_SPAN_METRICS_DIMENSIONS=http.route,,zone,none");
	count(&d, (struct span){ .name = STR("a"), .attributes = { &route, 1, 0 } });
	p = find(tell(&d), ".calls", "a");
	assert_int_equal(p->attributes.n, 6);
	assert_true(str_eq(attributes_text(p->attributes, STR("http.route")), STR("/x")));
	assert_true(str_eq(attributes_text(p->attributes, STR("zone")), STR("north")));
	assert_true(str_eq(attributes_text(p->attributes, STR("service.name")), STR("shop")));
	desk_close(&d);
}

static void beyond_the_limit_the_overflow_series_has_it(void **state)
{
	const struct attribute *last;
	struct desk d;
	char name[16];

	(void)state;
	desk_open(&d, "ORIEL_SPAN_METRICS=true "
		      "ORIEL_VIEWS=instrument=traces.span.*,limit=3;instrument=x,limit=9");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "span %d", i);
		count(&d, (struct span){ .name = str_of(name) });
	}
	tell(&d);
	assert_int_equal(d.told->n_points, 6);
	last = d.told->point[2].attributes.item;
	assert_true(str_eq(last->key, STR("otel.metric.overflow")) && last->value.boolean);
	assert_int_equal(d.told->point[2].integer, 8);
	desk_close(&d);
}

/* Each is there by itself, so none stands for others; and only those that were sampled go on. */
static void where_all_are_recorded_each_is_one(void **state)
{
	struct batch *b;
	struct desk d;

	(void)state;
	desk_open(&d, "ORIEL_SPAN_METRICS_ALL=true");
	b = batch_new(d.resource);
	for (uint32_t i = 0; i < 10; i++)
		*batch_add_span(b) = (struct span){ .name = STR("a"),
						    .flags = i < 3 ? SPAN_SAMPLED : 0,
						    .start_ns = i,
						    .end_ns = 100,
						    .trace_state = STR("ot=th:fd70a3d70a3d71") };
	span_metrics_count(&d.m, b);
	span_metrics_leave(b);
	assert_int_equal(b->n_spans, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(b->span[i].start_ns, i);
	assert_int_equal(find(tell(&d), ".calls", "shop")->integer, 10);
	batch_free(b);
	desk_close(&d);
}

static void many_names_find_their_series_again(void **state)
{
	struct desk d;
	char name[16];

	(void)state;
	desk_open(&d, "ORIEL_SPAN_METRICS=true");
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "span %d", i % 1000);
		count(&d, (struct span){ .name = str_of(name) });
	}
	tell(&d);
	assert_int_equal(d.told->n_points, 2000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(d.told->point[i].integer, 3);
	desk_close(&d);
}

static void long_names_are_cut_by_characters(void **state)
{
	char name[300];
	struct str told;
	struct desk d;

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name + 255, "\xc3\xa4", 2);
	desk_open(&d, "ORIEL_SPAN_METRICS=true");
	count(&d, (struct span){ .name = { name, sizeof(name) } });
	told = attributes_text(find(tell(&d), ".calls", "shop")->attributes, STR("span.name"));
	assert_int_equal(told.n, 255);
	desk_close(&d);
}

static void settings_turn_it_on_and_say_what_makes_no_sense(void **state)
{
	const char *bad;

	(void)state;
	assert_false(rules_of("", &bad).on);
	assert_null(bad);
	assert_false(rules_of("ORIEL_SPAN_METRICS=maybe", &bad).on);
	assert_int_equal(rules_of("ORIEL_SPAN_METRICS=true "
				  "ORIEL_SPAN_METRICS_DIMENSIONS=a,b,c,d,e,f,g,h,i",
				  &bad)
				 .n_dimensions,
			 8);
	assert_string_equal(bad, "ORIEL_SPAN_METRICS_DIMENSIONS");
	assert_int_equal(rules_of("ORIEL_VIEWS=instrument=*,buckets=1|2", &bad).n_bounds, 2);
	assert_true(rules_of("OTEL_METRIC_EXPORT_INTERVAL=300", &bad).every_ns == 300 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_of_a_kind_are_one_series),
		cmocka_unit_test(of_a_share_each_stands_for_many),
		cmocka_unit_test(nobody_stands_for_more_than_fits),
		cmocka_unit_test(dimensions_are_the_spans_or_the_resources),
		cmocka_unit_test(beyond_the_limit_the_overflow_series_has_it),
		cmocka_unit_test(where_all_are_recorded_each_is_one),
		cmocka_unit_test(many_names_find_their_series_again),
		cmocka_unit_test(long_names_are_cut_by_characters),
		cmocka_unit_test(settings_turn_it_on_and_say_what_makes_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
