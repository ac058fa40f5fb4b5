/* SPDX-License-Identifier: Apache-2.0 */
/* Durations by oriel_moment beside the same ones by CLOCK_MONOTONIC, in a process that records. */
#include "lib/test-segment.h"

#include "lib/watcher.h"

#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_until(double then)
{
	while (now() < then)
		oriel_moment();
}

/* What lies within a duration is no longer than it, what lies around it no shorter. */
static void agree(double seconds)
{
	double around = now(), within, measured;
	uint64_t moment = oriel_moment();

	within = now();
	wait_until(within + seconds);
	within = now() - within;
	measured = oriel_seconds_since(moment);
	around = now() - around;
	must(measured >= within * 0.999);
	must(measured <= around * 1.001);
}

static void durations(void)
{
	must(oriel_start(NULL) == 0);
	agree(0);
	agree(0.002); /* while the counter is not measured yet */
	wait_until(now() + 0.012);
	agree(0);
	agree(0.01);
}

static void moments_agree_with_the_clock(void **state)
{
	(void)state;
	assert_int_equal(seen_of(durations).bad, 0);
}

static void no_start(void)
{
	agree(0.001);
}

static void moments_need_no_start(void **state)
{
	(void)state;
	assert_int_equal(seen_of(no_start).segments, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_agree_with_the_clock),
		cmocka_unit_test(moments_need_no_start),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
