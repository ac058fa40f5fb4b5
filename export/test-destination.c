/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/destination.h"
#include "export/test-server.h"
#include "model/stats.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/*
 * An exporter whose answers a test chooses. `gate` holds a write until the test lets it go; every
 * write is one turn of the script.
 */
struct stage {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool closed;   /* writes wait */
	size_t inside; /* writes that are waiting, or have been */
	size_t n_writes, n_items;
	_Atomic unsigned within; /* writes at this moment */
	_Atomic bool overlapped;
	int (*turn)(size_t write, size_t items, struct export_result *result);
	sigset_t blocked;
};

static struct stage stage;

static void stage_set(int (*turn)(size_t, size_t, struct export_result *))
{
	stage = (struct stage){ .turn = turn };
	pthread_mutex_init(&stage.lock, NULL);
	pthread_cond_init(&stage.moved, NULL);
}

static void stage_gate(bool closed)
{
	pthread_mutex_lock(&stage.lock);
	stage.closed = closed;
	pthread_cond_broadcast(&stage.moved);
	pthread_mutex_unlock(&stage.lock);
}

static void stage_await(size_t inside)
{
	pthread_mutex_lock(&stage.lock);
	while (stage.inside < inside)
		pthread_cond_wait(&stage.moved, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
}

static int stage_open(void **state, const struct settings *s, const struct export_place *place,
		      char why[160])
{
	(void)place;
	if (settings_get(s, STR("ORIEL_REFUSE")).n) {
		snprintf(why, 160, "these settings make no sense");
		return -EINVAL;
	}
	*state = &stage;
	return 0;
}

static int stage_write(void *state, struct batch *const *batches, size_t n,
		       struct export_result *result)
{
	size_t items = 0, write;
	int r;

	(void)state;
	for (size_t i = 0; i < n; i++)
		items += batches[i]->n_spans;
	if (atomic_fetch_add(&stage.within, 1))
		atomic_store(&stage.overlapped, true);
	pthread_mutex_lock(&stage.lock);
	stage.inside++;
	pthread_cond_broadcast(&stage.moved);
	while (stage.closed)
		pthread_cond_wait(&stage.moved, &stage.lock);
	pthread_sigmask(SIG_SETMASK, NULL, &stage.blocked);
	write = stage.n_writes++;
	r = stage.turn(write, items, result);
	stage.n_items += r ? 0 : items;
	pthread_mutex_unlock(&stage.lock);
	atomic_fetch_sub(&stage.within, 1);
	return r;
}

static void *stage_close(void *state)
{
	(void)state;
	return NULL;
}

static const struct exporter exporter_stage = {
	.name = "stage",
	.summary = "A script",
	.takes = SIGNAL_SPAN,
	.open = stage_open,
	.write = stage_write,
	.close = stage_close,
};

static int takes_all(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items, (void)result;
	return 0;
}

static int always_later(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items;
	snprintf(result->why, sizeof(result->why), "not now");
	return EXPORT_RETRY;
}

static int later_twice(size_t write, size_t items, struct export_result *result)
{
	return write < 2 ? always_later(write, items, result) : 0;
}

static int refuses(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items;
	snprintf(result->why, sizeof(result->why), "never");
	return EXPORT_REFUSED;
}

static int rejects_one(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items;
	result->n_rejected = 1;
	return 0;
}

/* Takes one more with each write, and never has enough. */
static int takes_one_and_says_later(size_t write, size_t items, struct export_result *result)
{
	(void)write;
	if (result->n_done[0] < items - 1)
		result->n_done[0]++;
	return EXPORT_RETRY;
}

static int lies(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items;
	result->n_done[0] = result->n_done[1] = SIZE_MAX;
	result->n_rejected = UINT64_MAX;
	return EXPORT_REFUSED;
}

static const struct destination_limits quick = {
	.delay_ms = 1,
	.retry_first_ms = 1,
	.retry_most_ms = 2,
	.retry_for_ms = 600000,
};

static struct destination *open_stage(struct destination_limits limits)
{
	struct export_place place = { .signals = SIGNAL_ALL, .out_fd = -1 };
	struct settings none = { { "", 0 } };
	struct destination *d;
	char why[160];

	assert_int_equal(destination_new(&d, &exporter_stage, &none, &place, limits, why), 0);
	assert_string_equal(why, "");
	return d;
}

static void offer(struct destination *d, size_t n_spans)
{
	struct resource *r = resource_new((struct attributes){ NULL, 0, 0 }, STR(""), 1);
	struct batch *b = batch_new(r);

	for (size_t i = 0; i < n_spans; i++)
		batch_add_span(b)->name = STR("span");
	batch_add_log(b);
	destination_offer(d, b);
	batch_free(b);
	resource_free(r);
}

static struct destination_state look(struct destination *d)
{
	struct destination_state s;

	destination_state(d, &s);
	return s;
}

/* Long enough for any machine; nothing waits that long unless it is broken. */
enum { EVER_MS = 600000 };

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

static void a_retry_ends_when_it_is_taken(void **state)
{
	uint64_t before = stats_get(export_retried);
	struct destination *d;

	(void)state;
	stage_set(later_twice);
	d = open_stage(quick);
	offer(d, 3);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 3);
	assert_false(look(d).failing);
	assert_int_equal(stats_get(export_retried) - before, 2);
	destination_free(d, EVER_MS);
	assert_int_equal(stage.n_writes, 3);
}

static void retries_end_and_are_counted(void **state)
{
	struct destination_limits limits = quick;
	uint64_t before = stats_get(export_dropped_retries);
	struct destination *d;

	(void)state;
	limits.retry_for_ms = 5;
	stage_set(always_later);
	d = open_stage(limits);
	offer(d, 3);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 0);
	assert_int_equal(look(d).dropped, 3);
	assert_true(look(d).failing);
	assert_string_equal(look(d).why, "not now");
	assert_int_equal(stats_get(export_dropped_retries) - before, 3);
	destination_free(d, EVER_MS);
}

static void what_was_taken_before_giving_up_is_sent(void **state)
{
	struct destination_limits limits = quick;
	struct destination *d;

	(void)state;
	limits.retry_for_ms = 50;
	stage_set(takes_one_and_says_later);
	d = open_stage(limits);
	offer(d, 3);
	assert_true(destination_flush(d, EVER_MS));
	assert_in_range(look(d).sent, 1, 2);
	assert_int_equal(look(d).sent + look(d).dropped, 3);
	destination_free(d, EVER_MS);
}

static void a_refusal_is_final(void **state)
{
	uint64_t before = stats_get(export_dropped_refused);
	struct destination *d;

	(void)state;
	stage_set(refuses);
	d = open_stage(quick);
	offer(d, 3);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).dropped, 3);
	assert_true(look(d).failing);
	assert_string_equal(look(d).why, "never");
	assert_int_equal(stats_get(export_dropped_refused) - before, 3);
	destination_free(d, EVER_MS);
	assert_int_equal(stage.n_writes, 1);
}

static void rejected_items_are_not_sent(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(rejects_one);
	d = open_stage(quick);
	offer(d, 3);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 2);
	assert_int_equal(look(d).dropped, 1);
	destination_free(d, EVER_MS);
}

static void no_answer_makes_the_sums_wrong(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(lies);
	d = open_stage(quick);
	offer(d, 3);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent + look(d).dropped, 3);
	assert_int_equal(look(d).queued, 0);
	destination_free(d, EVER_MS);
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

struct heard {
	char line[4][256];
	size_t n;
};

static void hear(void *to, const char *line)
{
	struct heard *h = to;

	assert_true(h->n < 4);
	snprintf(h->line[h->n++], sizeof(h->line[0]), "%s", line);
}

/* Two failures and two successes: one line when it begins, one when it is over. */
static void trouble_is_told_once_and_so_is_its_end(void **state)
{
	struct heard heard = { .n = 0 };
	struct export_place place = {
		.signals = SIGNAL_ALL, .out_fd = -1, .tell = hear, .tell_to = &heard
	};
	struct settings none = { { "", 0 } };
	struct destination *d;
	char why[160];

	(void)state;
	stage_set(later_twice);
	assert_int_equal(destination_new(&d, &exporter_stage, &none, &place, quick, why), 0);
	offer(d, 1);
	assert_true(destination_flush(d, EVER_MS));
	offer(d, 1);
	destination_free(d, EVER_MS);
	assert_int_equal(heard.n, 2);
	assert_string_equal(heard.line[0], "export stage: not now; trying again");
	assert_string_equal(heard.line[1], "export stage: works again");
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

/* With the real exporter and a real server. */
struct network {
	struct server server;
	struct destination *d;
	char block[512], why[160];
};

static void network_open(struct network *x, const struct reply *script, const char *const more[])
{
	struct export_place place = { .signals = SIGNAL_ALL, .out_fd = -1 };
	struct settings s;

	memset(x, 0, sizeof(*x));
	x->server.script = script;
	server_start(&x->server);
	s.block = server_settings(&x->server, x->block, sizeof(x->block), more);
	assert_int_equal(destination_new(&x->d, exporter_find(STR("otlp")), &s, &place, quick,
					 x->why),
			 0);
}

static void an_unavailable_server_gets_it_later(void **state)
{
	static const char later[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
	struct reply script[] = { { later, 0 }, { later, 0 }, { OK_EMPTY, 0 }, { NULL, 0 } };
	struct network x;

	(void)state;
	network_open(&x, script, NULL);
	offer(x.d, 3);
	assert_true(destination_flush(x.d, EVER_MS));
	assert_int_equal(look(x.d).sent, 4);
	assert_int_equal(look(x.d).dropped, 0);
	destination_free(x.d, EVER_MS);
	server_stop(&x.server);
	server_forget(&x.server);
}

/* A time-out of ten minutes, so that only the end of our patience can be what ends it. */
static void a_silent_server_does_not_hold_the_end(void **state)
{
	struct reply script[] = { { HANG, 0 }, { NULL, 0 } };
	uint64_t before = stats_get(export_dropped_closing);
	struct network x;

	(void)state;
	network_open(&x, script, (const char *[]){ "OTEL_EXPORTER_OTLP_TIMEOUT=600000", NULL });
	offer(x.d, 3);
	while (!atomic_load(&x.server.n_requests))
		poll(NULL, 0, 1);
	destination_free(x.d, 10);
	assert_int_equal(stats_get(export_dropped_closing) - before, 4);
	server_stop(&x.server);
	server_forget(&x.server);
}

static void a_dead_server_costs_items_not_time(void **state)
{
	struct reply script[] = { { OK_EMPTY, 0 }, { NULL, 0 } };
	uint64_t before = stats_get(export_dropped_closing);
	struct network x;

	(void)state;
	network_open(&x, script, NULL);
	server_stop(&x.server);
	for (size_t i = 0; i < 100; i++)
		offer(x.d, 10);
	destination_free(x.d, 10);
	assert_int_equal(stats_get(export_dropped_closing) - before, 1100);
	server_forget(&x.server);
}

static void limits_are_those_of_the_batch_processors(void **state)
{
	static const char block[] =
		"OTEL_BSP_MAX_QUEUE_SIZE=100\0OTEL_BSP_MAX_EXPORT_BATCH_SIZE=500\0"
		"OTEL_BLRP_MAX_QUEUE_SIZE=70\0OTEL_BLRP_SCHEDULE_DELAY=0\0OTEL_BSP_EXPORT_TIMEOUT=1";
	static const char wrong[] = "OTEL_BSP_SCHEDULE_DELAY=soon";
	struct settings s = { { block, sizeof(block) } };
	struct destination_limits l;
	const char *bad;

	(void)state;
	l = destination_limits_of(&s, SIGNAL_ALL, &bad);
	assert_null(bad);
	assert_int_equal(l.queue_items, 100);
	assert_int_equal(l.batch_items, 100);
	assert_int_equal(l.delay_ms, 1);
	l = destination_limits_of(&s, SIGNAL_LOG, &bad);
	assert_int_equal(l.queue_items, 70);
	assert_int_equal(l.batch_items, 0);
	l = destination_limits_of(&s, SIGNAL_METRIC, &bad);
	assert_int_equal(l.queue_items, 0);
	assert_int_equal(l.delay_ms, 0);
	s.block = (struct str){ wrong, sizeof(wrong) };
	l = destination_limits_of(&s, SIGNAL_SPAN, &bad);
	assert_string_equal(bad, "OTEL_BSP_SCHEDULE_DELAY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_those_of_the_batch_processors),
		cmocka_unit_test(all_that_is_offered_is_sent),
		cmocka_unit_test(only_signals_of_the_exporter_count),
		cmocka_unit_test(a_full_queue_drops_the_newest_and_counts),
		cmocka_unit_test(a_batch_above_the_bound_gets_into_an_empty_queue),
		cmocka_unit_test(a_write_is_no_larger_than_the_limit),
		cmocka_unit_test(a_retry_ends_when_it_is_taken),
		cmocka_unit_test(retries_end_and_are_counted),
		cmocka_unit_test(what_was_taken_before_giving_up_is_sent),
		cmocka_unit_test(a_refusal_is_final),
		cmocka_unit_test(rejected_items_are_not_sent),
		cmocka_unit_test(no_answer_makes_the_sums_wrong),
		cmocka_unit_test(a_flush_tells_when_time_was_too_short),
		cmocka_unit_test(a_flush_cuts_a_wait_short),
		cmocka_unit_test(the_end_counts_what_it_leaves),
		cmocka_unit_test(the_end_delivers_first),
		cmocka_unit_test(freeing_nothing_is_fine),
		cmocka_unit_test(settings_without_sense_make_no_destination),
		cmocka_unit_test(its_thread_takes_no_signals),
		cmocka_unit_test(trouble_is_told_once_and_so_is_its_end),
		cmocka_unit_test(threads_may_offer_at_once),
		cmocka_unit_test(an_unavailable_server_gets_it_later),
		cmocka_unit_test(a_silent_server_does_not_hold_the_end),
		cmocka_unit_test(a_dead_server_costs_items_not_time),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
