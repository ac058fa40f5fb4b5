/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "store/requests.h"

static const struct request some[] = {
	{ 5000000000000000000u, 12, 1, 2, 3, 4, true, false },
	{ 4999999999999999000u, 0, UINT32_MAX, 0, 0, 1, false, true }, /* began before */
	{ UINT64_MAX, UINT64_MAX, 1, UINT32_MAX, 1, 1, true, true },
	{ 0, 1, 0, 0, 0, 0, false, false },
};

enum { SOME = sizeof(some) / sizeof(some[0]) };

static void fill(struct requests_row *row)
{
	for (int i = 0; i < SOME; i++)
		requests_add(row, &some[i]);
}

static void they_come_back_as_they_were(void **state)
{
	struct requests_row row = { 0 };
	struct requests_reader in;
	struct request q = { 0 };

	(void)state;
	fill(&row);
	assert_int_equal(row.n, SOME);
	assert_true(row.first_ns == 0 && row.last_ns == UINT64_MAX);
	in = (struct requests_reader){ .left = out_all(&row.data) };
	for (int i = 0; i < SOME; i++) {
		assert_true(requests_next(&in, &q));
		assert_true(q.start_ns == some[i].start_ns && q.duration_ns == some[i].duration_ns);
		assert_true(q.service == some[i].service && q.route == some[i].route);
		assert_true(q.method == some[i].method && q.resource == some[i].resource);
		assert_true(q.server == some[i].server && q.error == some[i].error);
	}
	assert_false(requests_next(&in, &q));
	out_fini(&row.data);
}

static void a_row_begins_anew(void **state)
{
	struct requests_row row = { 0 };
	struct requests_reader in;
	struct request q = { 0 };

	(void)state;
	fill(&row);
	out_clear(&row.data);
	row.n = 0;
	requests_add(&row, &some[1]);
	assert_true(row.first_ns == some[1].start_ns && row.last_ns == some[1].start_ns);
	in = (struct requests_reader){ .left = out_all(&row.data) };
	assert_true(requests_next(&in, &q) && q.start_ns == some[1].start_ns);
	out_fini(&row.data);
}

static void what_is_cut_ends_them(void **state)
{
	struct requests_row row = { 0 };
	struct requests_reader in;
	struct request q = { 0 };

	(void)state;
	fill(&row);
	for (size_t n = 0; n < row.data.n; n++) {
		int whole = 0;

		in = (struct requests_reader){ .left = { row.data.p, n } };
		while (requests_next(&in, &q))
			assert_true(q.start_ns == some[whole++].start_ns);
		assert_true(whole < SOME);
	}
	out_fini(&row.data);
}

static void a_number_without_an_end_ends_them(void **state)
{
	char data[40];
	struct requests_reader in = { .left = { data, sizeof(data) } };
	struct request q = { 0 };

	(void)state;
	memset(data, 0xff, sizeof(data));
	assert_false(requests_next(&in, &q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_come_back_as_they_were),
		cmocka_unit_test(a_row_begins_anew),
		cmocka_unit_test(what_is_cut_ends_them),
		cmocka_unit_test(a_number_without_an_end_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
