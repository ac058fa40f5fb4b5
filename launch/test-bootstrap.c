/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/bootstrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char taken[256];

static bool take(void *you, struct str name, struct str value)
{
	(void)you;
	snprintf(taken + strlen(taken), sizeof(taken) - strlen(taken), "<" STR_FMT "|" STR_FMT ">",
		 STR_ARG(name), STR_ARG(value));
	return true;
}

static bool parse(const char *text)
{
	struct str bad;

	taken[0] = '\0';
	return bootstrap_parse(str_of(text), take, NULL, &bad);
}

static void settings_are_lines(void **state)
{
	(void)state;
	assert_true(parse("# which shop\nOTEL_SERVICE_NAME=shop\n\n  \nDD_ENV=a=b \"c\""));
	assert_string_equal(taken, "<OTEL_SERVICE_NAME|shop><DD_ENV|a=b \"c\">");
	assert_true(parse(""));
	assert_true(parse("ORIEL_X="));
	assert_string_equal(taken, "<ORIEL_X|>");
}

static void a_line_that_is_none_is_told(void **state)
{
	static const char *const bad[] = { "hello",  "PATH=/bin", "export OTEL_A=1", " OTEL_A=1",
					   "OTEL_A", "=x",	  "OTEL_a=1",	     "OTEL_A =1" };
	struct str line;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parse(bad[i]));
	assert_false(bootstrap_parse(STR("OTEL_A=1\noops\n"), take, NULL, &line));
	assert_true(str_eq(line, STR("oops")));
	assert_false(bootstrap_parse((struct str){ "OTEL_A=1\0002", 10 }, take, NULL, &line));
}

static const struct program nothing;

static void named_hooks_are_objects_or_scripts(void **state)
{
	struct bootstrap b;

	(void)state;
	setenv("ORIEL_BOOTSTRAP", "/bin/sh",
	       1); /* position-independent, and a program all the same */
	bootstrap_find(&b, &nothing, BOOTSTRAP_QUICK);
	assert_int_equal(b.kind, BOOTSTRAP_SCRIPT);
	setenv("ORIEL_BOOTSTRAP", "nowhere.so", 1);
	bootstrap_find(&b, &nothing, BOOTSTRAP_QUICK);
	assert_int_equal(b.kind, BOOTSTRAP_OBJECT);
	assert_string_equal(b.path, "./nowhere.so");
	setenv("ORIEL_BOOTSTRAP", "none", 1);
	bootstrap_find(&b, &nothing, BOOTSTRAP_QUICK);
	assert_int_equal(b.kind, BOOTSTRAP_OFF);
	setenv("ORIEL_BOOTSTRAP", "", 1);
	bootstrap_find(&b, &nothing, BOOTSTRAP_QUICK);
	assert_int_equal(b.kind, BOOTSTRAP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_lines),
		cmocka_unit_test(a_line_that_is_none_is_told),
		cmocka_unit_test(named_hooks_are_objects_or_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
