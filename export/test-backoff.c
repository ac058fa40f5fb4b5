/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/backoff.h"

#define MS UINT64_C(1000000)

/* The least and the most of many waits after so many failures. */
struct range {
	uint64_t least, most;
};

static struct range range_of(unsigned failures, uint32_t asked_ms)
{
	struct backoff b = { .first_ms = 1000, .most_ms = 30000, .random = 12345 };
	struct range r = { UINT64_MAX, 0 };

	for (size_t i = 0; i < 2000; i++) {
		b.failures = failures;
		uint64_t ns = backoff_next_ns(&b, asked_ms);

		assert_int_equal(b.failures, failures + 1);
		r.least = ns < r.least ? ns : r.least;
		r.most = ns > r.most ? ns : r.most;
	}
	return r;
}

/* Not below half of it, not above, and both ends are come near to. */
static void expect_about(struct range r, uint64_t ms)
{
	assert_true(r.least >= ms * MS / 2 && r.least < ms * MS * 51 / 100);
	assert_true(r.most <= ms * MS && r.most > ms * MS * 99 / 100);
}

static void a_wait_doubles_with_each_failure(void **state)
{
	(void)state;
	expect_about(range_of(0, 0), 1000);
	expect_about(range_of(1, 0), 2000);
	expect_about(range_of(4, 0), 16000);
}

static void a_wait_has_a_bound(void **state)
{
	(void)state;
	expect_about(range_of(5, 0), 30000);
	expect_about(range_of(1000000, 0), 30000);
}

static void a_server_is_never_asked_before_it_said(void **state)
{
	struct range r = range_of(0, 7000);

	(void)state;
	assert_true(r.least >= 7000 * MS);
	assert_true(r.most <= 7100 * MS);
	r = range_of(20, 600000);
	assert_true(r.least >= 600000 * MS && r.most <= 600100 * MS);
}

static void two_of_us_wait_differently(void **state)
{
	struct backoff a = { .first_ms = 1000, .most_ms = 30000, .random = 1 };
	struct backoff b = { .first_ms = 1000, .most_ms = 30000, .random = 99 };

	(void)state;
	assert_true(backoff_next_ns(&a, 0) != backoff_next_ns(&b, 0));
	assert_true(backoff_next_ns(&a, 5) != backoff_next_ns(&b, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_doubles_with_each_failure),
		cmocka_unit_test(a_wait_has_a_bound),
		cmocka_unit_test(a_server_is_never_asked_before_it_said),
		cmocka_unit_test(two_of_us_wait_differently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
