/* SPDX-License-Identifier: Apache-2.0 */
/* What a destination makes of its backend's answers, and of none. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/test-server.h"
#include "export/test-stage.h"

#include "base/clock.h"

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

enum { ASKED_MS = 300 };

static uint64_t written_ns[2];

static int asks_for_time(size_t write, size_t items, struct export_result *result)
{
	written_ns[write ? 1 : 0] = clock_mono_ns();
	if (write)
		return 0;
	result->retry_after_ms = ASKED_MS;
	return always_later(write, items, result);
}

static int lies(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items;
	result->n_done[0] = result->n_done[1] = SIZE_MAX;
	result->n_rejected = UINT64_MAX;
	return EXPORT_REFUSED;
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

static void a_flush_waits_for_what_the_server_asked_for(void **state)
{
	struct destination *d;

	(void)state;
	stage_set(asks_for_time);
	d = open_stage((struct destination_limits){ .delay_ms = 1 });
	offer(d, 3);
	while (!look(d).failing)
		sched_yield();
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(look(d).sent, 3);
	assert_true(written_ns[1] - written_ns[0] >= (uint64_t)ASKED_MS * 1000000);
	destination_free(d, EVER_MS);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_retry_ends_when_it_is_taken),
		cmocka_unit_test(a_flush_waits_for_what_the_server_asked_for),
		cmocka_unit_test(retries_end_and_are_counted),
		cmocka_unit_test(what_was_taken_before_giving_up_is_sent),
		cmocka_unit_test(a_refusal_is_final),
		cmocka_unit_test(rejected_items_are_not_sent),
		cmocka_unit_test(no_answer_makes_the_sums_wrong),
		cmocka_unit_test(trouble_is_told_once_and_so_is_its_end),
		cmocka_unit_test(an_unavailable_server_gets_it_later),
		cmocka_unit_test(a_silent_server_does_not_hold_the_end),
		cmocka_unit_test(a_dead_server_costs_items_not_time),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
