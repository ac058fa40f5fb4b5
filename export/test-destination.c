/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/test-stage.h"

#include <poll.h>

static void all_that_is_offered_is_sent(void **state)
{
	struct destination *d;
	uint64_t before = stats_get(export_sent);

	(void)state;
	stage_set(takes_all);
	d = open_stage(quick);
	for (size_t i = 1; i <= 10; i++)
		offer(d, i);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 55);
	assert_int_equal(look(d).dropped, 0);
	assert_int_equal(look(d).queued, 0);
	assert_false(look(d).failing);
	assert_int_equal(stats_get(export_sent) - before, 55);
	destination_free(d, EVER_MS);
	assert_int_equal(stage.n_items, 55);
}

/* The log in each batch is none of this exporter's business. */
static void only_signals_of_the_exporter_count(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	d = open_stage(quick);
	offer(d, 0);
	assert_int_equal(look(d).queued, 0);
	assert_true(destination_flush(d, EVER_MS));
	destination_free(d, EVER_MS);
	assert_int_equal(stage.n_writes, 0);
}

static void a_full_queue_drops_the_newest_and_counts(void **state)
{
	struct destination_limits limits = quick;
	uint64_t before = stats_get(export_dropped_queue_full);
	struct destination *d;

	(void)state;
	limits.queue_items = 10;
	stage_set(takes_all);
	stage_gate(true);
	d = open_stage(limits);
	offer(d, 4);
	stage_await(1);
	offer(d, 6);
	offer(d, 1);
	assert_int_equal(look(d).queued, 10);
	assert_int_equal(look(d).dropped, 1);
	assert_int_equal(stats_get(export_dropped_queue_full) - before, 1);
	stage_gate(false);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 10);
	destination_free(d, EVER_MS);
}

static void a_batch_above_the_bound_gets_into_an_empty_queue(void **state)
{
	struct destination_limits limits = quick;
	struct destination *d;

	(void)state;
	limits.queue_items = 10;
	stage_set(takes_all);
	d = open_stage(limits);
	offer(d, 100);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 100);
	destination_free(d, EVER_MS);
}

/* The delay is ten minutes: only what waits can end it. */
static struct destination *open_patient(size_t queue_items, size_t batch_items)
{
	return open_stage((struct destination_limits){
		.queue_items = queue_items, .batch_items = batch_items, .delay_ms = EVER_MS });
}

static void await_sent(struct destination *d, uint64_t n)
{
	for (int i = 0; i < 10000 && look(d).sent < n; i++)
		poll(NULL, 0, 1);
	assert_int_equal(look(d).sent, n);
}

static void a_small_queue_is_written_before_it_is_full(void **state)
{
	static const size_t batch[] = { 0, 2048, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(batch) / sizeof(batch[0]); i++) {
		struct destination *d;

		stage_set(takes_all);
		d = open_patient(2048, batch[i]);
		offer(d, 500);
		offer(d, 12);
		await_sent(d, 512);
		destination_free(d, EVER_MS);
	}
}

static void a_batch_above_the_usual_queue_is_no_reason_to_wait(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	d = open_patient(0, 100000);
	offer(d, 1);
	offer(d, DESTINATION_QUEUE_USUAL / 4);
	await_sent(d, 1 + DESTINATION_QUEUE_USUAL / 4);
	destination_free(d, EVER_MS);
}

static void a_large_batch_gets_in_beside_a_few(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	d = open_patient(2048, 0);
	offer(d, 300);
	offer(d, 5000);
	assert_int_equal(look(d).dropped, 0);
	await_sent(d, 5300);
	destination_free(d, EVER_MS);
}

/* 13 are under way, and 4 wait, which is less than a quarter. */
static void what_finds_no_room_ends_the_gathering(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	stage_gate(true);
	d = open_patient(20, 0);
	offer(d, 13);
	stage_await(1);
	offer(d, 4);
	offer(d, 10);
	assert_int_equal(look(d).dropped, 10);
	stage_gate(false);
	await_sent(d, 17);
	destination_free(d, EVER_MS);
}

static void a_write_is_no_larger_than_the_limit(void **state)
{
	struct destination_limits limits = quick;
	struct destination *d;

	(void)state;
	limits.batch_items = 10;
	stage_set(takes_all);
	stage_gate(true);
	d = open_stage(limits);
	offer(d, 1);
	stage_await(1);
	for (size_t i = 0; i < 4; i++)
		offer(d, 5);
	stage_gate(false);
	assert_true(destination_flush(d, EVER_MS));
	destination_free(d, EVER_MS);
	assert_int_equal(stage.n_writes, 3);
}

static void a_flush_tells_when_time_was_too_short(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	stage_gate(true);
	d = open_stage(quick);
	offer(d, 1);
	assert_false(destination_flush(d, 1));
	stage_gate(false);
	assert_true(destination_flush(d, EVER_MS));
	destination_free(d, EVER_MS);
}

/* The back-off is ten minutes here: only the flush can end it while this test runs. */
static void a_flush_cuts_a_wait_short(void **state)
{
	struct destination_limits limits = { .delay_ms = 600000,
					     .retry_for_ms = 6000000,
					     .retry_first_ms = 600000,
					     .retry_most_ms = 600000 };
	struct destination *d;

	(void)state;
	stage_set(later_twice);
	d = open_stage(limits);
	offer(d, 1);
	while (!destination_flush(d, 10))
		;
	assert_int_equal(look(d).sent, 1);
	destination_free(d, EVER_MS);
}

static void the_end_counts_what_it_leaves(void **state)
{
	uint64_t closing = stats_get(export_dropped_closing), sent = stats_get(export_sent);
	struct destination *d;

	(void)state;
	stage_set(always_later);
	d = open_stage(quick);
	offer(d, 3);
	offer(d, 4);
	destination_free(d, 20);
	assert_int_equal(stats_get(export_dropped_closing) - closing, 7);
	assert_int_equal(stats_get(export_sent) - sent, 0);
}

static void the_end_delivers_first(void **state)
{
	struct destination_limits limits = { .delay_ms = 600000 };
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	d = open_stage(limits);
	offer(d, 3);
	assert_null(destination_free(d, EVER_MS));
	assert_int_equal(stage.n_items, 3);
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	assert_null(destination_free(NULL, 1));
}

static void settings_without_sense_make_no_destination(void **state)
{
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };
	struct settings s = { { "ORIEL_REFUSE=1", sizeof("ORIEL_REFUSE=1") } };
	struct destination *d = NULL;
	char why[160];

	(void)state;
	assert_int_equal(destination_new(&d, &exporter_stage, &s, &place, quick, why), -EINVAL);
	assert_string_equal(why, "these settings make no sense");
	assert_null(d);
}

static void its_thread_takes_no_signals(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(takes_all);
	d = open_stage(quick);
	offer(d, 1);
	assert_true(destination_flush(d, EVER_MS));
	destination_free(d, EVER_MS);
	assert_true(sigismember(&stage.blocked, SIGPIPE));
	assert_true(sigismember(&stage.blocked, SIGTERM));
	assert_true(sigismember(&stage.blocked, SIGCHLD));
	assert_false(sigismember(&stage.blocked, SIGSEGV));
}

static void *offer_many(void *d)
{
	for (size_t i = 0; i < 200; i++)
		offer(d, 1 + i % 7);
	return NULL;
}

static void threads_may_offer_at_once(void **state)
{
	struct destination_limits limits = quick;
	struct destination *d;
	pthread_t thread[4];
	uint64_t all = 0;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		all += 4 * (1 + i % 7);
	limits.queue_items = 50;
	limits.batch_items = 10;
	stage_set(later_twice);
	d = open_stage(limits);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, offer_many, d), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent + look(d).dropped, all);
	destination_free(d, EVER_MS);
	assert_false(stage.overlapped);
}

static void limits_are_those_of_the_batch_processors(void **state)
{
	static const char block[] =
		"OTEL_BSP_MAX_QUEUE_SIZE=100\0OTEL_BSP_MAX_EXPORT_BATCH_SIZE=500\0"
		"OTEL_BLRP_MAX_QUEUE_SIZE=70\0OTEL_BLRP_SCHEDULE_DELAY=0\0OTEL_BSP_EXPORT_TIMEOUT=1\0"
		"ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE=9";
	static const char wrong[] = "OTEL_BSP_SCHEDULE_DELAY=soon";
	struct settings s = { { block, sizeof(block) } };
	struct destination_limits l;

	(void)state;
	l = destination_limits_of(&s, SIGNAL_ALL);
	assert_int_equal(l.queue_items, 100);
	assert_int_equal(l.batch_items, 100);
	assert_int_equal(l.most[0], 500);
	assert_int_equal(l.most[1], 0);
	assert_int_equal(l.most[2], 9);
	assert_int_equal(l.delay_ms, 1);
	l = destination_limits_of(&s, SIGNAL_LOG);
	assert_int_equal(l.queue_items, 70);
	assert_int_equal(l.batch_items, 0);
	l = destination_limits_of(&s, SIGNAL_METRIC);
	assert_int_equal(l.queue_items, 0);
	assert_int_equal(l.delay_ms, 0);
	s.block = (struct str){ wrong, sizeof(wrong) };
	l = destination_limits_of(&s, SIGNAL_SPAN);
	assert_int_equal(l.delay_ms, 0);
}

static void what_is_out_of_range_is_the_default(void **state)
{
	static const char block[] = "ORIEL_EXPORT_CONCURRENCY=33\0"
				    "OTEL_BSP_SCHEDULE_DELAY=99999999999\0"
				    "OTEL_BLRP_SCHEDULE_DELAY=2147483648";
	static const char most[] =
		"ORIEL_EXPORT_CONCURRENCY=32\0OTEL_BSP_SCHEDULE_DELAY=2147483647";
	struct settings s = { { block, sizeof(block) } };
	struct destination_limits l = destination_limits_of(&s, SIGNAL_ALL);

	(void)state;
	assert_int_equal(l.at_once, 0);
	assert_int_equal(l.delay_ms, 0);
	s.block = (struct str){ most, sizeof(most) };
	l = destination_limits_of(&s, SIGNAL_ALL);
	assert_int_equal(l.at_once, 32);
	assert_int_equal(l.delay_ms, INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_those_of_the_batch_processors),
		cmocka_unit_test(what_is_out_of_range_is_the_default),
		cmocka_unit_test(all_that_is_offered_is_sent),
		cmocka_unit_test(only_signals_of_the_exporter_count),
		cmocka_unit_test(a_full_queue_drops_the_newest_and_counts),
		cmocka_unit_test(a_batch_above_the_bound_gets_into_an_empty_queue),
		cmocka_unit_test(a_small_queue_is_written_before_it_is_full),
		cmocka_unit_test(a_batch_above_the_usual_queue_is_no_reason_to_wait),
		cmocka_unit_test(a_large_batch_gets_in_beside_a_few),
		cmocka_unit_test(what_finds_no_room_ends_the_gathering),
		cmocka_unit_test(a_write_is_no_larger_than_the_limit),
		cmocka_unit_test(a_flush_tells_when_time_was_too_short),
		cmocka_unit_test(a_flush_cuts_a_wait_short),
		cmocka_unit_test(the_end_counts_what_it_leaves),
		cmocka_unit_test(the_end_delivers_first),
		cmocka_unit_test(freeing_nothing_is_fine),
		cmocka_unit_test(settings_without_sense_make_no_destination),
		cmocka_unit_test(its_thread_takes_no_signals),
		cmocka_unit_test(threads_may_offer_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
