/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/loader.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define READ(...) read_all((const char *[]){ "ld.so", __VA_ARGS__, NULL })

static struct loader read_all(const char **argv)
{
	return loader_read((char *const *)(uintptr_t)argv);
}

static void assert_program(struct loader l, const char *program, const char *library_path)
{
	assert_true(str_eq(l.program, str_of(program)));
	if (library_path)
		assert_string_equal(l.library_path, library_path);
	else
		assert_null(l.library_path);
}

static void the_first_word_is_the_program(void **state)
{
	(void)state;
	assert_program(READ("./server"), "./server", NULL);
	assert_program(READ("./server", "--library-path", "lib"), "./server", NULL);
}

static void options_and_their_values_are_passed_over(void **state)
{
	(void)state;
	assert_program(READ("--inhibit-cache", "--argv0", "me", "./server", "-x"), "./server",
		       NULL);
	assert_program(READ("--preload", "a.so", "--library-path", "lib:b", "./server"), "./server",
		       "lib:b");
	assert_program(READ("--library-path=lib", "--", "--server"), "--server", "lib");
}

static void what_starts_nothing_has_no_program(void **state)
{
	(void)state;
	assert_program(read_all((const char *[]){ "ld.so", NULL }), "", NULL);
	assert_program(READ("--list", "./server"), "", NULL);
	assert_program(READ("--help"), "", NULL);
	assert_program(READ("--argv0"), "", NULL);
	assert_program(READ("--library-path", "lib"), "", "lib");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_word_is_the_program),
		cmocka_unit_test(options_and_their_values_are_passed_over),
		cmocka_unit_test(what_starts_nothing_has_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
