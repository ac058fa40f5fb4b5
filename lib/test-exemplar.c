/* SPDX-License-Identifier: Apache-2.0 */
/* Which measurements are kept as examples, and that each is whole. */
#include "lib/metric.h"
#include "lib/test-cells.h"

#include <pthread.h>

static bool is_of_span(const uint64_t *slot, const struct oriel_span *span, uint64_t done)
{
	return slot && slot[EXEMPLAR_DONE] >> 16 == done &&
	       slot[EXEMPLAR_WORDS - 1] == slot[EXEMPLAR_DONE] &&
	       memcmp(&slot[EXEMPLAR_TRACE], span->context.trace_id, 16) == 0 &&
	       memcmp(&slot[EXEMPLAR_SPAN], span->context.span_id, 8) == 0 && slot[EXEMPLAR_TIME];
}

/* A thread leaves its own example alone until then. */
static void tick_passes(void)
{
	uint64_t from = memo_tick();

	while (memo_tick() == from)
		;
}

static void examples(void)
{
	static const double bounds[] = { 1, 2 };
	struct oriel_series *s, *c;
	struct oriel_span span;

	begin();
	s = oriel_bind(oriel_histogram("wait", "s", NULL, bounds, 2));
	oriel_series_record(s, 0.5);
	must(!example(0));
	span = oriel_span_start("first");
	oriel_series_record(s, 1.5);
	must(!example(0)[EXEMPLAR_DONE] && is_of_span(example(1), &span, 1));
	oriel_span_end(&span);
	tick_passes();
	span = oriel_span_start("second");
	oriel_series_record(s, 1.25);
	oriel_record(oriel_histogram("wait", "s", NULL, bounds, 2), 9);
	oriel_span_end(&span);
	oriel_series_record(s, 1.75);
	must(is_of_span(example(1), &span, 2) && as_double(example(1)[EXEMPLAR_VALUE]) == 1.25);
	must(is_of_span(example(2), &span, 1) && as_double(example(2)[EXEMPLAR_VALUE]) == 9);
	c = oriel_bind(oriel_up_down("open", "1", NULL));
	span = oriel_span_start("third");
	oriel_series_change(c, 1);
	oriel_span_end(&span);
	must(is_of_span(example(2), &span, 1) == false);
}

static void a_late_sampled_measurement_of_a_bucket_is_its_example(void **state)
{
	(void)state;
	holds(examples);
}

static void counted(void)
{
	struct oriel_counter *c;
	struct oriel_span span;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	span = oriel_span_start("first");
	oriel_add(c, 7);
	tick_passes();
	oriel_add(c, 3);
	oriel_span_end(&span);
	oriel_add(c, 5);
	must(is_of_span(example(0), &span, 2) && example(0)[EXEMPLAR_VALUE] == 3);
}

static void a_counter_has_one_example(void **state)
{
	(void)state;
	holds(counted);
}

/* A span of the process that started this one: it is current where none of ours is. */
static void based(void)
{
	struct oriel_series *s;
	struct oriel_span span = { 0 };

	setenv("TRACEPARENT", "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01", 1);
	begin();
	for (uint8_t i = 0; i < 24; i++)
		(i < 16 ? span.context.trace_id : span.context.span_id - 16)[i] = (uint8_t)(i + 1);
	s = oriel_bind(oriel_counter("orders", "{order}", NULL));
	oriel_series_add(s, 7);
	tick_passes();
	oriel_series_add(s, 3);
	must(is_of_span(example(0), &span, 2) && example(0)[EXEMPLAR_VALUE] == 3);
}

static void the_span_from_the_environment_is_an_example_too(void **state)
{
	(void)state;
	holds(based);
}

static void unsampled(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	begin();
	ORIEL_SPAN ("not sampled")
		oriel_add(oriel_counter("orders", "{order}", NULL), 7);
	must(!example(0));
}

static void off(void)
{
	setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off", 1);
	begin();
	ORIEL_SPAN ("sampled")
		oriel_add(oriel_counter("orders", "{order}", NULL), 7);
	must(!example(0));
}

static void always(void)
{
	struct oriel_counter *c;

	setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_on", 1);
	begin();
	c = oriel_counter("orders", "{order}", NULL);
	oriel_add(c, 7);
	tick_passes();
	oriel_series_add(oriel_bind(c), 2);
	must(sum_of().integer == 9);
	must(example(0)[EXEMPLAR_DONE] >> 16 == 2 && !example(0)[EXEMPLAR_SPAN]);
}

static void the_filter_says_what_becomes_an_example(void **state)
{
	(void)state;
	holds(unsampled);
	holds(off);
	holds(always);
}

static void *examples_of(void *you)
{
	for (uint64_t i = 0; i < ROUNDS; i++)
		ORIEL_SPAN ("one of many")
			oriel_series_add(you, 1);
	return NULL;
}

static void examples_race(void)
{
	struct oriel_series *shared;
	pthread_t thread[THREADS];
	const uint64_t *slot;

	setenv("ORIEL_SEGMENT_SIZE", "16777216", 1);
	begin();
	shared = oriel_bind(oriel_counter("orders", "{order}", NULL));
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, examples_of, shared) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	slot = example(0);
	must(sum_of().integer == THREADS * ROUNDS);
	must(slot && slot[EXEMPLAR_DONE] == slot[EXEMPLAR_WORDS - 1] && slot[EXEMPLAR_DONE]);
}

static void threads_that_race_for_an_example_leave_a_whole_one(void **state)
{
	(void)state;
	holds(examples_race);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_sampled_measurement_of_a_bucket_is_its_example),
		cmocka_unit_test(a_counter_has_one_example),
		cmocka_unit_test(the_span_from_the_environment_is_an_example_too),
		cmocka_unit_test(the_filter_says_what_becomes_an_example),
		cmocka_unit_test(threads_that_race_for_an_example_leave_a_whole_one),
	};

	return cmocka_run_group_tests_name("exemplar", tests, set_up, tear_down);
}
