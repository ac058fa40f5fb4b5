/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plain.h"

#include "lib/encode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char text[2048];

static const char *closed(struct plain *line)
{
	size_t n = plain_close(line);

	assert_int_equal(text[n - 1], '\n');
	text[n - 1] = '\0';
	return text;
}

static const char *timed(int64_t s, long ns)
{
	struct plain line;

	plain_open(&line, text, sizeof(text));
	plain_time(&line, (struct timespec){ s, ns });
	return closed(&line);
}

static void times_are_dates(void **state)
{
	(void)state;
	assert_string_equal(timed(0, 0), "1970-01-01T00:00:00.000000Z ");
	assert_string_equal(timed(951782400, 1999), "2000-02-29T00:00:00.000001Z ");
	assert_string_equal(timed(1795261830, 167451583), "2026-11-21T11:50:30.167451Z ");
	assert_string_equal(timed(4107542399, 999999999), "2100-02-28T23:59:59.999999Z ");
	assert_string_equal(timed(-5, 0), "1970-01-01T00:00:00.000000Z ");
}

static const char *row_of(struct oriel_attributes a)
{
	unsigned char row[1032];
	struct encode e = encode_fit(a, 1024);
	struct plain line;

	plain_open(&line, text, sizeof(text));
	plain_row(&line, (struct str){ (char *)row, (size_t)(encode_put(row, &e) - row) });
	return closed(&line);
}

static void attributes_are_keys_and_values(void **state)
{
	(void)state;
	assert_string_equal(row_of(ORIEL_WITH(oriel_str("a", "b"), oriel_str("c", ""),
					      oriel_str("d", "e f"), oriel_bool("g", true))),
			    " a=b c=\"\" d=\"e f\" g=true");
	assert_string_equal(row_of(ORIEL_WITH(oriel_int("n", INT64_MIN), oriel_int("z", 0),
					      oriel_ints("l", (int64_t[]){ 1 }, 1))),
			    " n=-9223372036854775808 z=0 l=[...]");
	assert_string_equal(row_of(ORIEL_WITH(oriel_f64("a", 42.5), oriel_f64("b", -0.25),
					      oriel_f64("c", 7), oriel_f64("d", NAN),
					      oriel_f64("e", -1e300), oriel_f64("f", 1e-9),
					      oriel_f64("g", 0))),
			    " a=42.5 b=-0.25 c=7 d=nan e=-huge f=tiny g=0");
}

static void nothing_breaks_a_line(void **state)
{
	struct plain line;

	(void)state;
	plain_open(&line, text, sizeof(text));
	plain_text(&line, STR("a\nb\r\033[1m\xff\xc3\xa4"));
	plain_field(&line, STR("k\n"), STR("say \"hi\"\\\n"));
	assert_string_equal(
		closed(&line),
		"a\\nb\\x0d\\x1b[1m\xef\xbf\xbd\xc3\xa4 k\\n=\"say \\\"hi\\\"\\\\\\n\"");
}

static void what_has_no_room_is_cut_between_characters(void **state)
{
	struct plain line;

	(void)state;
	plain_open(&line, text, 6);
	plain_text(&line, STR("abcd\xc3\xa4"));
	plain_text(&line, STR("more"));
	plain_field(&line, STR("k"), STR("v"));
	assert_true(plain_close(&line) <= 6);
	assert_memory_equal(text, "abcd", 4);
	plain_open(&line, text, 1);
	plain_text(&line, STR("abcd"));
	assert_int_equal(plain_close(&line), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_dates),
		cmocka_unit_test(attributes_are_keys_and_values),
		cmocka_unit_test(nothing_breaks_a_line),
		cmocka_unit_test(what_has_no_room_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
