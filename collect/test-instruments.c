/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/instruments.h"

#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct batch *begin(void)
{
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static void add(struct batch *b, enum metric_kind kind, struct str name, struct str unit)
{
	*batch_add_point(b) = (struct metric_point){ .kind = kind, .name = name, .unit = unit };
}

static void names_have_a_syntax(void **state)
{
	char most[256];

	(void)state;
	memset(most, 'a', sizeof(most));
	assert_true(instrument_name_is_good(STR("a")));
	assert_true(instrument_name_is_good(STR("http.server_request-count/total9")));
	assert_true(instrument_name_is_good((struct str){ most, 255 }));
	assert_false(instrument_name_is_good((struct str){ most, 256 }));
	assert_false(instrument_name_is_good(STR("")));
	assert_false(instrument_name_is_good(STR("9lives")));
	assert_false(instrument_name_is_good(STR("_a")));
	assert_false(instrument_name_is_good(STR("a b")));
	assert_false(instrument_name_is_good(STR("gr\xc3\xb6\xc3\x9f"
						 "e")));
}

static void units_have_one_too(void **state)
{
	char most[64];

	(void)state;
	memset(most, 'a', sizeof(most));
	assert_true(instrument_unit_is_good(STR("")));
	assert_true(instrument_unit_is_good(STR("{order}/s")));
	assert_true(instrument_unit_is_good((struct str){ most, 63 }));
	assert_false(instrument_unit_is_good((struct str){ most, 64 }));
	assert_false(instrument_unit_is_good(STR("\xc2\xb5s")));
}

static void each_odd_one_is_told_once(void **state)
{
	uint64_t before = stats_get(instruments_odd);
	struct instruments known = { .n = 0 };
	struct batch *b = begin();

	(void)state;
	add(b, METRIC_SUM, STR("good"), STR("1"));
	add(b, METRIC_SUM, STR("not good"), STR("1"));
	assert_int_equal(instruments_check(&known, b, STR("shop")), 1);
	assert_int_equal(instruments_check(&known, b, STR("shop")), 0);
	add(b, METRIC_SUM, STR("9"), STR("1"));
	assert_int_equal(instruments_check(&known, b, STR("shop")), 1);
	assert_int_equal(stats_get(instruments_odd), before + 2);
	batch_free(b);
}

static void one_name_of_two_kinds_or_units_is_odd(void **state)
{
	struct instruments known = { .n = 0 };
	struct batch *b = begin();

	(void)state;
	add(b, METRIC_SUM, STR("orders"), STR("{order}"));
	add(b, METRIC_GAUGE, STR("Orders"), STR("{order}"));
	assert_int_equal(instruments_check(&known, b, STR("shop")), 1);
	batch_free(b);
}

static void one_name_in_two_scopes_is_not(void **state)
{
	static const struct scope storage = { .name = STR("acme.storage") },
				  same = { .name = STR("acme.storage") };
	struct instruments known = { .n = 0 };
	struct batch *b = begin();

	(void)state;
	add(b, METRIC_SUM, STR("reads"), STR("{read}"));
	add(b, METRIC_GAUGE, STR("Reads"), STR("{read}"));
	b->point[1].scope = &storage;
	assert_int_equal(instruments_check(&known, b, STR("shop")), 0);
	add(b, METRIC_HISTOGRAM, STR("readS"), STR("{read}"));
	b->point[2].scope = &same;
	assert_int_equal(instruments_check(&known, b, STR("shop")), 1);
	batch_free(b);
}

static void two_series_of_one_instrument_are_not(void **state)
{
	static const char name[] = "orders";
	struct instruments known = { .n = 0 };
	struct batch *b = begin();

	(void)state;
	add(b, METRIC_SUM, (struct str){ name, 6 }, STR(""));
	add(b, METRIC_SUM, (struct str){ name, 6 }, STR(""));
	assert_int_equal(instruments_check(&known, b, STR("shop")), 0);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_a_syntax),
		cmocka_unit_test(units_have_one_too),
		cmocka_unit_test(each_odd_one_is_told_once),
		cmocka_unit_test(one_name_of_two_kinds_or_units_is_odd),
		cmocka_unit_test(one_name_in_two_scopes_is_not),
		cmocka_unit_test(two_series_of_one_instrument_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
