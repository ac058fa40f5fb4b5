/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sampling.h"

#include "base/glob.h"
#include "base/ratio.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_rule_has_conditions_and_what_becomes_of_it(void **state)
{
	struct str text = STR(" a = x*y ,ratio=0.5,kind=server;\n;limit=3");
	struct sampling_error error;
	struct sampling_rule r;

	(void)state;
	assert_int_equal(sampling_next(&text, &r, &error), SAMPLING_FOUND);
	assert_int_equal(r.n, 2);
	assert_true(str_eq(r.condition[0].key, STR("a")));
	assert_true(str_eq(r.condition[0].pattern, STR("x*y")));
	assert_true(r.threshold == 1ull << 63);
	assert_int_equal(r.limit, 0);
	assert_int_equal(sampling_next(&text, &r, &error), SAMPLING_FOUND);
	assert_int_equal(r.limit, 3);
	assert_true(r.threshold == UINT64_MAX);
	assert_int_equal(sampling_next(&text, &r, &error), SAMPLING_END);
}

static void a_bad_rule_is_left_out_whole(void **state)
{
	static const char *const bad[] = {
		"a=b",	   "ratio=2",	 "ratio=",	    "limit=0",
		"limit=x", "=b,ratio=1", "nothing,ratio=1", "a=1,b=1,c=1,d=1,e=1,f=1,g=1,ratio=1",
	};
	struct sampling_error error;
	struct sampling_rule r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str text = str_of(bad[i]);

		assert_int_equal(sampling_next(&text, &r, &error), SAMPLING_BAD);
		assert_non_null(error.says);
	}
}

static void a_smaller_share_takes_some_of_the_larger_ones(void **state)
{
	const uint64_t half = 1ull << 63, quarter = 1ull << 62;

	(void)state;
	assert_true(ratio_least(half) == 0x80000000000000);
	assert_true(ratio_least(quarter) == 0xc0000000000000);
	assert_true(ratio_takes(0xff80000000000000, half) &&
		    !ratio_takes(0xff7fffffffffffff, half));
	assert_false(ratio_takes(UINT64_MAX, 0));
	for (uint64_t id = 0; id < 1ull << 56; id += 0x00123456789abcde)
		if (ratio_takes(id, quarter))
			assert_true(ratio_takes(id, half));
}

static void stars_stand_for_any_text(void **state)
{
	(void)state;
	assert_true(glob(STR("/health*"), STR("/HEALTHZ")));
	assert_true(glob(STR("*a*b?"), STR("xxaxxabc")));
	assert_true(glob(STR("*"), STR("")));
	assert_false(glob(STR("?"), STR("")));
	assert_false(glob(STR("/a"), STR("/ab")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_conditions_and_what_becomes_of_it),
		cmocka_unit_test(a_bad_rule_is_left_out_whole),
		cmocka_unit_test(a_smaller_share_takes_some_of_the_larger_ones),
		cmocka_unit_test(stars_stand_for_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
