/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { POOL = 1000000 };

#define MS 1000000ull

/* So many milliseconds of this many bytes each, looked at as often as it says itself. */
static uint64_t flow(struct pace *p, uint64_t now, uint64_t ms, uint64_t bytes_a_ms)
{
	uint64_t until = now + ms * MS;

	while (now < until) {
		unsigned wait = pace_ms(p, POOL, now);

		now += (uint64_t)wait * MS;
		assert_false(pace_round(p, bytes_a_ms * wait, POOL, now));
	}
	return now;
}

static void a_steady_flow_is_looked_at_less_often(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, 3000);

	(void)state;
	assert_int_equal(pace_ms(&p, POOL, now), 40);
}

static void a_slow_flow_waits_no_longer_than_the_most(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, 10);

	(void)state;
	assert_int_equal(pace_ms(&p, POOL, now), PACE_MOST_MS);
}

static void a_fast_flow_is_looked_at_more_often(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, POOL / 16 / PACE_LEAST_MS);

	(void)state;
	assert_int_equal(pace_ms(&p, POOL, now), 2 * PACE_LEAST_MS);
}

static void a_flow_must_have_been_steady_for_a_second(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 900, 2000);

	(void)state;
	assert_int_equal(pace_ms(&p, POOL, now), PACE_LEAST_MS);
}

static void silence_ends_it(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, 2000) + 30 * MS;

	(void)state;
	pace_round(&p, 0, POOL, now);
	assert_int_equal(pace_ms(&p, POOL, now), PACE_LEAST_MS);
}

static void a_look_in_between_is_no_silence(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, 3000) + 1 * MS;

	(void)state;
	pace_round(&p, 0, POOL, now);
	assert_int_equal(pace_ms(&p, POOL, now), 40);
}

static void who_waits_for_an_answer_ends_it(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, 2000);

	(void)state;
	pace_hurry(&p);
	assert_int_equal(pace_ms(&p, POOL, now), PACE_LEAST_MS);
	now = flow(&p, now, 900, 2000);
	assert_int_equal(pace_ms(&p, POOL, now), PACE_LEAST_MS);
}

static void what_was_fast_once_is_remembered_for_seconds(void **state)
{
	struct pace p = { 0 };
	uint64_t now = flow(&p, 5000 * MS, 1500, 500) + 20 * MS;

	(void)state;
	pace_round(&p, 90000, POOL, now);
	assert_int_equal(pace_ms(&p, POOL, now), 20);
	pace_second(&p);
	assert_int_equal(pace_ms(&p, POOL, now), 30);
	for (int i = 0; i < 20; i++)
		pace_second(&p);
	now = flow(&p, now, 100, 500);
	assert_int_equal(pace_ms(&p, POOL, now), PACE_MOST_MS);
}

static void a_sixteenth_of_the_pool_at_once_is_much(void **state)
{
	struct pace p = { 0 };

	(void)state;
	pace_round(&p, 1, POOL, 5000 * MS);
	assert_true(pace_round(&p, POOL / 16 + 1, POOL, 5001 * MS));
	assert_true(pace_round(&p, POOL / 16 + 1, POOL, 5012 * MS));
	assert_false(pace_round(&p, POOL / 16, POOL, 5022 * MS));
}

static void after_a_long_sleep_more_is_not_much_but_a_quarter_always_is(void **state)
{
	struct pace p = { 0 };

	(void)state;
	pace_round(&p, 1, POOL, 5000 * MS);
	assert_false(pace_round(&p, POOL / 8, POOL, 5030 * MS));
	assert_true(pace_round(&p, POOL / 4 + 1, POOL, 5330 * MS));
}

static void a_rush_is_looked_at_by_how_fast_it_is_once_that_is_known(void **state)
{
	struct pace p = { 0 };
	uint64_t now = 5000 * MS, begun = now;

	(void)state;
	assert_int_equal(pace_hot_ms(&p, POOL, now), 1);
	for (; now < begun + 1000 * MS; now += 10 * MS)
		pace_round(&p, 100, POOL, now);
	assert_true(pace_round(&p, POOL / 4, POOL, now));
	for (begun = now; now < begun + 50 * MS; now += 2 * MS) {
		assert_int_equal(pace_hot_ms(&p, POOL, now), 1);
		pace_round(&p, POOL / 25, POOL, now);
	}
	assert_in_range(pace_hot_ms(&p, POOL, now), 2, 3);
	pace_rush(&p, now + 200 * MS); /* it was over, and seems to begin again */
	assert_int_equal(pace_hot_ms(&p, POOL, now + 201 * MS), 1);
}

static void one_that_is_so_fast_that_it_fills_the_pool_is_looked_at_at_once(void **state)
{
	struct pace p = { 0 };
	uint64_t now = 5000 * MS;

	(void)state;
	for (int i = 0; i < 200; i++, now += 1 * MS)
		pace_round(&p, POOL / 4, POOL, now);
	assert_int_equal(pace_hot_ms(&p, POOL, now), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_flow_is_looked_at_less_often),
		cmocka_unit_test(a_slow_flow_waits_no_longer_than_the_most),
		cmocka_unit_test(a_fast_flow_is_looked_at_more_often),
		cmocka_unit_test(a_flow_must_have_been_steady_for_a_second),
		cmocka_unit_test(silence_ends_it),
		cmocka_unit_test(a_look_in_between_is_no_silence),
		cmocka_unit_test(who_waits_for_an_answer_ends_it),
		cmocka_unit_test(what_was_fast_once_is_remembered_for_seconds),
		cmocka_unit_test(a_sixteenth_of_the_pool_at_once_is_much),
		cmocka_unit_test(after_a_long_sleep_more_is_not_much_but_a_quarter_always_is),
		cmocka_unit_test(a_rush_is_looked_at_by_how_fast_it_is_once_that_is_known),
		cmocka_unit_test(one_that_is_so_fast_that_it_fills_the_pool_is_looked_at_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
