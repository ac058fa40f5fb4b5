/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void what_is_written_can_be_read(void **state)
{
	struct outcome o = { .kind = OUTCOME_RETURNED, .detail = -5 }, back;
	char wire[OUTCOME_WIRE], name[OUTCOME_NAME];

	(void)state;
	outcome_write(&o, 4711, "my:server", wire);
	assert_string_equal(wire, "4711:2:-5:my:server");
	assert_true(outcome_read(&back, 4711, name, wire));
	assert_int_equal(back.kind, OUTCOME_RETURNED);
	assert_int_equal(back.detail, -5);
	assert_string_equal(name, "my:server");
}

static void one_of_another_process_is_none(void **state)
{
	struct outcome o;
	char name[OUTCOME_NAME];

	(void)state;
	assert_false(outcome_read(&o, 4712, name, "4711:2:3:x"));
}

static void nonsense_is_none(void **state)
{
	static const char *const bad[] = { "",
					   "1",
					   "1:",
					   "1:2",
					   "1:2:3",
					   "1:x:3:",
					   "1:99:3:",
					   "1:0:3:",
					   "1:1:3:",
					   "1:-2:3:",
					   "1::3:",
					   "1:2:--3:",
					   "1:2:4294967296:",
					   "1:2:3:more than sixteen" };
	struct outcome o;
	char name[OUTCOME_NAME];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(outcome_read(&o, 1, name, bad[i]));
}

static void every_outcome_is_said_in_words(void **state)
{
	char says[400];

	(void)state;
	for (int k = 0; k < N_OUTCOMES; k++) {
		struct outcome o = { .kind = (enum outcome_kind)k, .detail = 3, .text = "why" };

		outcome_says(&o, says, sizeof(says));
		assert_true(strlen(says) > 4);
		assert_int_not_equal(strcmp(says, "failed"), 0);
	}
	outcome_says(&(struct outcome){ .kind = OUTCOME_UNLOADABLE, .text = "no such file" }, says,
		     sizeof(says));
	assert_string_equal(says, "can't be loaded: no such file");
	outcome_says(&(struct outcome){ .kind = (enum outcome_kind)77 }, says, sizeof(says));
	assert_string_equal(says, "failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(one_of_another_process_is_none),
		cmocka_unit_test(nonsense_is_none),
		cmocka_unit_test(every_outcome_is_said_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
