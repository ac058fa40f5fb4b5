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

static void several(void)
{
	struct oriel_counter *c;
	struct oriel_histogram *h;
	struct oriel_series *s, *other;

	setenv("ORIEL_VIEWS",
	       "instrument=orders,name=orders.by_a,attributes=a;instrument=orders,aggregation=drop;"
	       "instrument=orders;instrument=ORDERS,limit=7;instrument=wait,name=wait.fine,buckets=1|2;"
	       "instrument=wait,name=wait.sum,aggregation=sum",
	       1);
	begin();
	c = oriel_counter("orders", "1", NULL);
	must(c && c == oriel_counter("orders", "1", NULL));
	oriel_add(c, 1, oriel_str("a", "x"), oriel_str("b", "y"));
	oriel_add(c, 1, oriel_str("a", "x"), oriel_str("b", "z"));
	must(instrument_of("orders") && instrument_of("orders.by_a"));
	must(sum_of().series == 3 && sum_of().integer == 4);
	s = oriel_bind(c, oriel_str("a", "x"), oriel_str("b", "y"));
	other = oriel_bind(c, oriel_str("a", "x"), oriel_str("b", "z"));
	must(s && other && s != other);
	must(s == oriel_bind(c, oriel_str("b", "y"), oriel_str("a", "x")));
	for (int i = 0; i < 10; i++) {
		oriel_series_add(s, 2);
		oriel_series_add(other, 1);
	}
	must(sum_of().series == 3 && sum_of().integer == 4 + 2 * 30);
	h = oriel_histogram("wait", "s", NULL, NULL, 0);
	oriel_record(h, 1.5);
	oriel_series_record(oriel_bind(h), 1.5);
	must(instrument_of("wait.fine")->n_bounds == 2 && !instrument_of("wait"));
	must(instrument_of("wait.sum")->kind == INSTRUMENT_COUNTER && sum_of().count == 2);
}

static void each_view_of_an_instrument_has_a_metric_of_its_own(void **state)
{
	(void)state;
	holds(several);
}

static struct oriel_counter *orders_of_two_views(void)
{
	setenv("ORIEL_VIEWS", "instrument=orders,name=orders.one;instrument=orders,name=orders.two",
	       1);
	begin();
	return oriel_counter("orders", "1", NULL);
}

static void bind_others(int n)
{
	struct oriel_counter *other = oriel_counter("other", "1", NULL);

	for (int i = 0; i < n; i++)
		must(oriel_bind(other, oriel_int("i", i)));
}

static uint64_t overflowed(void)
{
	return process.segment->loss[LOSS_series_overflow];
}

enum { BOUND_MOST = 1024 };

static void none_left(void)
{
	struct oriel_counter *c = orders_of_two_views();
	struct oriel_series *s;

	bind_others(BOUND_MOST);
	must(overflowed() == 0);
	s = oriel_bind(c, oriel_str("a", "x"));
	must(s && overflowed() == 1);
	oriel_series_add(s, 3);
	must(sum_of().series == 2 && sum_of().integer == 2 * 3);
}

static void without_room_each_view_s_overflow_series_has_it(void **state)
{
	(void)state;
	holds(none_left);
}

static void two_left(void)
{
	struct oriel_counter *c = orders_of_two_views();
	struct oriel_series *s;

	bind_others(BOUND_MOST - 2);
	s = oriel_bind(c, oriel_str("a", "x"));
	must(s && overflowed() == 1);
	must(s == oriel_bind(c, oriel_str("a", "x")) && overflowed() == 2);
	oriel_series_add(s, 3);
	must(sum_of().series == 2 && sum_of().integer == 2 * 3);
}

static void a_view_that_alone_has_no_room_is_counted(void **state)
{
	(void)state;
	holds(two_left);
}

static void met(void)
{
	struct oriel_counter *c = orders_of_two_views();
	struct oriel_series *s, *later;

	must(register_begin());
	s = oriel_bind(c, oriel_str("a", "x"));
	register_end();
	must(s && overflowed() == 1);
	oriel_series_add(s, 3);
	must(sum_of().series == 2 && sum_of().integer == 2 * 3);
	later = oriel_bind(c, oriel_str("a", "x"));
	must(later && later != s && overflowed() == 1);
	oriel_series_add(later, 1);
	must(sum_of().series == 4 && sum_of().integer == 2 * 4);
}

static void who_meets_another_binding_gets_the_overflow_series_just_then(void **state)
{
	(void)state;
	holds(met);
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

static void limited_all(void)
{
	struct oriel_counter *c;

	setenv("ORIEL_CARDINALITY_LIMIT", "5", 1);
	setenv("ORIEL_VIEWS", "instrument=many,limit=10;instrument=usual,description=said", 1);
	begin();
	c = oriel_counter("usual", "1", NULL);
	for (int i = 0; i < 100; i++)
		oriel_add(c, 1, oriel_int("user", i));
	must(sum_of().series == 5 && sum_of().integer == 100);
	c = oriel_counter("many", "1", NULL);
	for (int i = 0; i < 100; i++)
		oriel_add(c, 1, oriel_int("user", i));
	must(sum_of().series == 5 + 10);
}

static void where_no_view_says_how_many_a_setting_does(void **state)
{
	(void)state;
	holds(limited_all);
}

/* A view without a name of its own, behind the others, is what holds for its kind. */
static void by_kind(void)
{
	setenv("ORIEL_VIEWS",
	       "instrument=own,buckets=1|2;kind=histogram,aggregation=exponential;"
	       "kind=counter,aggregation=last_value;kind=gauge,aggregation=drop",
	       1);
	begin();
	oriel_record(oriel_histogram("own", "s", NULL, NULL, 0), 1.5);
	oriel_record(oriel_histogram("other", "s", NULL, NULL, 0), 1.5);
	oriel_add(oriel_counter("counts", "1", NULL), 1);
	oriel_change(oriel_up_down("changes", "1", NULL), 1);
	must(!oriel_gauge("gone", "1", NULL));
	must(instrument_of("own")->kind == INSTRUMENT_HISTOGRAM);
	must(instrument_of("other")->kind == INSTRUMENT_EXPONENTIAL);
	must(instrument_of("counts")->kind == INSTRUMENT_GAUGE);
	must(instrument_of("changes")->kind == INSTRUMENT_UP_DOWN);
}

static void each_kind_may_have_a_default_aggregation(void **state)
{
	(void)state;
	holds(by_kind);
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
		cmocka_unit_test(each_view_of_an_instrument_has_a_metric_of_its_own),
		cmocka_unit_test(without_room_each_view_s_overflow_series_has_it),
		cmocka_unit_test(a_view_that_alone_has_no_room_is_counted),
		cmocka_unit_test(who_meets_another_binding_gets_the_overflow_series_just_then),
		cmocka_unit_test(attributes_that_a_view_takes_go_with_the_example),
		cmocka_unit_test(a_setting_says_what_histograms_are_by_default),
		cmocka_unit_test(where_no_view_says_how_many_a_setting_does),
		cmocka_unit_test(each_kind_may_have_a_default_aggregation),
		cmocka_unit_test(beyond_the_limit_the_overflow_series_has_it),
	};

	return cmocka_run_group_tests_name("views", tests, set_up, tear_down);
}
