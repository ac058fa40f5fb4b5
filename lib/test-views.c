/* SPDX-License-Identifier: Apache-2.0 */
/* What ORIEL_VIEWS makes of instruments, as it lies in the segment. */
#include "lib/test-cells.h"

/* What the segment has: kind, name, description, bounds; NULL: no such instrument. */
static const struct instrument *instrument_of(const char *name)
{
	const unsigned char *area = series_area();
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)area)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct instrument *i = (const void *)(area + at);

		at += i->entry.size;
		if (i->entry.kind == SERIES_INSTRUMENT && i->name_n == strlen(name) &&
		    memcmp((const double *)(i + 1) + i->n_bounds, name, i->name_n) == 0)
			return i;
	}
	return NULL;
}

static void viewed(void)
{
	struct oriel_counter *c;
	struct oriel_series *s;

	setenv("ORIEL_VIEWS",
	       "instrument=old,name=new,description=said;instrument=gone,aggregation=drop;"
	       "instrument=wait,buckets=1|2;instrument=*.size,unit=By,aggregation=histogram;"
	       "instrument=odd,aggregation=sum;instrument=last,aggregation=last_value",
	       1);
	begin();
	must(!oriel_counter("gone", NULL, NULL));
	c = oriel_counter("old", "1", "what it was");
	must(c && c == oriel_counter("old", "1", NULL) && c != oriel_counter("new", "1", NULL));
	oriel_add(c, 4);
	must(instrument_of("new") && instrument_of("new")->description_n == 4 &&
	     !instrument_of("old"));
	oriel_record(oriel_histogram("wait", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("wait")->n_bounds == 2 && sum_of().bucket[1] == 1);
	c = oriel_counter("x.size", "By", NULL);
	oriel_add(c, 30, oriel_str("a", "b"));
	oriel_add(c, -1, oriel_str("a", "b"));
	s = oriel_bind(c, oriel_str("a", "b"));
	oriel_series_add(s, 30);
	must(instrument_of("x.size")->kind == INSTRUMENT_HISTOGRAM);
	must(instrument_of("x.size")->n_bounds == 15 && sum_of().count == 3);
	oriel_record(oriel_histogram("odd", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("odd")->kind == INSTRUMENT_COUNTER && sum_of().count == 3);
	c = oriel_counter("last", "1", NULL);
	oriel_add(c, 30);
	oriel_add(c, 2);
	must(instrument_of("last")->kind == INSTRUMENT_GAUGE && sum_of().integer == 4 + 2);
}

static void a_view_makes_another_instrument_of_it(void **state)
{
	(void)state;
	holds(viewed);
}

static void keeping(void)
{
	struct oriel_counter *c;
	struct oriel_span span;

	setenv("ORIEL_VIEWS", "instrument=orders,attributes=product", 1);
	begin();
	c = oriel_counter("orders", "1", NULL);
	span = oriel_span_start("first");
	for (int i = 0; i < 3000; i++)
		oriel_add(c, 1, oriel_int("user", i), oriel_str("product", "book"));
	oriel_add(c, 1, oriel_str("product", "book"));
	oriel_add(c, 1, oriel_str("product", "pen"));
	oriel_series_add(oriel_bind(c, oriel_str("product", "pen"), oriel_int("user", 7)), 1);
	must(sum_of().series == 2 && sum_of().integer == 3003);
	oriel_add(c, 1, oriel_int("user", 4711), oriel_str("product", "book"));
	oriel_span_end(&span);
	must(example(0)[EXEMPLAR_ATTRIBUTES] == 4 + 4 + 8);
	must(memcmp((const char *)&example(0)[EXEMPLAR_ATTRIBUTES + 1] + 4, "user", 4) == 0);
	must(process.segment->loss[LOSS_series_overflow] == 0);
}

static void attributes_that_a_view_takes_go_with_the_example(void **state)
{
	(void)state;
	holds(keeping);
}

static void limited(void)
{
	struct oriel_counter *c;

	setenv("ORIEL_VIEWS", "instrument=orders,limit=10", 1);
	begin();
	c = oriel_counter("orders", "1", NULL);
	for (int i = 0; i < 100; i++)
		oriel_add(c, 1, oriel_int("user", i % 50));
	must(sum_of().series == 10 && sum_of().integer == 100);
	must(process.segment->loss[LOSS_series_overflow] == 100 - 2 * 9);
	c = oriel_counter("others", "1", NULL);
	for (int i = 0; i < 2500; i++)
		oriel_add(c, 1, oriel_int("user", i));
	must(sum_of().series == 10 + 2000 && sum_of().integer == 2600);
}

static void beyond_the_limit_the_overflow_series_has_it(void **state)
{
	(void)state;
	holds(limited);
}

static void finer(void)
{
	setenv("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
	       "Base2_exponential_bucket_histogram", 1);
	setenv("ORIEL_VIEWS",
	       "instrument=kept,aggregation=histogram;instrument=cut,buckets=1|2;"
	       "instrument=named,name=other",
	       1);
	begin();
	oriel_record(oriel_histogram("wait", "s", NULL, (const double[]){ 1, 2 }, 2), 1.5);
	must(instrument_of("wait")->kind == INSTRUMENT_EXPONENTIAL);
	must(instrument_of("wait")->n_bounds == 0);
	oriel_record(oriel_histogram("kept", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("kept")->kind == INSTRUMENT_HISTOGRAM);
	oriel_record(oriel_histogram("cut", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("cut")->kind == INSTRUMENT_HISTOGRAM);
	must(instrument_of("cut")->n_bounds == 2);
	oriel_record(oriel_histogram("named", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("other")->kind == INSTRUMENT_EXPONENTIAL);
	oriel_add(oriel_counter("orders", "1", NULL), 1);
	must(instrument_of("orders")->kind == INSTRUMENT_COUNTER);
}

static void a_setting_says_what_histograms_are_by_default(void **state)
{
	(void)state;
	holds(finer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_view_makes_another_instrument_of_it),
		cmocka_unit_test(attributes_that_a_view_takes_go_with_the_example),
		cmocka_unit_test(a_setting_says_what_histograms_are_by_default),
		cmocka_unit_test(beyond_the_limit_the_overflow_series_has_it),
	};

	return cmocka_run_group_tests_name("views", tests, set_up, tear_down);
}
