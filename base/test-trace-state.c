/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace-state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool weighs(const char *state, double weight)
{
	return trace_state_weight(str_of(state)) == weight;
}

static void a_trace_of_a_share_stands_for_many(void **state)
{
	(void)state;
	assert_true(weighs("ot=th:8", 2));
	assert_true(weighs("a=1, ot=x:y;th:c ,b=2", 4));
	assert_true(weighs("ot=th:f0000000000000", 16));
	assert_true(weighs("ot=th:0", 1));
	assert_true(weighs("ot=th:ffffffffffffff", 0x1p56));
}

static void what_says_nothing_of_it_is_one(void **state)
{
	(void)state;
	assert_true(weighs("", 1));
	assert_true(weighs("th:8", 1));
	assert_true(weighs("ot=rv:8", 1));
	assert_true(weighs("ot=th:", 1));
	assert_true(weighs("ot=th:8g", 1));
	assert_true(weighs("ot=th:C", 1));
	assert_true(weighs("ot=th:fffffffffffffff", 1));
	assert_true(weighs("other=th:8", 1));
}

static void a_threshold_goes_first_and_what_was_there_stays(void **state)
{
	char room[TRACE_STATE_ROOM], most[TRACE_STATE_MOST + 1];
	struct str s;

	(void)state;
	s = trace_state_with(room, 1ull << 55, STR(""));
	assert_true(str_eq(s, STR("ot=th:8")));
	s = trace_state_with(room, 0, STR("a=1"));
	assert_true(str_eq(s, STR("ot=th:0,a=1")));
	s = trace_state_with(room, 0xfd70a3d70a3d71, STR("a=1,ot=th:8;x:y,b=2"));
	assert_true(str_eq(s, STR("ot=th:fd70a3d70a3d71;x:y,a=1,b=2")));
	memset(most, 'a', TRACE_STATE_MOST);
	most[1] = '=';
	most[TRACE_STATE_MOST] = '\0';
	s = trace_state_with(room, 0xfd70a3d70a3d71, str_of(most));
	assert_int_equal(s.n, TRACE_STATE_MOST + 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_of_a_share_stands_for_many),
		cmocka_unit_test(what_says_nothing_of_it_is_one),
		cmocka_unit_test(a_threshold_goes_first_and_what_was_there_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
