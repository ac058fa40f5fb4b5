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
	struct identity_around around;
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
	w->r = identity_resource(&w->h, &w->settings, &w->given, w->around);
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

static void a_pair_that_makes_no_sense_is_skipped_and_counted(void **state)
{
	struct who *w = *state;
	uint64_t before = stats_get(settings_bad);

	w->settings = SETTINGS("OTEL_RESOURCE_ATTRIBUTES=a=b,c=%4,d,=e,, f = g%2Ch=i ,%61a=j");
	assert_attribute(made(w), "a", "b");
	assert_attribute(w->r, "f", "g,h=i");
	assert_attribute(w->r, "aa", "j");
	assert_null(attributes_find(w->r->attributes, STR("c")));
	assert_null(attributes_find(w->r->attributes, STR("d")));
	assert_int_equal(stats_get(settings_bad) - before, 3);
}

static void an_unknown_service_is_no_name(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "checkout");
	w->settings = SETTINGS("OTEL_SERVICE_NAME=unknown_service:python\0"
			       "OTEL_RESOURCE_ATTRIBUTES=service.name=unknown_service");
	assert_attribute(made(w), "service.name", "checkout");
}

static void a_name_that_only_begins_so_is_one(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "checkout");
	w->settings = SETTINGS("OTEL_SERVICE_NAME=unknown_services");
	assert_attribute(made(w), "service.name", "unknown_services");
}

static void what_someone_calls_service_or_app_in_the_environment_is_meant(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "checkout");
	w->settings = SETTINGS("OTEL_SERVICE_NAME=app");
	assert_attribute(made(w), "service.name", "app");
}

static void datadogs_names_are_understood_after_opentelemetrys(void **state)
{
	struct who *w = *state;

	strcpy(w->given.service, "checkout");
	w->settings = SETTINGS("DD_SERVICE=shop\0DD_VERSION=2\0DD_ENV=prod\0"
			       "OTEL_RESOURCE_ATTRIBUTES=service.version=3");
	assert_attribute(made(w), "service.name", "shop");
	assert_attribute(w->r, "service.version", "3");
	assert_attribute(w->r, "deployment.environment.name", "prod");
}

static void sentrys_names_come_after_datadogs(void **state)
{
	struct who *w = *state;

	w->settings = SETTINGS("RELEASE_SHA=abc\0SENTRY_ENV=prod\0DD_ENV=stage");
	assert_attribute(made(w), "service.version", "abc");
	assert_attribute(w->r, "deployment.environment.name", "stage");
}

static void an_instance_id_that_the_user_set_is_kept(void **state)
{
	struct who *w = *state;

	w->settings = SETTINGS("OTEL_RESOURCE_ATTRIBUTES=service.instance.id=mine");
	assert_attribute(made(w), "service.instance.id", "mine");
}

static void what_can_be_seen_from_outside_is_told(void **state)
{
	static const struct host host = { "box", "0123", "amd64", "Debian", "12", "Debian 12" };
	static const struct outside outside = { "c0ffee", "www-data", 7, "-x\0a b\0" };
	struct who *w = *state;
	const struct value *words;

	w->around = (struct identity_around){ &host, &outside };
	w->h.parent_pid = 7;
	assert_attribute(made(w), "host.name", "box");
	assert_attribute(w->r, "host.id", "0123");
	assert_attribute(w->r, "host.arch", "amd64");
	assert_attribute(w->r, "os.type", "linux");
	assert_attribute(w->r, "os.name", "Debian");
	assert_attribute(w->r, "os.version", "12");
	assert_attribute(w->r, "os.description", "Debian 12");
	assert_attribute(w->r, "container.id", "c0ffee");
	assert_attribute(w->r, "process.owner", "www-data");
	assert_attribute(w->r, "telemetry.distro.name", "oriel");
	assert_int_equal(attributes_int(w->r->attributes, STR("process.parent_pid"), 0), 7);
	words = attributes_find(w->r->attributes, STR("process.command_args"));
	assert_true(words && words->type == VALUE_ARRAY && words->array.n == 2);
	assert_true(str_eq(words->array.item[1].text, STR("a b")));
}

static void secrets_in_arguments_and_attributes_are_not_told(void **state)
{
	static const struct outside outside = {
		.words_n = 60,
		.words = "run\0--password\0hunter2\0--token=abc\0-v\0postgres://u:p4ss@h/d"
	};
	struct who *w = *state;
	const struct value *words;

	w->settings = SETTINGS("OTEL_RESOURCE_ATTRIBUTES=team=red,api_key=c0ffee");
	w->around = (struct identity_around){ NULL, &outside };
	assert_attribute(made(w), "api_key", "[REDACTED]");
	assert_attribute(w->r, "team", "red");
	words = attributes_find(w->r->attributes, STR("process.command_args"));
	assert_true(words && words->array.n == 6);
	assert_true(str_eq(words->array.item[2].text, STR("[REDACTED]")));
	assert_true(str_eq(words->array.item[3].text, STR("--token=[REDACTED]")));
	assert_true(str_eq(words->array.item[4].text, STR("-v")));
	assert_true(str_eq(words->array.item[5].text, STR("postgres://u:[REDACTED]@h/d")));
}

static void arguments_are_told_only_when_asked_for(void **state)
{
	struct who *w = *state;

	assert_false(identity_wants_words(&w->settings));
	w->settings = SETTINGS("ORIEL_COMMAND_ARGS=false");
	assert_false(identity_wants_words(&w->settings));
	w->settings = SETTINGS("ORIEL_COMMAND_ARGS=1");
	assert_true(identity_wants_words(&w->settings));
}

static void a_list_says_which_detectors_there_are(void **state)
{
	struct who *w = *state;

	w->settings = SETTINGS("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS=otel,os");
	assert_attribute(made(w), "os.type", "linux");
	assert_attribute(w->r, "process.executable.name", "");
	assert_attribute(w->r, "service.instance.id", "ab000000-0000-0000-0000-000000000000");
	resource_free(w->r);
	w->settings = SETTINGS("ORIEL_RESOURCE_DETECTORS=process\0"
			       "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS=os");
	assert_attribute(made(w), "os.type", "");
	assert_attribute(w->r, "process.executable.name", "storefront");
	resource_free(w->r);
	w->settings = SETTINGS("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS=*");
	assert_attribute(made(w), "process.executable.name", "storefront");
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
		TEST(a_pair_that_makes_no_sense_is_skipped_and_counted),
		TEST(an_unknown_service_is_no_name),
		TEST(a_name_that_only_begins_so_is_one),
		TEST(what_someone_calls_service_or_app_in_the_environment_is_meant),
		TEST(datadogs_names_are_understood_after_opentelemetrys),
		TEST(sentrys_names_come_after_datadogs),
		TEST(an_instance_id_that_the_user_set_is_kept),
		TEST(what_can_be_seen_from_outside_is_told),
		TEST(secrets_in_arguments_and_attributes_are_not_told),
		TEST(arguments_are_told_only_when_asked_for),
		TEST(a_list_says_which_detectors_there_are),
		TEST(only_sixteen_hex_digits_are_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
