/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/time.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Two ticks a nanosecond. */
static const struct timeline t = {
	.tsc = 1000, .mono = 50000, .real = 9000000, .rate = 1ull << 31
};

static struct instant tick(uint64_t v)
{
	return (struct instant){ v, INSTANT_TSC };
}

static void ticks_become_wall_time(void **state)
{
	(void)state;
	assert_int_equal(timeline_real(&t, tick(3000)), 9001000);
	assert_int_equal(timeline_real(&t, tick(0)), 8999500);
	assert_int_equal(timeline_mono(&t, tick(3000)), 51000);
}

static void monotonic_time_becomes_wall_time(void **state)
{
	(void)state;
	assert_int_equal(timeline_real(&t, (struct instant){ 50100, INSTANT_MONO }), 9000100);
	assert_int_equal(timeline_real(&t, (struct instant){ 77, INSTANT_REAL }), 77);
}

static void any_bits_are_a_time(void **state)
{
	static const uint64_t odd[] = { 0, 1, INT64_MAX, 1ull << 63, UINT64_MAX };
	int sources[] = { INSTANT_TSC, INSTANT_MONO, INSTANT_REAL };

	(void)state;
	for (int a = 0; a < 5; a++)
		for (int b = 0; b < 5; b++)
			for (int i = 0; i < 9; i++) {
				struct instant start = { odd[a], sources[i / 3] },
					       end = { odd[b], sources[i % 3] };
				uint64_t real = timeline_real(&t, start);

				assert_true(timeline_end(&t, start, real, end) >= real);
			}
}

static void a_given_end_is_taken_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(timeline_end(&t, tick(1000), 9000000,
				      (struct instant){ 9000700, INSTANT_REAL }),
			 9000700);
}

static void an_end_by_another_clock_still_makes_a_duration(void **state)
{
	(void)state;
	assert_int_equal(timeline_end(&t, tick(1000), 9000000,
				      (struct instant){ 50040, INSTANT_MONO }),
			 9000040);
}

static void the_monotonic_clock_is_where_the_timeline_says(void **state)
{
	struct timeline now;
	uint64_t before = clock_real_ns(), got, after;

	(void)state;
	timeline_start(&now);
	got = timeline_real(&now, (struct instant){ clock_mono_ns(), INSTANT_MONO });
	after = clock_real_ns();
	assert_true(got + 1000000 >= before && got <= after + 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_become_wall_time),
		cmocka_unit_test(monotonic_time_becomes_wall_time),
		cmocka_unit_test(any_bits_are_a_time),
		cmocka_unit_test(a_given_end_is_taken_as_it_is),
		cmocka_unit_test(an_end_by_another_clock_still_makes_a_duration),
		cmocka_unit_test(the_monotonic_clock_is_where_the_timeline_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
