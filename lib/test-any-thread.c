/* SPDX-License-Identifier: Apache-2.0 */
/* What the specification wants to be safe on any threads, on many at once; the sanitizer for threads looks on. */
#include "lib/test-segment.h"

#include "oriel-scope.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 6, ROUNDS = 50 };

static pthread_barrier_t together;

static void on_many(void *(*work)(void *))
{
	pthread_t thread[THREADS];

	must(pthread_barrier_init(&together, NULL, THREADS) == 0);
	for (intptr_t i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(thread[i], NULL) == 0);
}

/* ---- the provider ----------------------------------------------------------------------------------- */

static void *start_and_stop(void *you)
{
	(void)you;
	pthread_barrier_wait(&together);
	for (int i = 0; i < ROUNDS; i++) {
		oriel_start(NULL);
		ORIEL_SPAN ("work")
			oriel_info("at work");
		oriel_flush(0);
		oriel_stop();
	}
	return NULL;
}

static void providers(void)
{
	on_many(start_and_stop);
	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("after all") {
	}
}

static void it_is_started_flushed_and_stopped_by_any(void **state)
{
	struct seen s;

	(void)state;
	looked_for = "after all";
	s = seen_of(providers);
	looked_for = NULL;
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.found, 1);
}

/* ---- instruments ------------------------------------------------------------------------------------ */

enum { INSTRUMENTS = 40 };

static void *made[THREADS][INSTRUMENTS];

static void *make(void *you)
{
	intptr_t me = (intptr_t)you;
	char name[32];

	pthread_barrier_wait(&together);
	for (int i = 0; i < INSTRUMENTS; i++) {
		int which = me % 2 ? i : INSTRUMENTS - 1 - i;
		struct oriel_counter *c;

		snprintf(name, sizeof(name), "instrument.%d", which);
		c = oriel_counter(name, "1", "One of many");
		oriel_add(c, 1, oriel_int("thread", me));
		made[me][which] = c;
	}
	return NULL;
}

static void instruments(void)
{
	must(oriel_start(NULL) == 0);
	on_many(make);
	for (int i = 0; i < INSTRUMENTS; i++)
		for (int t = 0; t < THREADS; t++)
			must(made[t][i] && made[t][i] == made[0][i]);
}

static void an_instrument_that_many_make_is_one(void **state)
{
	(void)state;
	seen_of(instruments);
}

/* ---- one span --------------------------------------------------------------------------------------- */

static struct oriel_span shared;

static void *say_of_it(void *you)
{
	int64_t me = (intptr_t)you;

	pthread_barrier_wait(&together);
	for (int i = 0; i < ROUNDS; i++) {
		oriel_span_event(&shared, "said", oriel_int("thread", me));
		oriel_span_set(&shared, oriel_int("round", i));
		oriel_span_status(&shared, ORIEL_ERROR, "by one of them");
	}
	return NULL;
}

static void span(void)
{
	must(oriel_start(NULL) == 0);
	shared = oriel_span_start("shared");
	on_many(say_of_it);
	oriel_span_end(&shared);
}

static void many_may_say_something_of_one_span(void **state)
{
	struct seen s;

	(void)state;
	s = seen_of(span);
	assert_int_equal(s.n[RECORD_EVENT], THREADS * ROUNDS);
	assert_int_equal(s.n[RECORD_SET], THREADS * ROUNDS);
	assert_int_equal(s.n[RECORD_STATUS], THREADS * ROUNDS);
	assert_int_equal(s.n[RECORD_END], 1);
}

/* ---- loggers ---------------------------------------------------------------------------------------- */

static void *log_by_names(void *you)
{
	char name[32];

	pthread_barrier_wait(&together);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "logger.%d", i % 10);
		oriel_log_to(oriel_logger(name), ORIEL_WARN, "said", oriel_int("i", i));
	}
	(void)you;
	return NULL;
}

static void loggers(void)
{
	must(oriel_start(NULL) == 0);
	on_many(log_by_names);
}

static void loggers_are_made_and_used_by_any(void **state)
{
	(void)state;
	assert_int_equal(seen_of(loggers).n[RECORD_LOG], THREADS * ROUNDS);
}

/* ---- scopes ----------------------------------------------------------------------------------------- */

enum { NAMES = 10 };

static struct oriel_scope *_Atomic scope[NAMES];

static void *record_in_scopes(void *you)
{
	char name[32];

	pthread_barrier_wait(&together);
	for (int i = 0; i < ROUNDS; i++) {
		struct oriel_scope *mine, *first = NULL;
		struct oriel_span s;

		snprintf(name, sizeof(name), "scope.%d", i % NAMES);
		mine = oriel_scope(name, ORIEL_SCOPE_OPTIONS(.version = "1"));
		must(mine && (atomic_compare_exchange_strong(&scope[i % NAMES], &first, mine) ||
			      first == mine));
		s = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.scope = mine), "in it");
		oriel_span_end(&s);
		oriel_add(oriel_counter_in(mine, "calls", NULL, NULL), 1);
	}
	(void)you;
	return NULL;
}

static void scopes(void)
{
	must(oriel_start(NULL) == 0);
	on_many(record_in_scopes);
}

static void scopes_are_made_and_used_by_any(void **state)
{
	struct seen s = seen_of(scopes);

	(void)state;
	assert_int_equal(s.n[RECORD_START], THREADS * ROUNDS);
	assert_int_equal(s.loss[LOSS_names_no_room], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_started_flushed_and_stopped_by_any),
		TEST(an_instrument_that_many_make_is_one),
		TEST(many_may_say_something_of_one_span),
		TEST(loggers_are_made_and_used_by_any),
		TEST(scopes_are_made_and_used_by_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
