/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct view view;
static struct view_error error;

static enum view_outcome read(const char *text)
{
	struct str rest = str_of(text);

	return view_next(&rest, &view, &error);
}

static bool says(enum view_member m, const char *text)
{
	return view_says(&view, m) && str_eq(view.member[m], str_of(text));
}

static void a_view_has_members(void **state)
{
	(void)state;
	assert_int_equal(read(" instrument = http.* , kind=histogram,unit=s, description=how long,"
			      "without=a| b ,limit=17, aggregation=exponential"),
			 VIEW_FOUND);
	assert_true(says(VIEW_instrument, "http.*") && says(VIEW_description, "how long"));
	assert_int_equal(view.limit, 17);
	assert_int_equal(view.aggregation, VIEW_AGGREGATE_EXPONENTIAL);
	assert_false(view_says(&view, VIEW_name) || view_says(&view, VIEW_attributes));
}

static void views_come_one_after_the_other(void **state)
{
	struct str text = STR("instrument=a;;\n instrument=b,name=c\ninstrument=d ; ");

	(void)state;
	assert_int_equal(view_next(&text, &view, &error), VIEW_FOUND);
	assert_true(says(VIEW_instrument, "a"));
	assert_int_equal(view_next(&text, &view, &error), VIEW_FOUND);
	assert_true(says(VIEW_name, "c"));
	assert_int_equal(view_next(&text, &view, &error), VIEW_FOUND);
	assert_true(says(VIEW_instrument, "d"));
	assert_int_equal(view_next(&text, &view, &error), VIEW_END);
}

static void what_makes_no_sense_is_told(void **state)
{
	static const char *const bad[] = {
		"instrument",
		"instrument=",
		"colour=red",
		"instrument=a,instrument=b",
		"instrument=a,limit=0",
		"instrument=a,limit=many",
		"instrument=a,aggregation=median",
		"instrument=a,buckets=",
		"instrument=a,buckets=1|x",
		"instrument=a,buckets=2|1",
		"instrument=a,buckets=1||2",
		"instrument=a,buckets=1e999",
		"instrument=a,quantiles=0.5|1.5",
		"limit=7",
		"name=a",
		"instrument=a*,name=b",
		"kind=counter,name=b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read(bad[i]), VIEW_BAD);
		assert_true(error.says && error.what.n);
	}
}

static void a_bad_view_costs_only_itself(void **state)
{
	struct str text = STR("instrument=a,x=y;instrument=b");

	(void)state;
	assert_int_equal(view_next(&text, &view, &error), VIEW_BAD);
	assert_true(str_eq(error.what, STR("x=y")));
	assert_int_equal(view_next(&text, &view, &error), VIEW_FOUND);
	assert_true(says(VIEW_instrument, "b"));
}

static void numbers_are_read_as_they_are_written(void **state)
{
	double n[VIEW_NUMBERS_MOST];

	(void)state;
	assert_int_equal(
		read("instrument=a,buckets=-1.5|0|0.005| .1 |1e3|2.5E+3|1000000000000000000000"),
		VIEW_FOUND);
	assert_int_equal(view_numbers(&view, VIEW_buckets, n), 7);
	assert_true(n[0] == -1.5 && n[1] == 0 && n[2] == 0.005 && n[3] == 0.1 && n[4] == 1000 &&
		    n[5] == 2500 && n[6] == 1e21);
	assert_int_equal(view_numbers(&view, VIEW_quantiles, n), 0);
}

static bool selects(const struct view *v, struct str instrument, struct str kind, struct str unit)
{
	return view_selects(v, &(struct view_subject){ instrument, kind, unit, STR("acme"),
						       STR("2.1"), STR("https://acme/1") });
}

static void a_meter_selects_by_name_version_and_schema(void **state)
{
	(void)state;
	assert_int_equal(read("meter_name=acme"), VIEW_FOUND);
	assert_true(selects(&view, STR("a"), STR("gauge"), STR("s")));
	assert_int_equal(read("instrument=a,meter_name=acm*"), VIEW_FOUND);
	assert_false(selects(&view, STR("a"), STR("gauge"), STR("s")));
	assert_int_equal(read("meter_version=2.1,meter_schema_url=https://acme/1"), VIEW_FOUND);
	assert_true(selects(&view, STR("a"), STR("gauge"), STR("s")));
	assert_int_equal(read("meter_version=2.1,meter_schema_url=https://acme/2"), VIEW_FOUND);
	assert_false(selects(&view, STR("a"), STR("gauge"), STR("s")));
	assert_int_equal(read("meter_version=2"), VIEW_FOUND);
	assert_false(selects(&view, STR("a"), STR("gauge"), STR("s")));
}

static void an_instrument_is_selected_by_all_that_is_said(void **state)
{
	(void)state;
	assert_int_equal(read("instrument=h*p.?.x,unit=s"), VIEW_FOUND);
	assert_true(selects(&view, STR("http.a.x"), STR("gauge"), STR("s")));
	assert_true(selects(&view, STR("HTTP.http.a.X"), STR("gauge"), STR("s")));
	assert_false(selects(&view, STR("http.a.x"), STR("gauge"), STR("By")));
	assert_false(selects(&view, STR("http.ab.x"), STR("gauge"), STR("s")));
	assert_false(selects(&view, STR("http.a.x.y"), STR("gauge"), STR("s")));
	assert_int_equal(read("instrument=*"), VIEW_FOUND);
	assert_true(selects(&view, STR(""), STR("gauge"), STR("")));
	assert_int_equal(read("kind=counter"), VIEW_FOUND);
	assert_true(selects(&view, STR("a"), STR("counter"), STR("")));
	assert_false(selects(&view, STR("a"), STR("up_down"), STR("")));
}

static void attributes_are_kept_or_left_out(void **state)
{
	(void)state;
	assert_int_equal(read("instrument=a,attributes=x| y,without=y"), VIEW_FOUND);
	assert_true(view_keeps(&view, STR("x")));
	assert_false(view_keeps(&view, STR("y")));
	assert_false(view_keeps(&view, STR("z")));
	assert_int_equal(read("instrument=a,attributes="), VIEW_FOUND);
	assert_false(view_keeps(&view, STR("x")));
	assert_int_equal(read("instrument=a"), VIEW_FOUND);
	assert_true(view_keeps(&view, STR("x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_view_has_members),
		cmocka_unit_test(views_come_one_after_the_other),
		cmocka_unit_test(what_makes_no_sense_is_told),
		cmocka_unit_test(a_bad_view_costs_only_itself),
		cmocka_unit_test(numbers_are_read_as_they_are_written),
		cmocka_unit_test(an_instrument_is_selected_by_all_that_is_said),
		cmocka_unit_test(a_meter_selects_by_name_version_and_schema),
		cmocka_unit_test(attributes_are_kept_or_left_out),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
