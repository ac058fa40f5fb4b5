/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool found_in(struct str text, struct str in)
{
	struct pattern_error error;
	struct pattern p;

	if (pattern_compile(&p, text, &error) != 0)
		fail_msg("%s: %s at %zu", text.p, error.says, error.at);
	return pattern_found(&p, in);
}

#define found(pattern, in) found_in(STR(pattern), STR(in))

static void assert_bad(const char *pattern, size_t at, const char *says)
{
	struct pattern_error error = { 0 };
	struct pattern p;

	if (pattern_compile(&p, str_of(pattern), &error) == 0)
		fail_msg("%s is taken", pattern);
	assert_string_equal(error.says, says);
	assert_int_equal(error.at, at);
}

static void it_is_searched_anywhere(void **state)
{
	(void)state;
	assert_true(found("health", "/a/healthcheck"));
	assert_false(found("health", "/a/heal"));
	assert_true(found("", ""));
	assert_true(found("", "x"));
	assert_true(found("b", "aab"));
	assert_true(found("aab", "aaab"));
}

static void a_plain_text_is_found_wherever_it_stands(void **state)
{
	(void)state;
	assert_true(found("ab", "ab"));
	assert_true(found("ab", "xxab"));
	assert_true(found("ab", "aab"));
	assert_true(found("b", "ab"));
	assert_false(found("ab", "a"));
	assert_false(found("ab", "ba"));
	assert_false(found("ab", ""));
	assert_true(found("/a\\.b", "/x/a.b"));
	assert_false(found("/a\\.b", "/x/a_b"));
}

static void ends_are_tied_down(void **state)
{
	(void)state;
	assert_true(found("^/metrics$", "/metrics"));
	assert_false(found("^/metrics$", "/a/metrics"));
	assert_false(found("^/metrics$", "/metrics/a"));
	assert_true(found("^a|b$", "cab"));
	assert_true(found("(^|/)x", "x"));
	assert_true(found("(^|/)x", "a/x"));
	assert_false(found("(^|/)x", "ax"));
	assert_true(found("a$", "a\n"));
	assert_false(found("a\\Z", "a\n"));
	assert_true(found("(?m)^b", "a\nb"));
	assert_false(found("^b", "a\nb"));
}

static void there_are_choices_and_repetitions(void **state)
{
	(void)state;
	assert_true(found("^(cat|dog|)s$", "dogs"));
	assert_true(found("^(cat|dog|)s$", "s"));
	assert_true(found("^a*$", ""));
	assert_true(found("^(?:ab)+$", "abab"));
	assert_false(found("^(?:ab)+$", "aba"));
	assert_true(found("^a{2,3}$", "aa"));
	assert_true(found("^a{2,3}$", "aaa"));
	assert_false(found("^a{2,3}$", "aaaa"));
	assert_false(found("^a{2,3}$", "a"));
	assert_true(found("^a{2\\,3}$", "aaa"));
	assert_true(found("^a{,2}$", "aa"));
	assert_true(found("^a{2,}$", "aaaaa"));
	assert_true(found("^(a|b{2}){3}$", "abba"));
	assert_true(found("^a{0}b$", "b"));
	assert_true(found("^a{x}$", "a{x}"));
	assert_true(found("^.*?x??$", "abc"));
	assert_true(found("^((a*)*)*$", "aaa"));
	assert_true(found("^(){900}$", ""));
}

static void sets_have_ranges_and_opposites(void **state)
{
	(void)state;
	assert_true(found("^[a-c-]+$", "ab-c"));
	assert_true(found("^[]a]+$", "]a"));
	assert_true(found("^[^]a]$", "b"));
	assert_false(found("^[^]a]$", "]"));
	assert_true(found("^[\\d_\\-x]+$", "1_-x"));
	assert_true(found("^\\w+\\s\\S\\D\\W$", "a_9 xy-"));
	assert_true(found("^[\\x41-C]$", "B"));
	assert_true(found("^[\\101]\\x42\\0103$", "AB\0103"));
	assert_false(found("^.$", "\n"));
	assert_true(found("(?s)^.$", "\n"));
}

static void words_have_boundaries(void **state)
{
	(void)state;
	assert_true(found("\\bcat\\b", "a cat."));
	assert_false(found("\\bcat\\b", "concat"));
	assert_true(found("\\Bcat", "concat"));
}

static void case_matters_unless_told_otherwise(void **state)
{
	(void)state;
	assert_false(found("abc", "ABC"));
	assert_true(found("(?i)ab[c-d]", "ABD"));
	assert_true(found("^(?i:a)b$", "Ab"));
	assert_false(found("^(?i:a)b$", "AB"));
	assert_false(found("(?i)^[^a]$", "A"));
	assert_true(found("(?i)^(?-i:a)B$", "ab"));
}

static void groups_may_have_names_and_comments(void **state)
{
	(void)state;
	assert_true(found("^/users/(?P<id>[^/]+?)/?$", "/users/7/"));
	assert_true(found("^a(?#why)+$", "aaa"));
}

static void any_byte_may_be_in_both(void **state)
{
	(void)state;
	assert_true(found("^\\0\xff$", "\0\xff"));
	assert_true(found("\xc3\xa9", "/caf\xc3\xa9"));
	assert_true(found("[^a]", "\x80"));
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	assert_bad("a(b", 1, "no ) ends the group");
	assert_bad("a)b", 1, "no ( begins this group");
	assert_bad("*a", 0, "nothing to repeat");
	assert_bad("a|+", 2, "nothing to repeat");
	assert_bad("^*", 1, "nothing to repeat");
	assert_bad("a**", 2, "repeated twice");
	assert_bad("a{3,2}", 1, "from more to fewer times");
	assert_bad("[a", 0, "no ] ends the set");
	assert_bad("[]", 0, "no ] ends the set");
	assert_bad("x[b-a]", 2, "not a range");
	assert_bad("[\\d-z]", 1, "not a range");
	assert_bad("ab\\", 2, "nothing after the backslash");
	assert_bad("\\y", 0, "unknown escape");
	assert_bad("\\x4", 0, "two hex digits belong after \\x");
	assert_bad("\\777", 0, "a byte is at most \\377");
	assert_bad("(a)\\1", 3, "a reference to a group can't be searched in linear time");
	assert_bad("(?=a)", 0, "can't be searched in linear time");
	assert_bad("(?<!a)", 0, "can't be searched in linear time");
	assert_bad("a++", 1, "can't be searched in linear time");
	assert_bad("(?y)", 2, "unknown kind of group");
	assert_bad("a(?i)", 4, "unknown kind of group");
}

static void what_is_too_large_is_refused(void **state)
{
	char deep[64];

	(void)state;
	assert_bad("a{300}", 6, "too large");
	assert_bad("((a{16}){16}){16}", 17, "too large");
	assert_bad("a{4294967297}", 1, "too large");
	memset(deep, '(', PATTERN_NESTING + 1);
	deep[PATTERN_NESTING + 1] = 0;
	assert_bad(deep, PATTERN_NESTING, "too many groups within groups");
}

/* A search of n bytes visits each state once for each byte at most. */
static void no_pattern_is_slow(void **state)
{
	static const char *const evil[] = { "(a+)+$",	   "(a|aa)+$",
					    "(a*)*b",	   "((a?){50}a{50})+$",
					    "^(.*a){12}b", "(x+x+)+y|(a|a)*c" };
	size_t n = 65536;
	char *text = malloc(n);

	(void)state;
	memset(text, 'a', n);
	text[n - 1] = '!';
	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
		struct pattern_error error;
		struct pattern p;

		assert_int_equal(pattern_compile(&p, str_of(evil[i]), &error), 0);
		assert_false(pattern_found(&p, (struct str){ text, n }));
		assert_true(pattern_steps(&p, (struct str){ text, n }) <= (n + 1) * p.n);
	}
	free(text);
}

static void what_can_not_begin_costs_no_steps(void **state)
{
	struct pattern_error error;
	struct pattern p;

	(void)state;
	assert_int_equal(pattern_compile(&p, STR("^/metrics$"), &error), 0);
	assert_true(pattern_steps(&p, STR("/orders/1234567890/items/1234567890")) < 10);
	assert_int_equal(pattern_compile(&p, STR("zzz|yyy"), &error), 0);
	assert_int_equal(pattern_steps(&p, STR("/orders/1234567890/items/1234567890")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_searched_anywhere),
		cmocka_unit_test(a_plain_text_is_found_wherever_it_stands),
		cmocka_unit_test(ends_are_tied_down),
		cmocka_unit_test(there_are_choices_and_repetitions),
		cmocka_unit_test(sets_have_ranges_and_opposites),
		cmocka_unit_test(words_have_boundaries),
		cmocka_unit_test(case_matters_unless_told_otherwise),
		cmocka_unit_test(groups_may_have_names_and_comments),
		cmocka_unit_test(any_byte_may_be_in_both),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(what_is_too_large_is_refused),
		cmocka_unit_test(no_pattern_is_slow),
		cmocka_unit_test(what_can_not_begin_costs_no_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
