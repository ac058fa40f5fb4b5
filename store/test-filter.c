/* SPDX-License-Identifier: Apache-2.0 */
#include "store/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint64_t hash_of(uint64_t n)
{
	uint64_t h = (n + 1) * 0x9e3779b97f4a7c15u;

	return ((h ^ h >> 32) * 0xd6e8feb86659fd93u) >> 1;
}

static void what_was_added_is_there_and_others_seldom(void **state)
{
	struct filter f;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(filter_init(&f, 0), 0);
	assert_false(filter_may_hold(&f, hash_of(7)));
	for (uint64_t n = 0; !filter_is_full(&f); n++)
		filter_add(&f, hash_of(n));
	for (uint64_t n = 0; n < f.n; n++)
		assert_true(filter_may_hold(&f, hash_of(n)));
	for (uint64_t n = 0; n < 100000; n++)
		wrong += filter_may_hold(&f, hash_of(n + (1u << 30)));
	assert_in_range(wrong, 0, 500);
	filter_fini(&f);
	assert_false(filter_may_hold(&f, hash_of(7)));
}

/* Else it would be made anew each time that something is added to it. */
static void one_that_cannot_grow_takes_as_many_more(void **state)
{
	enum { MANY = 10000000 };
	struct filter f;

	(void)state;
	assert_int_equal(filter_init(&f, MANY), 0);
	for (uint64_t n = 0; n < MANY + MANY / 2; n++)
		filter_add(&f, hash_of(n));
	assert_false(filter_is_full(&f));
	filter_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_there_and_others_seldom),
		cmocka_unit_test(one_that_cannot_grow_takes_as_many_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
