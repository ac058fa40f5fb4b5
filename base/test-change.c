/* SPDX-License-Identifier: Apache-2.0 */
#include "base/change.h"

#include "base/severity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct change read_it(const char *text)
{
	struct change c;

	assert_null(change_read(&c, str_of(text)));
	return c;
}

static const char *why(const char *text)
{
	struct change c;

	return change_read(&c, str_of(text));
}

static void a_level_is_for_all_or_for_one_logger(void **state)
{
	struct change c = read_it("level=debug");

	(void)state;
	assert_int_equal(c.kind, CHANGE_LEVEL);
	assert_int_equal(c.severity, SEVERITY_DEBUG);
	assert_int_equal(c.logger.n, 0);
	c = read_it(" level.db.pool = OFF ");
	assert_int_equal(c.severity, SEVERITY_OFF);
	assert_true(str_eq(c.logger, STR("db.pool")));
	assert_non_null(why("level=loud"));
	assert_non_null(why("level.=debug"));
	assert_non_null(why("level"));
}

static void sampling_is_a_share(void **state)
{
	(void)state;
	assert_true(read_it("sampling=always_on").threshold == UINT64_MAX);
	assert_true(read_it("sampling=always_off").threshold == 0);
	assert_true(read_it("sampling=0.5").threshold == 1ull << 63);
	assert_non_null(why("sampling=2"));
	assert_non_null(why("sampling=much"));
	assert_non_null(why("sampling.db=1"));
}

static void excluded_paths_are_patterns(void **state)
{
	char many[128] = "excluded=";
	size_t n = strlen(many);

	(void)state;
	assert_true(str_eq(read_it("excluded=^/health,\\.png$").patterns, STR("^/health,\\.png$")));
	assert_true(str_eq(read_it("excluded=none").patterns, STR(",")));
	assert_non_null(why("excluded=("));
	for (int i = 0; i < 17; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "a%d,", i);
	assert_non_null(why(many));
}

static void an_empty_value_goes_back(void **state)
{
	(void)state;
	assert_true(read_it("level=").back);
	assert_true(read_it("level.db=").back);
	assert_true(read_it("sampling=").back);
	assert_true(read_it("excluded=").back);
	assert_non_null(why("colour="));
	assert_non_null(why(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_level_is_for_all_or_for_one_logger),
		cmocka_unit_test(sampling_is_a_share),
		cmocka_unit_test(excluded_paths_are_patterns),
		cmocka_unit_test(an_empty_value_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
