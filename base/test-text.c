/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, UTF-8 and hex: what foreign text is cut and checked with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/hex.h"
#include "base/str.h"
#include "base/utf8.h"

#define assert_str(s, literal) assert_true(str_eq((s), STR(literal)))

static void a_cut_has_what_is_before_and_after(void **state)
{
	struct cut c = str_cut(STR("a=b=c"), '=');

	(void)state;
	assert_true(c.found);
	assert_str(c.head, "a");
	assert_str(c.tail, "b=c");
}

static void a_cut_that_finds_nothing_keeps_all_in_its_head(void **state)
{
	struct cut c = str_cut(STR("abc"), ',');

	(void)state;
	assert_false(c.found);
	assert_str(c.head, "abc");
	assert_int_equal(c.tail.n, 0);
}

static void cutting_ends_on_the_empty_slice(void **state)
{
	struct cut c = str_cut((struct str){ 0 }, ',');

	(void)state;
	assert_false(c.found);
	assert_int_equal(c.head.n, 0);
	assert_int_equal(c.tail.n, 0);
}

static void trimming_takes_blanks_at_both_ends_only(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t a b\r\n")), "a b");
	assert_str(str_trim(STR(" \n ")), "");
}

static void what_is_empty_is_no_item_of_a_list(void **state)
{
	struct str list = STR(" a,, \t,b c , "), item;

	(void)state;
	assert_true(str_next(&list, ',', &item));
	assert_str(item, "a");
	assert_true(str_next(&list, ',', &item));
	assert_str(item, "b c");
	assert_false(str_next(&list, ',', &item));
	assert_false(str_next(&list, ',', &item));
}

static void starts_and_ends_look_no_further_than_the_slice(void **state)
{
	struct str s = { "abcdef", 3 };

	(void)state;
	assert_true(str_starts(s, STR("ab")));
	assert_true(str_ends(s, STR("bc")));
	assert_false(str_starts(s, STR("abcd")));
	assert_false(str_ends(s, STR("def")));
	assert_true(str_starts(s, STR("")));
}

static void case_is_ignored_for_ascii_only(void **state)
{
	(void)state;
	assert_true(str_eq_nocase(STR("TraceParent"), STR("traceparent")));
	assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
	assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void slicing_past_the_end_gives_the_empty_slice(void **state)
{
	(void)state;
	assert_int_equal(str_from(STR("abc"), 9).n, 0);
	assert_str(str_first(STR("abc"), 9), "abc");
	assert_str(str_first(STR("abc"), 2), "ab");
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(str_to_u64(STR("18446744073709551615"), &v));
	assert_int_equal(v, UINT64_MAX);
	assert_true(str_to_u64(STR("007"), &v));
	assert_int_equal(v, 7);
	v = 1;
	assert_false(str_to_u64(STR(""), &v));
	assert_false(str_to_u64(STR("-1"), &v));
	assert_false(str_to_u64(STR(" 1"), &v));
	assert_false(str_to_u64(STR("1a"), &v));
	assert_int_equal(v, 1);
}

static void a_number_that_does_not_fit_is_no_number(void **state)
{
	uint64_t v = 1;

	(void)state;
	assert_false(str_to_u64(STR("18446744073709551616"), &v));
	assert_false(str_to_u64(STR("99999999999999999999999"), &v));
	assert_int_equal(v, 1);
}

static void utf8_has_characters_of_one_to_four_bytes(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(STR("a")), 1);
	assert_int_equal(utf8_length(STR("\xc3\xa4")), 2);
	assert_int_equal(utf8_length(STR("\xe2\x82\xac")), 3);
	assert_int_equal(utf8_length(STR("\xf0\x9f\x8e\x89")), 4);
	assert_int_equal(utf8_length(STR("\xf4\x8f\xbf\xbf")), 4);
}

static void utf8_refuses_what_rfc_3629_refuses(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(STR("\x80")), 0);		   /* continuation first */
	assert_int_equal(utf8_length(STR("\xc0\x80")), 0);	   /* overlong */
	assert_int_equal(utf8_length(STR("\xe0\x9f\xbf")), 0);	   /* overlong */
	assert_int_equal(utf8_length(STR("\xf0\x8f\xbf\xbf")), 0); /* overlong */
	assert_int_equal(utf8_length(STR("\xed\xa0\x80")), 0);	   /* surrogate */
	assert_int_equal(utf8_length(STR("\xf4\x90\x80\x80")), 0); /* past U+10FFFF */
	assert_int_equal(utf8_length(STR("\xff")), 0);
}

static void utf8_cut_short_is_no_character(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(STR("\xc3")), 0);
	assert_int_equal(utf8_length(STR("\xe2\x82")), 0);
	assert_int_equal(utf8_length(STR("\xf0\x9f\x8e")), 0);
	assert_int_equal(utf8_length((struct str){ "\xc3\xa4", 1 }), 0);
}

static void every_byte_has_its_two_digits_wherever_it_stands(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (size_t n = 1; n <= 9; n++) {
			unsigned char bytes[9] = { 0 };
			char text[19] = { 0 }, expected[19] = { 0 };

			bytes[n - 1] = (unsigned char)byte;
			for (size_t i = 0; i < n; i++)
				snprintf(expected + 2 * i, 3, "%02x", bytes[i]);
			hex_write(text, bytes, n);
			assert_string_equal(text, expected);
		}
}

static void hex_comes_back_as_it_went(void **state)
{
	unsigned char b[4] = { 0x00, 0x9a, 0xff, 0x10 }, again[4];
	char text[8];

	(void)state;
	hex_write(text, b, sizeof(b));
	assert_memory_equal(text, "009aff10", 8);
	assert_true(hex_read(again, sizeof(again), (struct str){ text, 8 }, false));
	assert_memory_equal(again, b, sizeof(b));
}

static void hex_of_another_width_or_case_is_refused(void **state)
{
	unsigned char b[2];

	(void)state;
	assert_false(hex_read(b, 2, STR("abc"), false));
	assert_false(hex_read(b, 2, STR("abcde"), false));
	assert_false(hex_read(b, 2, STR("abcg"), false));
	assert_false(hex_read(b, 2, STR("ABCD"), false));
	assert_true(hex_read(b, 2, STR("ABCD"), true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_has_what_is_before_and_after),
		cmocka_unit_test(a_cut_that_finds_nothing_keeps_all_in_its_head),
		cmocka_unit_test(cutting_ends_on_the_empty_slice),
		cmocka_unit_test(trimming_takes_blanks_at_both_ends_only),
		cmocka_unit_test(what_is_empty_is_no_item_of_a_list),
		cmocka_unit_test(starts_and_ends_look_no_further_than_the_slice),
		cmocka_unit_test(case_is_ignored_for_ascii_only),
		cmocka_unit_test(slicing_past_the_end_gives_the_empty_slice),
		cmocka_unit_test(a_number_is_digits_and_nothing_else),
		cmocka_unit_test(a_number_that_does_not_fit_is_no_number),
		cmocka_unit_test(utf8_has_characters_of_one_to_four_bytes),
		cmocka_unit_test(utf8_refuses_what_rfc_3629_refuses),
		cmocka_unit_test(utf8_cut_short_is_no_character),
		cmocka_unit_test(every_byte_has_its_two_digits_wherever_it_stands),
		cmocka_unit_test(hex_comes_back_as_it_went),
		cmocka_unit_test(hex_of_another_width_or_case_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
