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

/* Between a span's START and END, and not what passes beyond them. */
static void of_a_span(void)
{
	struct oriel_context root = { 0 };
	double around, within, measured;
	struct oriel_span span;
	uint64_t moment;

	must(oriel_start(NULL) == 0);
	oriel_moment();
	wait_until(now() + 0.012);
	ORIEL_SPAN ("the thread gets its chunk")
		;
	around = now();
	oriel_span_open_at(&span, "a", 1, ORIEL_SPAN_OPTIONS(.parent = &root, .detached = true),
			   ORIEL_WITH());
	within = now();
	wait_until(within + 0.005);
	moment = oriel_moment_of_span();
	wait_until(now() + 0.002);
	within = now() - within;
	oriel_span_end_all(&span, ORIEL_WITH(oriel_int("n", 1)));
	around = now() - around;
	wait_until(now() + 0.02);
	measured = oriel_seconds_to_span(moment);
	must(measured >= within * 0.999);
	must(measured <= around * 1.001);
}

static void a_spans_moments_are_those_of_its_records(void **state)
{
	(void)state;
	assert_int_equal(seen_of(of_a_span).bad, 0);
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
		cmocka_unit_test(a_spans_moments_are_those_of_its_records),
		cmocka_unit_test(moments_need_no_start),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
