/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool reads(const char *text, const char *as)
{
	char to[8];
	size_t n;

	return base64_read(to, sizeof(to), str_of(text), &n) &&
	       str_eq((struct str){ to, n }, str_of(as));
}

static void padding_may_be_missing(void **state)
{
	(void)state;
	assert_true(reads("", ""));
	assert_true(reads("b3JpZWw=", "oriel"));
	assert_true(reads("b3JpZWw", "oriel"));
	assert_true(reads("bw==", "o"));
}

static void both_alphabets_are_read(void **state)
{
	(void)state;
	assert_true(reads("+/+/", "\xfb\xff\xbf"));
	assert_true(reads("-_-_", "\xfb\xff\xbf"));
}

static void what_is_not_base64_is_told(void **state)
{
	(void)state;
	assert_false(reads("b", ""));
	assert_false(reads("b3Jp!", ""));
	assert_false(reads("b=3J", ""));
}

static void no_more_than_the_room_is_written(void **state)
{
	char to[4] = "###";
	size_t n = 7;

	(void)state;
	assert_true(base64_read(to, 3, STR("b3Jp"), &n));
	assert_int_equal(n, 3);
	assert_false(base64_read(to, 2, STR("b3Jp"), &n));
	assert_int_equal(n, 3);
	assert_int_equal(to[3], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding_may_be_missing),
		cmocka_unit_test(both_alphabets_are_read),
		cmocka_unit_test(what_is_not_base64_is_told),
		cmocka_unit_test(no_more_than_the_room_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
