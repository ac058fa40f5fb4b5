/* SPDX-License-Identifier: Apache-2.0 */
/* Out, JSON, arena and error paths: memory that grows, and text that is written into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/out.h"

#define assert_out(o, literal) \
	do { \
		assert_int_equal((o)->n, sizeof(literal) - 1); \
		assert_memory_equal((o)->p, literal, sizeof(literal) - 1); \
	} while (0)

static int fresh(void **state)
{
	static struct out o;

	o = (struct out){ 0 };
	*state = &o;
	return 0;
}

static int done(void **state)
{
	out_fini(*state);
	return 0;
}

static void out_grows_past_any_first_guess(void **state)
{
	struct out *o = *state;

	for (int i = 0; i < 10000; i++)
		out_str(o, STR("0123456789"));
	assert_int_equal(o->error, 0);
	assert_int_equal(o->n, 100000);
	assert_memory_equal(o->p + 99990, "0123456789", 10);
}

static void a_format_longer_than_its_guess_is_whole(void **state)
{
	struct out *o = *state;

	out_fmt(o, "%0*d|%s", 1000, 7, "end");
	assert_int_equal(o->n, 1004);
	assert_memory_equal(o->p + 999, "7|end", 5);
}

static void a_limit_is_exact_and_sticks(void **state)
{
	struct out *o = *state;

	o->limit = 10;
	out_str(o, STR("0123456789"));
	assert_int_equal(o->error, 0);
	out_char(o, 'x');
	assert_int_equal(o->error, -EFBIG);
	out_str(o, STR(""));
	out_fmt(o, "y");
	assert_int_equal(o->error, -EFBIG);
	assert_out(o, "0123456789");
	out_clear(o);
	out_fmt(o, "%s", "new");
	assert_int_equal(o->error, 0);
	assert_out(o, "new");
}

static void integers_are_written_to_their_ends(void **state)
{
	struct out *o = *state;

	out_u64(o, UINT64_MAX);
	out_char(o, ' ');
	out_i64(o, INT64_MIN);
	out_char(o, ' ');
	out_u64(o, 0);
	assert_out(o, "18446744073709551615 -9223372036854775808 0");
}

static void a_double_reads_back_the_same(void **state)
{
	static const double number[] = {
		0.1, 1.0 / 3, 1e300, DBL_MIN, DBL_MAX, -2.5, 123456789012345678.0
	};
	struct out *o = *state;

	for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++) {
		out_clear(o);
		out_f64(o, number[i]);
		out_char(o, '\0');
		assert_true(strtod(o->p, NULL) == number[i]);
	}
	out_clear(o);
	out_f64(o, 0.1);
	assert_out(o, "0.1");
}

static void json_puts_commas_where_they_belong(void **state)
{
	struct json j = { .out = *state };

	json_open(&j, '{');
	json_key(&j, STR("a"));
	json_u64(&j, 1);
	json_key(&j, STR("b"));
	json_open(&j, '[');
	json_bool(&j, true);
	json_null(&j);
	json_open(&j, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	json_key(&j, STR("c"));
	json_i64(&j, -3);
	json_close(&j, '}');
	assert_out(j.out, "{\"a\":1,\"b\":[true,null,{}],\"c\":-3}");
}

static void json_escapes_what_would_end_or_break_a_string(void **state)
{
	struct json j = { .out = *state };

	json_str(&j, STR("\"\\/\n\t\r\x01\x7f"));
	assert_out(j.out, "\"\\\"\\\\/\\n\\t\\r\\u0001\\u007f\"");
}

static void json_keeps_utf8_and_replaces_what_is_none(void **state)
{
	struct json j = { .out = *state };

	json_str(&j, STR("\xc3\xa4|\xff|\xe2\x82|\xed\xa0\x80"));
	assert_out(j.out, "\"\xc3\xa4|\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|"
			  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void json_has_no_word_for_nan_so_it_is_text(void **state)
{
	struct json j = { .out = *state };

	json_open(&j, '[');
	json_f64(&j, NAN);
	json_f64(&j, INFINITY);
	json_f64(&j, -INFINITY);
	json_f64(&j, 0.5);
	json_close(&j, ']');
	assert_out(j.out, "[\"NaN\",\"Infinity\",\"-Infinity\",0.5]");
}

static void json_writes_ids_and_large_numbers_as_text(void **state)
{
	struct json j = { .out = *state };

	json_open(&j, '[');
	json_hex(&j, "\x00\xab", 2);
	json_u64_text(&j, UINT64_MAX);
	json_raw(&j, STR("{}"));
	json_close(&j, ']');
	assert_out(j.out, "[\"00ab\",\"18446744073709551615\",{}]");
}

static void arena_memory_is_aligned_and_does_not_move(void **state)
{
	struct arena a = { 0 };
	char *first = arena_take(&a, 3);

	(void)state;
	memcpy(first, "abc", 3);
	for (size_t n = 1; n < 3000; n += 7) {
		char *p = arena_take(&a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 8, 0);
		memset(p, 0xee, n);
	}
	assert_memory_equal(first, "abc", 3);
	arena_fini(&a);
}

static void an_arena_holds_pieces_larger_than_its_blocks(void **state)
{
	struct arena a = { 0 };
	char *p = arena_take(&a, 1 << 20);

	(void)state;
	assert_non_null(p);
	memset(p, 1, 1 << 20);
	assert_true(a.total >= 1 << 20);
	p = arena_take(&a, 16);
	assert_non_null(p);
	memset(p, 2, 16);
	arena_fini(&a);
	assert_int_equal(a.total, 0);
}

static void nothing_at_all_has_an_address_too(void **state)
{
	struct arena a = { 0 };
	char *p = arena_take(&a, 0), *q = arena_take(&a, 0);

	(void)state;
	assert_non_null(p);
	assert_true(p != q);
	arena_fini(&a);
}

static void a_copy_outlives_what_it_copied(void **state)
{
	struct arena a = { 0 };
	char text[] = "abc";
	struct str s = arena_copy(&a, str_of(text));

	(void)state;
	text[0] = 'x';
	assert_true(str_eq(s, STR("abc")));
	assert_int_equal(arena_copy(&a, (struct str){ 0 }).n, 0);
	arena_fini(&a);
}

static int born(void)
{
	return ERR(-ENOSPC);
}

static int passed(void)
{
	int r = born();

	return TRACE(r);
}

static void an_error_says_where_it_was_born_and_passed(void **state)
{
	const char *text = err_path(passed());
	const char *first = strstr(text, "test-out.c:"), *second;

	(void)state;
	assert_non_null(strstr(text, "No space left on device"));
	assert_non_null(first);
	second = strstr(first + 1, "test-out.c:");
	assert_non_null(second);
	assert_true(atoi(first + 11) < atoi(second + 11));
}

static void a_new_error_forgets_the_path_of_the_last(void **state)
{
	const char *text;

	(void)state;
	passed();
	text = err_path(born());
	assert_null(strstr(text, " < "));
}

static void what_is_no_error_leaves_no_step(void **state)
{
	(void)state;
	born();
	assert_int_equal(TRACE(0), 0);
	assert_int_equal(TRACE(3), 3);
	assert_null(strstr(err_path(-EIO), " < "));
}

/* Every byte, at every place of texts that are shorter and longer than a word. */
static void each_byte_is_quoted_alike_wherever_it_stands(void **state)
{
	struct out *o = *state;

	for (unsigned b = 0; b < 256; b++) {
		char alone[16] = "", text[17], expected[40];
		struct json j = { .out = o };
		char c = (char)b;

		out_clear(o);
		json_str(&j, (struct str){ &c, 1 });
		memcpy(alone, o->p + 1, o->n - 2);
		for (size_t n = 1; n <= sizeof(text); n++)
			for (size_t at = 0; at < n; at++) {
				memset(text, 'a', n);
				text[at] = c;
				snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"", (int)at,
					 text, alone, (int)(n - at - 1), text + at + 1);
				out_clear(o);
				j.comma = false;
				json_str(&j, (struct str){ text, n });
				assert_int_equal(o->n, strlen(expected));
				assert_memory_equal(o->p, expected, o->n);
			}
	}
}

static void numbers_have_all_their_digits(void **state)
{
	static const char *const text[] = { "0",   "9",	   "10",   "99",
					    "100", "1000", "9999", "18446744073709551615" };
	struct out *o = *state;

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		uint64_t v = 0;

		out_clear(o);
		assert_true(str_to_u64(str_of(text[i]), &v));
		out_u64(o, v);
		assert_int_equal(o->n, strlen(text[i]));
		assert_memory_equal(o->p, text[i], o->n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(out_grows_past_any_first_guess, fresh, done),
		cmocka_unit_test_setup_teardown(each_byte_is_quoted_alike_wherever_it_stands, fresh,
						done),
		cmocka_unit_test_setup_teardown(numbers_have_all_their_digits, fresh, done),
		cmocka_unit_test_setup_teardown(a_format_longer_than_its_guess_is_whole, fresh,
						done),
		cmocka_unit_test_setup_teardown(a_limit_is_exact_and_sticks, fresh, done),
		cmocka_unit_test_setup_teardown(integers_are_written_to_their_ends, fresh, done),
		cmocka_unit_test_setup_teardown(a_double_reads_back_the_same, fresh, done),
		cmocka_unit_test_setup_teardown(json_puts_commas_where_they_belong, fresh, done),
		cmocka_unit_test_setup_teardown(json_escapes_what_would_end_or_break_a_string,
						fresh, done),
		cmocka_unit_test_setup_teardown(json_keeps_utf8_and_replaces_what_is_none, fresh,
						done),
		cmocka_unit_test_setup_teardown(json_has_no_word_for_nan_so_it_is_text, fresh,
						done),
		cmocka_unit_test_setup_teardown(json_writes_ids_and_large_numbers_as_text, fresh,
						done),
		cmocka_unit_test(arena_memory_is_aligned_and_does_not_move),
		cmocka_unit_test(an_arena_holds_pieces_larger_than_its_blocks),
		cmocka_unit_test(nothing_at_all_has_an_address_too),
		cmocka_unit_test(a_copy_outlives_what_it_copied),
		cmocka_unit_test(an_error_says_where_it_was_born_and_passed),
		cmocka_unit_test(a_new_error_forgets_the_path_of_the_last),
		cmocka_unit_test(what_is_no_error_leaves_no_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
