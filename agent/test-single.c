/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "agent/single.h"

static _Atomic uint32_t count;
static volatile sig_atomic_t n_came;

static void it_counts(void **state)
{
	uint32_t expected = 7;

	(void)state;
	count = 7;
	assert_int_equal(single_fetch_sub(&count, 2), 7);
	assert_int_equal(count, 5);
	assert_false(single_exchange(&count, &expected, 9));
	assert_int_equal(expected, 5);
	while (!single_exchange(&count, &expected, 9))
		assert_int_equal(expected, 5);
	assert_int_equal(count, 9);
}

static void *counts(void *you)
{
	it_counts(you);
	return NULL;
}

static void also_where_there_are_threads(void **state)
{
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, counts, NULL), 0);
	pthread_join(t, NULL);
	it_counts(NULL);
}

/* It takes one that isn't given back. */
static void takes(int number)
{
	(void)number;
	n_came++;
	single_fetch_sub(&count, 1);
}

static void what_a_handler_changes_stays_changed(void **state)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	uint32_t n = 0;

	(void)state;
	count = 0;
	signal(SIGALRM, takes);
	setitimer(ITIMER_REAL, &often, NULL);
	while (n_came < 2000) {
		uint32_t seen = count;

		single_fetch_sub(&count, 1);
		n++;
		while (!single_exchange(&count, &seen, seen - 1))
			;
		n++;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
	assert_int_equal(0u - count, n + (uint32_t)n_came);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts),
		cmocka_unit_test(what_a_handler_changes_stays_changed),
		cmocka_unit_test(also_where_there_are_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
