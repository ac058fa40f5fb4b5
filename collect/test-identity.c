/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/identity.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct who {
	struct segment_header h;
	struct settings settings;
	struct identity_given given;
	struct resource *r;
};

static int setup(void **state)
{
	static struct who w;

	memset(&w, 0, sizeof(w));
	strcpy(w.h.program, "/usr/bin/storefront");
	w.h.pid = 4711;
	w.h.instance[0] = 0xab;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct who *w = *state;

	resource_free(w->r);
	return 0;
}

#define SETTINGS(literal) ((struct settings){ { literal, sizeof(literal) } })

static const struct resource *made(struct who *w)
{
	w->r = identity_resource(&w->h, &w->settings, &w->given);
	assert_non_null(w->r);
	return w->r;
}

#define assert_attribute(r, key, literal) \
	assert_true(str_eq(attributes_text((r)->attributes, STR(key)), STR(literal)))

static void a_nameless_service_is_named_after_its_program(void **state)
{
	const struct resource *r = made(*state);

	assert_attribute(r, "service.name", "unknown_service:storefront");
	assert_attribute(r, "process.executable.name", "storefront");
	assert_attribute(r, "process.executable.path", "/usr/bin/storefront");
	assert_attribute(r, "telemetry.sdk.name", "oriel");
	assert_attribute(r, "service.instance.id", "ab000000-0000-0000-0000-000000000000");
	assert_int_equal(attributes_int(r->attributes, STR("process.pid"), 0), 4711);
}

static void the_code_names_the_service(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "checkout");
	strcpy(w->given.version, "1.4.2");
	assert_attribute(made(w), "service.name", "checkout");
	assert_attribute(w->r, "service.version", "1.4.2");
}

static void a_name_that_says_nothing_is_none(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "app");
	assert_attribute(made(w), "service.name", "unknown_service:storefront");
}

static void the_environment_goes_before_the_code(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "checkout");
	w->settings = SETTINGS("OTEL_RESOURCE_ATTRIBUTES=service.name=shop,host.name=h%201");
	assert_attribute(made(w), "service.name", "shop");
	assert_attribute(w->r, "host.name", "h 1");
}

static void the_variable_of_its_own_goes_before_the_list(void **state)
{
	struct who *w = *state;

	w->settings =
		SETTINGS("OTEL_SERVICE_NAME=front\0OTEL_RESOURCE_ATTRIBUTES=service.name=shop,a=b");
	assert_attribute(made(w), "service.name", "front");
	assert_attribute(w->r, "a", "b");
}

static void a_list_that_makes_no_sense_is_ignored_as_a_whole_and_counted(void **state)
{
	struct who *w = *state;
	uint64_t before = stats_get(settings_bad);

	w->settings = SETTINGS("OTEL_RESOURCE_ATTRIBUTES=a=b,c=%4");
	assert_null(attributes_find(made(w)->attributes, STR("a")));
	assert_int_equal(stats_get(settings_bad) - before, 1);
}

static void only_sixteen_hex_digits_are_a_run(void **state)
{
	struct who *w = *state;

	assert_int_equal(identity_run(&w->h).n, 0);
	memcpy(w->h.run, "0123456789abcdef", 16);
	assert_int_equal(identity_run(&w->h).n, 16);
	w->h.run[3] = '/';
	assert_int_equal(identity_run(&w->h).n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_nameless_service_is_named_after_its_program),
		TEST(the_code_names_the_service),
		TEST(a_name_that_says_nothing_is_none),
		TEST(the_environment_goes_before_the_code),
		TEST(the_variable_of_its_own_goes_before_the_list),
		TEST(a_list_that_makes_no_sense_is_ignored_as_a_whole_and_counted),
		TEST(only_sixteen_hex_digits_are_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
