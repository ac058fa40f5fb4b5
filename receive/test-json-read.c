/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/json-read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct json_reader reader(const char *text)
{
	return (struct json_reader){ .at = text, .end = text + strlen(text) };
}

static void assert_text(const char *json, const char *wanted)
{
	struct json_reader r = reader(json);
	struct str text;

	assert_true(json_text(&r, &text));
	assert_true(json_whole(&r));
	assert_int_equal(text.n, strlen(wanted));
	assert_memory_equal(text.p, wanted, text.n);
	json_reader_fini(&r);
}

static bool is_json(const char *text)
{
	struct json_reader r = reader(text);
	bool whole = json_skip(&r) && json_whole(&r);

	json_reader_fini(&r);
	return whole;
}

static void members_come_in_order(void **state)
{
	struct json_reader r = reader(" { \"a\" : 1 , \"b\":[true,null] } ");
	struct json_loop in = { 0 }, list = { 0 };
	struct str key, digits;
	bool truth;

	(void)state;
	assert_true(json_member(&r, &in, &key));
	assert_true(str_eq(key, STR("a")));
	assert_true(json_number(&r, &digits));
	assert_true(str_eq(digits, STR("1")));
	assert_true(json_member(&r, &in, &key));
	assert_true(str_eq(key, STR("b")));
	assert_true(json_element(&r, &list));
	assert_true(json_truth(&r, &truth));
	assert_true(truth);
	assert_true(json_element(&r, &list));
	assert_int_equal(json_peek(&r), JSON_IS_NULL);
	assert_true(json_skip(&r));
	assert_false(json_element(&r, &list));
	assert_false(json_member(&r, &in, &key));
	assert_true(json_whole(&r));
}

static void escapes_are_undone(void **state)
{
	(void)state;
	assert_text("\"plain\"", "plain");
	assert_text("\"\"", "");
	assert_text("\"a\\n\\t\\\\\\\"\\/b\"", "a\n\t\\\"/b");
	assert_text("\"\\u00e4\\u20AC\"", "\xc3\xa4\xe2\x82\xac");
	assert_text("\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!");
}

static void half_a_pair_of_surrogates_is_replaced(void **state)
{
	(void)state;
	assert_text("\"\\ud83d\"", "\xef\xbf\xbd");
	assert_text("\"\\ude00x\"", "\xef\xbf\xbdx");
	assert_text("\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
					  "A");
}

static void what_is_no_json_is_told(void **state)
{
	static const char *const bad[] = { "",	     "{",	"[1,]",	     "{\"a\"}", "{\"a\":}",
					   "{,}",    "[1 2]",	"tru",	     "nul",	"\"a",
					   "\"\\\"", "\"\\x\"", "\"\\u12\"", "01",	"1.",
					   "1e",     "-",	"[1]]",	     "{]",	"\"\n\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (is_json(bad[i]))
			fail_msg("%s", bad[i]);
}

static void what_is_json_is_skipped_whole(void **state)
{
	static const char *const good[] = { "{}",	"[]",	       "0",
					    "-1.5e+10", "true",	       "false",
					    "null",	"\"\\u0000\"", "[[],{},\"\",[{\"a\":[0]}]]",
					    " { } " };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!is_json(good[i]))
			fail_msg("%s", good[i]);
}

static void brackets_without_end_are_refused(void **state)
{
	char *many = malloc(100001);

	(void)state;
	memset(many, '[', 100000);
	many[100000] = '\0';
	assert_false(is_json(many));
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_order),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(half_a_pair_of_surrogates_is_replaced),
		cmocka_unit_test(what_is_no_json_is_told),
		cmocka_unit_test(what_is_json_is_skipped_whole),
		cmocka_unit_test(brackets_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
