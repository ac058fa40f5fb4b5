/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/variables.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_names(const char *option, const char *expected)
{
	char name[VARIABLE_NAME_ROOM];

	assert_non_null(variable_find(str_of(option), name));
	assert_string_equal(name, expected);
}

static void an_option_is_the_name_without_its_first_word(void **state)
{
	(void)state;
	assert_names("service-name", "OTEL_SERVICE_NAME");
	assert_names("listen", "ORIEL_LISTEN");
}

static void dashes_and_underscores_are_the_same(void **state)
{
	(void)state;
	assert_names("service_name", "OTEL_SERVICE_NAME");
	assert_names("traces-sampler_arg", "OTEL_TRACES_SAMPLER_ARG");
}

static void otlp_settings_have_one_for_each_signal(void **state)
{
	(void)state;
	assert_names("exporter-otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT");
	assert_names("exporter-otlp-logs-endpoint", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT");
	assert_names("exporter_otlp_traces_client_key", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY");
}

static void pythons_names_are_options_with_and_without_python(void **state)
{
	(void)state;
	assert_names("meter_provider", "OTEL_PYTHON_METER_PROVIDER");
	assert_names("python-meter-provider", "OTEL_PYTHON_METER_PROVIDER");
	assert_names("tomodachi_prometheus_port", "OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT");
	assert_names("excluded_urls", "ORIEL_EXCLUDED_URLS");
	assert_names("log-level", "LOG_LEVEL");
	assert_names("otel-log-level", "OTEL_LOG_LEVEL");
	assert_names("opentelemetry-instrument", "TOMODACHI_OPENTELEMETRY_INSTRUMENT");
}

static void others_are_not_found(void **state)
{
	char name[VARIABLE_NAME_ROOM];

	(void)state;
	assert_null(variable_find(STR("service"), name));
	assert_null(variable_find(STR("service-name-x"), name));
	assert_null(variable_find(STR("SERVICE-NAME"), name));
	assert_null(variable_find(STR(""), name));
	assert_null(variable_find(STR("logs-service-name"), name));
}

static void every_option_finds_its_own_variable(void **state)
{
	char option[VARIABLE_NAME_ROOM], name[VARIABLE_NAME_ROOM];

	(void)state;
	for (const struct variable *v = variables; v->name; v++) {
		variable_option(v, option);
		assert_ptr_equal(variable_find(str_of(option), name), v);
		assert_string_equal(name, v->name);
	}
}

static void an_empty_variable_is_unset(void **state)
{
	(void)state;
	setenv("ORIEL_TEST", "", 1);
	assert_null(variable_get("ORIEL_TEST"));
}

static void only_ours_take_1_for_true(void **state)
{
	(void)state;
	setenv("ORIEL_TEST", "1", 1);
	setenv("OTEL_TEST", "1", 1);
	assert_true(variable_is_true("ORIEL_TEST"));
	assert_false(variable_is_true("OTEL_TEST"));
	setenv("OTEL_TEST", "True", 1);
	assert_true(variable_is_true("OTEL_TEST"));
}

static void relative_files_become_absolute(void **state)
{
	char here[4000], expected[4096];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	setenv("ORIEL_RUN_DIR", "some/where", 1);
	setenv("ORIEL_STORE", "none", 1);
	setenv("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "ca.pem", 1);
	setenv("OTEL_SERVICE_NAME", "shop", 1);
	variables_make_absolute();
	snprintf(expected, sizeof(expected), "%s/some/where", here);
	assert_string_equal(getenv("ORIEL_RUN_DIR"), expected);
	assert_string_equal(getenv("ORIEL_STORE"), "none");
	snprintf(expected, sizeof(expected), "%s/ca.pem", here);
	assert_string_equal(getenv("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"), expected);
	assert_string_equal(getenv("OTEL_SERVICE_NAME"), "shop");
}

static void made_absolute(const char *name, const char *value, bool is)
{
	char here[4000], expected[4096] = "";

	assert_non_null(getcwd(here, sizeof(here)));
	setenv(name, value, 1);
	variables_make_absolute();
	snprintf(expected, sizeof(expected), "%s%s%s", is ? here : "", is ? "/" : "", value);
	assert_string_equal(getenv(name), expected);
	unsetenv(name);
}

static void so_do_those_of_exporters_with_a_name(void **state)
{
	(void)state;
	made_absolute("ORIEL_OF_EU_OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem", true);
	made_absolute("ORIEL_OF_EU_WEST_OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "tls/key", true);
	made_absolute("ORIEL_OF_2_OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "own.pem", true);
	made_absolute("ORIEL_OF_2_ORIEL_OTLP_FILE", "out.jsonl", true);
	made_absolute("ORIEL_OF_2_ORIEL_OTLP_FILE", "/out.jsonl", false);
	made_absolute("ORIEL_OF_EU_OTEL_EXPORTER_OTLP_HEADERS", "a=b", false);
	made_absolute("ORIEL_OF_", "x", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_option_is_the_name_without_its_first_word),
		cmocka_unit_test(dashes_and_underscores_are_the_same),
		cmocka_unit_test(otlp_settings_have_one_for_each_signal),
		cmocka_unit_test(pythons_names_are_options_with_and_without_python),
		cmocka_unit_test(others_are_not_found),
		cmocka_unit_test(every_option_finds_its_own_variable),
		cmocka_unit_test(an_empty_variable_is_unset),
		cmocka_unit_test(only_ours_take_1_for_true),
		cmocka_unit_test(relative_files_become_absolute),
		cmocka_unit_test(so_do_those_of_exporters_with_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
