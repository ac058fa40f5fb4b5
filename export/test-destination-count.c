/* SPDX-License-Identifier: Apache-2.0 */
/* What of each signal becomes of a write, when an exporter says more, or less, than there was. */
#include "export/destination-inside.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct cargo cargo = { .items = 60, .of = { 10, 20, 30 } };

static void all_of_it_is_sent(void **state)
{
	struct export_result result = { .n_rejected = 0 };
	struct account a = destination_account(0, true, &cargo, &result);

	(void)state;
	for (size_t i = 0; i < N_SIGNALS; i++)
		assert_true(a.sent[i] == cargo.of[i] && !a.refused[i] && !a.retries[i]);
}

static void what_was_rejected_is_of_its_signal(void **state)
{
	struct export_result result = { .n_rejected = 7, .n_rejected_of = { 0, 7, 0 } };
	struct account a = destination_account(0, true, &cargo, &result);

	(void)state;
	assert_true(a.sent[0] == 10 && a.sent[1] == 13 && a.refused[1] == 7 && a.sent[2] == 30);
}

static void of_an_unknown_signal_it_is_the_first(void **state)
{
	struct export_result result = { .n_rejected = 12 };
	struct account a = destination_account(0, true, &cargo, &result);

	(void)state;
	assert_true(a.refused[0] == 10 && a.refused[1] == 2 && a.sent[1] == 18 && a.sent[2] == 30);
}

static void what_is_left_is_refused_out_of_retries_or_too_late(void **state)
{
	struct export_result result = { .n_done = { 10, 5, 0 } };
	struct account a = destination_account(EXPORT_RETRY, true, &cargo, &result);

	(void)state;
	assert_true(a.sent[0] == 10 && a.sent[1] == 5 && a.retries[1] == 15 && a.retries[2] == 30);
	a = destination_account(EXPORT_RETRY, false, &cargo, &result);
	assert_true(a.closing[1] == 15 && a.closing[2] == 30 && !a.retries[2]);
	a = destination_account(EXPORT_REFUSED, true, &cargo, &result);
	assert_true(a.refused[1] == 15 && a.refused[2] == 30);
}

static void more_than_there_was_is_all_there_was(void **state)
{
	struct export_result result = { .n_done = { 99, 99, 99 },
					.n_rejected = 999,
					.n_rejected_of = { 99, 99, 99 } };
	struct account a = destination_account(EXPORT_RETRY, true, &cargo, &result);

	(void)state;
	for (size_t i = 0; i < N_SIGNALS; i++)
		assert_true(!a.sent[i] && a.refused[i] == cargo.of[i] && !a.retries[i]);
}

static void what_gives_way_on_disk_was_written_once(void **state)
{
	struct destination d = { .counts.of = { { .offered = 10, .written = 4, .sent = 1 },
						{ .offered = 9, .written = 9 } } };

	(void)state;
	destination_count_settled(&d, &(struct account){ .sent = { 1 } }, 6);
	assert_int_equal(d.counts.of[0].sent, 2);
	assert_int_equal(d.counts.of[0].retries, 2);
	assert_int_equal(d.counts.of[1].retries, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_sent),
		cmocka_unit_test(what_was_rejected_is_of_its_signal),
		cmocka_unit_test(of_an_unknown_signal_it_is_the_first),
		cmocka_unit_test(what_is_left_is_refused_out_of_retries_or_too_late),
		cmocka_unit_test(more_than_there_was_is_all_there_was),
		cmocka_unit_test(what_gives_way_on_disk_was_written_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
