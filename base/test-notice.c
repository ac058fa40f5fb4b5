/* SPDX-License-Identifier: Apache-2.0 */
#include "base/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define AT 1795250350123456789ull /* 2026-11-21 08:39:10 */

static char line[NOTICE_MOST];

static void a_line_of_text(void **state)
{
	size_t n = notice_format(line, false, AT, "oriel.bootstrap", "x.so returned 3");

	(void)state;
	assert_string_equal(
		line, "[2026-11-21 08:39:10.123Z] WARNING - oriel.bootstrap: x.so returned 3\n");
	assert_int_equal(n, strlen(line));
}

static void a_line_of_json(void **state)
{
	(void)state;
	notice_format(line, true, AT, "oriel.bootstrap", "a\"b\\c\n\x01 \xc3\xa9 \xff");
	assert_string_equal(line,
			    "{\"timestamp\":\"2026-11-21T08:39:10.123456Z\",\"level\":\"WARNING\","
			    "\"logger\":\"oriel.bootstrap\",\"message\":"
			    "\"a\\\"b\\\\c\\u000a\\u0001 \xc3\xa9 ?\"}\n");
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
	(void)state;
	notice_format(line, false, AT, "l", "\x1b[2J\nx");
	assert_string_equal(line, "[2026-11-21 08:39:10.123Z] WARNING - l: \\x1b[2J\\x0ax\n");
}

static void days_are_right(void **state)
{
	(void)state;
	notice_format(line, false, 0, "l", "");
	assert_memory_equal(line, "[1970-01-01 00:00:00.000Z]", 26);
	notice_format(line, false, 951782400ull * 1000000000u, "l", "");
	assert_memory_equal(line, "[2000-02-29 00:00:00.000Z]", 26);
	notice_format(line, false, 4107542399ull * 1000000000u, "l", "");
	assert_memory_equal(line, "[2100-02-28 23:59:59.000Z]", 26);
	notice_format(line, false, 4107542400ull * 1000000000u, "l", "");
	assert_memory_equal(line, "[2100-03-01 00:00:00.000Z]", 26);
}

static void what_is_long_is_cut_and_still_a_line(void **state)
{
	char text[4000];
	size_t n;

	(void)state;
	memset(text, '\x01', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (int json = 0; json < 2; json++) {
		n = notice_format(line, json, AT, "l", text);
		assert_true(n < NOTICE_MOST);
		assert_int_equal(line[n - 1], '\n');
		assert_int_equal(line[n], '\0');
		if (json)
			assert_memory_equal(line + n - 3, "\"}\n", 3);
	}
	memset(text, 'x', sizeof(text) - 1);
	n = notice_format(line, true, AT, "l", text);
	assert_memory_equal(line + n - 4, "x\"}\n", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_text),
		cmocka_unit_test(a_line_of_json),
		cmocka_unit_test(control_characters_do_not_reach_a_terminal),
		cmocka_unit_test(days_are_right),
		cmocka_unit_test(what_is_long_is_cut_and_still_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
