/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exclusion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What the environment has, as NAME=VALUE. */
static const char *const *environment;

static char *get(const char *variable)
{
	size_t n = strlen(variable);

	for (const char *const *v = environment; *v; v++)
		if (strncmp(*v, variable, n) == 0 && (*v)[n] == '=')
			return (char *)*v + n + 1;
	return NULL;
}

/* "text for 3; text for 4" of what holds. */
static const char *holding(const char *const *variables)
{
	static char text[256];
	struct exclusion_list list[EXCLUSION_LISTS_MOST];
	size_t n, at = 0;

	environment = variables;
	n = exclusion_lists(get, list);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s" STR_FMT " for %u",
				       i ? "; " : "", STR_ARG(list[i].text), list[i].holds_for);
	return text;
}

#define HOLDING(...) holding((const char *const[]){ __VA_ARGS__, NULL })

static void the_general_list_holds_for_all(void **state)
{
	(void)state;
	assert_string_equal(HOLDING("ORIEL_EXCLUDED_URLS=a"), "a for 7");
	assert_string_equal(HOLDING("PATH=a"), "");
}

static void a_list_of_a_signal_replaces_the_general_one_there(void **state)
{
	(void)state;
	assert_string_equal(HOLDING("ORIEL_EXCLUDED_URLS=a", "ORIEL_EXCLUDED_URLS_METRICS=b"),
			    "b for 2; a for 5");
	assert_string_equal(HOLDING("ORIEL_EXCLUDED_URLS=a",
				    "ORIEL_EXCLUDED_URLS_TRACES=", "ORIEL_EXCLUDED_URLS_METRICS=b",
				    "ORIEL_EXCLUDED_URLS_ACCESS_LOG=c"),
			    " for 1; b for 2; c for 4");
}

static void names_from_python_leave_the_access_log_alone(void **state)
{
	(void)state;
	assert_string_equal(HOLDING("OTEL_PYTHON_EXCLUDED_URLS=a"), "a for 3");
	assert_string_equal(HOLDING("OTEL_PYTHON_EXCLUDED_URLS=a",
				    "ORIEL_EXCLUDED_URLS_ACCESS_LOG=b"),
			    "b for 4; a for 3");
}

static void specific_ones_replace_the_generic_one_and_share(void **state)
{
	(void)state;
	assert_string_equal(HOLDING("OTEL_PYTHON_EXCLUDED_URLS=a",
				    "OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS=b"),
			    "b for 3");
	assert_string_equal(HOLDING("OTEL_PYTHON_EXCLUDED_URLS=a",
				    "OTEL_PYTHON_AIOHTTP_EXCLUDED_URLS=c"),
			    "c for 3");
	assert_string_equal(HOLDING("OTEL_PYTHON_EXCLUDED_URLS=a",
				    "OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS=b",
				    "OTEL_PYTHON_AIOHTTP_EXCLUDED_URLS=c"),
			    "b for 3; c for 3");
	assert_string_equal(HOLDING("OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS=b",
				    "OTEL_PYTHON_AIOHTTP_EXCLUDED_URLS=c",
				    "OTEL_PYTHON_EXCLUDED_URLS=a", "ORIEL_EXCLUDED_URLS=d"),
			    "d for 7");
}

static void set_but_empty_excludes_nothing(void **state)
{
	(void)state;
	assert_string_equal(HOLDING("ORIEL_EXCLUDED_URLS=", "OTEL_PYTHON_EXCLUDED_URLS=a"),
			    " for 7");
	assert_string_equal(HOLDING("OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS=",
				    "OTEL_PYTHON_EXCLUDED_URLS=a"),
			    " for 3");
}

static void patterns_are_cut_at_commas_without_a_backslash(void **state)
{
	struct str list = STR(" a , ,b\\,c,d\\\\,e{1\\,2},\\"), pattern;
	static const char *const expected[] = { "a", "b\\,c", "d\\\\", "e{1\\,2}", "\\" };

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(exclusion_next(&list, &pattern));
		assert_true(str_eq(pattern, str_of(expected[i])));
	}
	assert_false(exclusion_next(&list, &pattern));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_general_list_holds_for_all),
		cmocka_unit_test(a_list_of_a_signal_replaces_the_general_one_there),
		cmocka_unit_test(names_from_python_leave_the_access_log_alone),
		cmocka_unit_test(specific_ones_replace_the_generic_one_and_share),
		cmocka_unit_test(set_but_empty_excludes_nothing),
		cmocka_unit_test(patterns_are_cut_at_commas_without_a_backslash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
