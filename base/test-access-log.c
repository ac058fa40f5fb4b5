/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/access-log.h"

static void it_is_on_for_those_who_asked_for_lines(void **state)
{
	(void)state;
	assert_false(access_log_is_on(STR(""), STR(""), STR("")));
	assert_true(access_log_is_on(STR(""), STR("json"), STR("")));
	assert_false(access_log_is_on(STR(""), STR("none"), STR("")));
	assert_true(access_log_is_on(STR(""), STR(""), STR("nori")));
	assert_false(access_log_is_on(STR("false"), STR("json"), STR("")));
	assert_true(access_log_is_on(STR("1"), STR(""), STR("")));
	assert_false(access_log_is_on(STR("perhaps"), STR(""), STR("")));
}

static bool ignored(const char *list, const char *route, const char *path, unsigned status)
{
	return access_log_ignores(str_of(list), str_of(route), str_of(path), status);
}

static void a_route_is_ignored_whatever_its_path(void **state)
{
	(void)state;
	assert_true(ignored("/cart/{id}", "/cart/{id}", "/cart/7", 200));
	assert_false(ignored("/cart/7", "/cart/{id}", "/cart/7", 200));
	assert_true(ignored("/health", "", "/health", 200));
	assert_false(ignored("/health", "", "/healthy", 200));
	assert_true(ignored(" /a , /static/* ", "", "/static/x.png", 200));
	assert_false(ignored("", "", "", 200));
}

static void a_status_is_ignored_alone_or_with_a_route(void **state)
{
	(void)state;
	assert_true(ignored("404", "/x", "/x", 404));
	assert_false(ignored("404", "/x", "/x", 405));
	assert_true(ignored("2xx,3XX", "/x", "/x", 302));
	assert_true(ignored("/health:2xx", "", "/health", 204));
	assert_false(ignored("/health:2xx", "", "/health", 503));
	assert_false(ignored("/health:200", "", "/other", 200));
	assert_false(ignored("2xx", "", "", 0));
}

static void a_path_may_end_like_a_status(void **state)
{
	(void)state;
	assert_true(ignored("/page/404", "", "/page/404", 200));
	assert_false(ignored("/page/404", "", "/page/405", 404));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_on_for_those_who_asked_for_lines),
		cmocka_unit_test(a_route_is_ignored_whatever_its_path),
		cmocka_unit_test(a_status_is_ignored_alone_or_with_a_route),
		cmocka_unit_test(a_path_may_end_like_a_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
