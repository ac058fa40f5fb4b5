/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/json-line.h"

#include "base/severity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MOST = 4 };

static struct arena arena;
static struct attribute item[MOST];

static bool read_it(struct json_line *l, const char *text)
{
	*l = (struct json_line){ .item = item, .most = MOST };
	return json_line_read(l, str_of(text), &arena);
}

static int level(const char *value)
{
	struct json_line l;
	char text[128];

	snprintf(text, sizeof(text), "{\"level\":%s}", value);
	assert_true(read_it(&l, text));
	return l.severity;
}

static uint64_t moment(const char *value)
{
	struct json_line l;
	char text[128];

	snprintf(text, sizeof(text), "{\"time\":%s}", value);
	assert_true(read_it(&l, text));
	return l.time_ns;
}

static void what_loggers_call_differently_is_the_same(void **state)
{
	struct json_line l;

	(void)state;
	assert_true(read_it(&l, "{\"MSG\":\"hello\",\"lvl\":\"error\",\"@timestamp\":1767323045,"
				"\"traceId\":\"0af7651916cd43dd8448eb211c80319c\","
				"\"span_id\":\"b7ad6b7169203331\",\"a\":null,\"b\":true}"));
	assert_true(str_eq(l.message, STR("hello")));
	assert_int_equal(l.severity, SEVERITY_ERROR);
	assert_true(l.time_ns == 1767323045000000000);
	assert_int_equal(l.trace_id.b[0], 0x0a);
	assert_int_equal(l.span_id.b[0], 0xb7);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.item[0].value.type, VALUE_EMPTY);
	assert_true(l.item[1].value.boolean);
}

static void levels_are_names_or_pinos_numbers(void **state)
{
	(void)state;
	assert_int_equal(level("\" Warning \""), SEVERITY_WARN);
	assert_int_equal(level("\"fatal\""), SEVERITY_FATAL);
	assert_int_equal(level("\"off\""), 0);
	assert_int_equal(level("\"loud\""), 0);
	assert_int_equal(level("10"), SEVERITY_TRACE);
	assert_int_equal(level("30"), SEVERITY_INFO);
	assert_int_equal(level("60"), SEVERITY_FATAL);
	assert_int_equal(level("70"), 0);
	assert_int_equal(level("35"), 0);
	assert_int_equal(level("[1]"), 0);
}

static void times_are_texts_or_numbers(void **state)
{
	const uint64_t s = 1000000000;

	(void)state;
	assert_true(moment("\"2026-01-02T03:04:05Z\"") == 1767323045 * s);
	assert_true(moment("\"2026-01-02 04:34:05.5+01:30\"") == 1767323045 * s + s / 2);
	assert_true(moment("\"2026-01-01T23:04:05,123456789123-0400\"") ==
		    1767323045 * s + 123456789);
	assert_true(moment("1767323045") == 1767323045 * s);
	assert_true(moment("1767323045.25") == 1767323045 * s + s / 4);
	assert_true(moment("1767323045678") / 1000000 == 1767323045678);
	assert_true(moment("1767323045678901") / 1000000 == 1767323045678);
	assert_true(moment("1767323045678901234") / 1000000 == 1767323045678);
	assert_true(moment("12") == 0 && moment("-5") == 0 && moment("1e300") == 0);
	assert_true(moment("\"yesterday\"") == 0 && moment("\"2026-13-02T03:04:05Z\"") == 0);
	assert_true(moment("\"2026-01-02T03:04:05 UTC\"") == 0 && moment("true") == 0);
}

static void what_is_not_understood_is_an_attribute(void **state)
{
	struct json_line l;

	(void)state;
	assert_true(
		read_it(&l,
			"{\"level\":\"loud\",\"message\":7,\"trace_id\":\"zz\",\"time\":\"now\"}"));
	assert_null(l.message.p);
	assert_int_equal(l.n, 4);
	assert_true(str_eq(l.item[0].key, STR("level")));
	assert_true(str_eq(l.item[0].value.text, STR("loud")));
}

static void values_keep_their_types_and_their_number_has_a_limit(void **state)
{
	struct json_line l;

	(void)state;
	assert_true(
		read_it(&l,
			"{\"a\":[1,\"b\",[]],\"c\":{\"d\":1.5},\"e\":1,\"f\":2,\"g\":3,\"h\":4}"));
	assert_int_equal(l.n, MOST);
	assert_int_equal(l.dropped, 2);
	assert_int_equal(l.item[0].value.array.n, 3);
	assert_true(l.item[1].value.map.item[0].value.number == 1.5);
}

static void what_is_no_object_is_none(void **state)
{
	static const char *const not [] = { "",	      "{",	    "{}x",	   "[1]",
					    "{a: 1}", "{\"a\":1,}", "\"a\"",	   "{\"a\":1",
					    "}{",     "{\"a\":}",   "{\"\xff\":1}" };
	struct json_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		assert_false(read_it(&l, not [i]));
	assert_true(read_it(&l, " {} "));
}

static int done(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_loggers_call_differently_is_the_same),
		cmocka_unit_test(levels_are_names_or_pinos_numbers),
		cmocka_unit_test(times_are_texts_or_numbers),
		cmocka_unit_test(what_is_not_understood_is_an_attribute),
		cmocka_unit_test(values_keep_their_types_and_their_number_has_a_limit),
		cmocka_unit_test(what_is_no_object_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
