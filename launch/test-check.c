/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char said[4096];

static void hear(void *you, const char *text)
{
	size_t n = strlen(said);

	(void)you;
	snprintf(said + n, sizeof(said) - n, "%s\n", text);
}

/* What is said about one variable. */
static const char *of(const char *variable, const char *value)
{
	said[0] = '\0';
	setenv(variable, value, 1);
	check_settings(hear, NULL);
	unsetenv(variable);
	return said;
}

static void what_makes_sense_is_not_mentioned(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_EXCLUDED_URLS", "a,^/b$,c\\,d"), "");
	assert_string_equal(of("OTEL_PROPAGATORS", "b3, tracecontext,,none"), "");
	assert_string_equal(of("OTEL_RESOURCE_ATTRIBUTES", "a=b, c=%20,"), "");
	assert_string_equal(of("PATH", "(["), "");
}

static void a_bad_pattern_is_named_with_its_variable_and_place(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_PYTHON_EXCLUDED_URLS", "good,(bad,a**"),
			    "OTEL_PYTHON_EXCLUDED_URLS: ignoring '(bad': no ) ends the group "
			    "(at character 1)\n"
			    "OTEL_PYTHON_EXCLUDED_URLS: ignoring 'a**': repeated twice "
			    "(at character 3)\n");
}

static void a_provider_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_PYTHON_METER_PROVIDER", "tomodachi_prometheus"), "");
	assert_string_equal(of("OTEL_METER_PROVIDER", "sdk_meter_provider"), "");
	assert_string_equal(of("OTEL_PYTHON_METRIC_READER", "none, tomodachi_prometheus"), "");
	assert_string_equal(of("_OTEL_PYTHON_LOGGER_PROVIDER", "default_logger_provider"), "");
	assert_string_equal(of("OTEL_METER_PROVIDER", "graphite"),
			    "OTEL_METER_PROVIDER: ignoring 'graphite': no meter provider is called "
			    "so\n");
	assert_string_equal(of("OTEL_PYTHON_TRACER_PROVIDER", "tomodachi_prometheus"),
			    "OTEL_PYTHON_TRACER_PROVIDER: ignoring 'tomodachi_prometheus': no "
			    "tracer provider is called so\n");
}

static void a_redaction_rule_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_REDACT", "card, pin=drop\n?promo, *=hash"), "");
	assert_string_equal(of("ORIEL_REDACT", "card,pin=burn"),
			    "ORIEL_REDACT: ignoring 'pin=burn': not NAME, NAME=mask, drop, hash "
			    "or keep\n");
}

static void a_proxy_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_TRUSTED_PROXIES", "10.0.0.0/8, ::1, unix, private"), "");
	assert_string_equal(
		of("ORIEL_TRUSTED_PROXIES", "::1,10.0.0.0/33"),
		"ORIEL_TRUSTED_PROXIES: ignoring '10.0.0.0/33': no address, no block, or "
		"one too many\n");
	assert_string_equal(of("ORIEL_FORWARDED_HEADER", "Via"),
			    "ORIEL_FORWARDED_HEADER: ignoring 'Via': not X-Forwarded-For or "
			    "Forwarded\n");
}

static void a_bad_pair_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_RESOURCE_ATTRIBUTES", "a=b,c"),
			    "OTEL_RESOURCE_ATTRIBUTES: ignoring 'c': not an encoded KEY=VALUE\n");
}

static void an_entity_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_ENTITIES", "service{service.name=a}[b=c];host{host.id=1};"),
			    "");
	assert_string_equal(
		of("OTEL_ENTITIES", "service{};host{host.id=1}"),
		"OTEL_ENTITIES: ignoring 'service{}': not TYPE{KEY=VALUE,...}[KEY=VALUE,...]\n");
	assert_string_equal(of("OTEL_ENTITIES", "a{b=1};a{b=2}"),
			    "OTEL_ENTITIES: ignoring 'a{b=1}': a later one has its type\n");
}

static void a_name_that_is_nearly_one_is_told(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_LOG_LEVLES", "a=debug"),
			    "ORIEL_LOG_LEVLES: no variable is called so; did you mean "
			    "ORIEL_LOG_LEVELS?\n");
	assert_string_equal(of("OTEL_SERVICENAME", "a"),
			    "OTEL_SERVICENAME: no variable is called so; did you mean "
			    "OTEL_SERVICE_NAME?\n");
	assert_string_equal(of("OTEL_TRACER_PROVIDER", "none"), "");
	assert_string_equal(of("OTEL_METRIC_READER", "none"), "");
	assert_string_equal(of("OTEL_SOMETHING_ELSE", "a"), "");
	assert_string_equal(of("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "7"), "");
}

static void a_name_behind_an_exporters_is_looked_at_alone(void **state)
{
	(void)state;
	setenv("OTEL_LOGS_EXPORTER", "console/eu,console/eu_west", 1);
	assert_string_equal(
		of("ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPIONT", "http://a"),
		"ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPIONT: no variable is called so; did "
		"you mean ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPOINT?\n");
	assert_string_equal(
		of("ORIEL_OF_EU_WEST_ORIEL_OTPL_FILE", "f"),
		"ORIEL_OF_EU_WEST_ORIEL_OTPL_FILE: no variable is called so; did you mean "
		"ORIEL_OF_EU_WEST_ORIEL_OTLP_FILE?\n");
	assert_string_equal(of("ORIEL_OF_EU_EXPORTER_OTLP_ENDPOINT", "http://a"),
			    "ORIEL_OF_EU_EXPORTER_OTLP_ENDPOINT: no variable is called so\n");
	assert_string_equal(of("ORIEL_OF_EU_OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://a"), "");
	assert_string_equal(of("ORIEL_OF_EU_WEST_ORIEL_OTLP_FILE", "f"), "");
	assert_string_equal(of("ORIEL_OF_EU_SENTRY_ENV", "prod"), "");
	unsetenv("OTEL_LOGS_EXPORTER");
}

static void an_exporters_name_that_no_list_has_is_told(void **state)
{
	static const char is_told[] =
		"ORIEL_OF_UE_OTEL_BSP_SCHEDULE_DELAY: ignoring it: no list of exporters has one of "
		"that name (OTEL_TRACES_EXPORTER=otlp/eu is for ORIEL_OF_EU_...)\n";

	(void)state;
	assert_string_equal(of("ORIEL_OF_UE_OTEL_BSP_SCHEDULE_DELAY", "1"), is_told);
	setenv("OTEL_TRACES_EXPORTER", "otlp, console/eu", 1);
	assert_string_equal(of("ORIEL_OF_UE_OTEL_BSP_SCHEDULE_DELAY", "1"), is_told);
	assert_string_equal(of("ORIEL_OF_EU_OTEL_BSP_SCHEDULE_DELAY", "1"), "");
	unsetenv("OTEL_TRACES_EXPORTER");
}

static void an_exporter_with_a_name_has_an_endpoint_of_its_own(void **state)
{
	static const char own[] = "ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPOINT";

	(void)state;
	assert_string_equal(of("OTEL_TRACES_EXPORTER", "otlp,otlp/eu"),
			    "OTEL_TRACES_EXPORTER: otlp/eu has no "
			    "ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPOINT, so it sends to localhost\n");
	assert_string_equal(of("OTEL_TRACES_EXPORTER", "zipkin/2"),
			    "OTEL_TRACES_EXPORTER: zipkin/2 has no "
			    "ORIEL_OF_2_OTEL_EXPORTER_ZIPKIN_ENDPOINT, so it sends to localhost\n");
	assert_string_equal(of("OTEL_TRACES_EXPORTER", "otlp,otlp/stdout,console/eu,./x.so"), "");
	setenv("OTEL_LOGS_EXPORTER", "otlp/eu", 1);
	assert_string_equal(of(own, "http://b"), "");
	assert_string_equal(of("ORIEL_OF_EU_OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://b"), "");
	unsetenv("OTEL_LOGS_EXPORTER");
	setenv("OTEL_CONFIG_FILE", "otel.yaml", 1); /* its second otlp_http may be the default */
	assert_string_equal(of("OTEL_TRACES_EXPORTER", "otlp,otlp/2"), "");
	assert_string_equal(of("ORIEL_OF_2_OTEL_BSP_SCHEDULE_DELAY", "1"), "");
	unsetenv("OTEL_CONFIG_FILE");
}

static void a_time_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_BOOTSTRAP_TIMEOUT", "500ms"), "");
	assert_string_equal(
		of("ORIEL_BOOTSTRAP_TIMEOUT", "soon"),
		"ORIEL_BOOTSTRAP_TIMEOUT: ignoring 'soon': not seconds, or a number with "
		"ms, s or m\n");
}

static void a_port_or_a_mode_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_EXPORTER_PROMETHEUS_PORT", "many"),
			    "OTEL_EXPORTER_PROMETHEUS_PORT: ignoring 'many': no number\n");
	assert_string_equal(of("OTEL_EXPORTER_PROMETHEUS_PORT", "0"), "");
	assert_string_equal(of("ORIEL_GAUGE_MODES", "a=max,*=silly,,b=LIVESUM"),
			    "ORIEL_GAUGE_MODES: ignoring '*=silly': not METRIC=MODE\n");
}

static void a_view_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(
		of("ORIEL_VIEWS", "instrument=a,limit=7;instrument=b,limit=x"),
		"ORIEL_VIEWS: ignoring the view with 'limit=x': not a number above 0\n");
	assert_string_equal(of("OTEL_METRICS_EXEMPLAR_FILTER", "always_on"), "");
	assert_string_equal(
		of("OTEL_METRICS_EXEMPLAR_FILTER", "often"),
		"OTEL_METRICS_EXEMPLAR_FILTER: ignoring 'often': it is one of trace_based, "
		"always_on, always_off\n");
}

static void a_temporality_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"), "");
	assert_string_equal(of("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "deltas"),
			    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: ignoring 'deltas': "
			    "it is one of cumulative, delta, lowmemory\n");
	assert_string_equal(
		of("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "exponential"),
		"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: ignoring 'exponential': it "
		"is one of explicit_bucket_histogram, base2_exponential_bucket_histogram\n");
}

static void an_access_log_is_there_or_not(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_ACCESS_LOG", "on"), "");
	assert_string_equal(of("ORIEL_ACCESS_LOG", "perhaps"),
			    "ORIEL_ACCESS_LOG: ignoring 'perhaps': neither true nor false\n");
	assert_string_equal(of("ORIEL_SLOW_QUERY_MS", "1s"),
			    "ORIEL_SLOW_QUERY_MS: ignoring '1s': no number\n");
}

static void a_level_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(of("LOG_LEVEL", "warning"), "");
	assert_string_equal(of("LOG_LEVEL", "loud"),
			    "LOG_LEVEL: ignoring 'loud': no level, so it is INFO\n");
	assert_string_equal(of("ORIEL_LOG_LEVELS", "db=debug,,http,=info,x=loud"),
			    "ORIEL_LOG_LEVELS: ignoring 'http': not LOGGER=LEVEL\n"
			    "ORIEL_LOG_LEVELS: ignoring '=info': not LOGGER=LEVEL\n"
			    "ORIEL_LOG_LEVELS: ignoring 'x=loud': not LOGGER=LEVEL\n");
}

static void a_stream_that_is_none_is_named(void **state)
{
	(void)state;
	assert_string_equal(of("ORIEL_CAPTURE", "stderr, STDOUT,none"), "");
	assert_string_equal(of("ORIEL_CAPTURE", "stdout,log"),
			    "ORIEL_CAPTURE: ignoring 'log': neither stdout nor stderr\n");
}

static void an_unknown_propagator_is_named(void **state)
{
	(void)state;
	assert_non_null(strstr(of("OTEL_PROPAGATORS", "b3,jaegr"), "ignoring 'jaegr'"));
}

static void words_are_known_in_any_case(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_PROPAGATORS", "TraceContext,B3,NONE"), "");
	assert_string_equal(of("OTEL_TRACES_SAMPLER", "ParentBased_Always_On"), "");
	assert_string_equal(of("OTEL_TRACES_SAMPLER", "parentbased_"),
			    "OTEL_TRACES_SAMPLER: ignoring 'parentbased_': no sampler is called "
			    "so\n");
	assert_string_equal(of("OTEL_METRICS_EXEMPLAR_FILTER", "ALWAYS_OFF"), "");
	assert_string_equal(of("ORIEL_RESOURCE_DETECTORS", "host,nope"),
			    "ORIEL_RESOURCE_DETECTORS: ignoring 'nope': not process, host, os, "
			    "container or none\n");
}

static void a_number_that_is_none_is_named_whoever_reads_it(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-1"),
			    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: ignoring '-1': no number\n");
	assert_string_equal(of("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "1.5"),
			    "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: ignoring '1.5': no number\n");
	assert_string_equal(of("OTEL_BLRP_MAX_QUEUE_SIZE", "0"),
			    "OTEL_BLRP_MAX_QUEUE_SIZE: ignoring '0': it is one at least\n");
	assert_string_equal(of("OTEL_METRIC_EXPORT_INTERVAL", "99999999999"),
			    "OTEL_METRIC_EXPORT_INTERVAL: ignoring '99999999999': too many "
			    "milliseconds\n");
	assert_string_equal(of("DD_TRACE_AGENT_PORT", "70000"),
			    "DD_TRACE_AGENT_PORT: ignoring '70000': no port\n");
	assert_string_equal(of("ORIEL_EXPORT_CONCURRENCY", "33"),
			    "ORIEL_EXPORT_CONCURRENCY: ignoring '33': out of range\n");
	assert_string_equal(of("ORIEL_TAIL_RATIO", "7"),
			    "ORIEL_TAIL_RATIO: ignoring '7': no share from 0 to 1\n");
	assert_string_equal(of("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "0"), "");
	assert_string_equal(of("OTEL_BSP_SCHEDULE_DELAY", " 100 "), "");
}

static void the_specifications_booleans_have_two_words(void **state)
{
	(void)state;
	assert_string_equal(of("OTEL_SDK_DISABLED", "False"), "");
	assert_string_equal(of("OTEL_SDK_DISABLED", "1"),
			    "OTEL_SDK_DISABLED: ignoring '1': neither true nor false\n");
	assert_string_equal(of("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "yes"),
			    "OTEL_EXPORTER_OTLP_TRACES_INSECURE: ignoring 'yes': neither true nor "
			    "false\n");
	assert_string_equal(of("ORIEL_SDK_METRICS", "yes"), "");
	assert_string_equal(of("ORIEL_SDK_METRICS", "maybe"),
			    "ORIEL_SDK_METRICS: ignoring 'maybe': neither true nor false\n");
	assert_string_equal(of("TOMODACHI_OPENTELEMETRY_INSTRUMENT", "whatever"), "");
}

static void a_batch_is_no_larger_than_its_queue(void **state)
{
	(void)state;
	setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10", 1);
	assert_string_equal(of("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "20"),
			    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE: taking 10 for 20: more than "
			    "OTEL_BSP_MAX_QUEUE_SIZE has room for\n");
	assert_string_equal(of("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"), "");
	unsetenv("OTEL_BSP_MAX_QUEUE_SIZE");
	assert_string_equal(of("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "65537"),
			    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE: taking 65536 for 65537: more than "
			    "OTEL_BSP_MAX_QUEUE_SIZE has room for\n");
}

static void what_is_quoted_is_one_line_and_not_long(void **state)
{
	char value[1024];

	(void)state;
	memset(value, '(', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	memcpy(value, "\n\x1b[1m", 5);
	assert_non_null(strstr(of("ORIEL_EXCLUDED_URLS", value), "ignoring '?[1m((("));
	assert_non_null(strstr(said, "...'"));
	assert_true(strlen(said) < 300 && strchr(said, '\n') == said + strlen(said) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_makes_sense_is_not_mentioned),
		cmocka_unit_test(a_bad_pattern_is_named_with_its_variable_and_place),
		cmocka_unit_test(a_provider_that_is_none_is_named),
		cmocka_unit_test(a_redaction_rule_that_is_none_is_named),
		cmocka_unit_test(a_proxy_that_is_none_is_named),
		cmocka_unit_test(a_bad_pair_is_named),
		cmocka_unit_test(an_entity_that_is_none_is_named),
		cmocka_unit_test(a_name_that_is_nearly_one_is_told),
		cmocka_unit_test(a_name_behind_an_exporters_is_looked_at_alone),
		cmocka_unit_test(an_exporters_name_that_no_list_has_is_told),
		cmocka_unit_test(an_exporter_with_a_name_has_an_endpoint_of_its_own),
		cmocka_unit_test(a_time_that_is_none_is_named),
		cmocka_unit_test(a_port_or_a_mode_that_is_none_is_named),
		cmocka_unit_test(a_view_that_is_none_is_named),
		cmocka_unit_test(a_temporality_that_is_none_is_named),
		cmocka_unit_test(an_access_log_is_there_or_not),
		cmocka_unit_test(a_level_has_a_name),
		cmocka_unit_test(a_stream_that_is_none_is_named),
		cmocka_unit_test(an_unknown_propagator_is_named),
		cmocka_unit_test(words_are_known_in_any_case),
		cmocka_unit_test(a_number_that_is_none_is_named_whoever_reads_it),
		cmocka_unit_test(the_specifications_booleans_have_two_words),
		cmocka_unit_test(a_batch_is_no_larger_than_its_queue),
		cmocka_unit_test(what_is_quoted_is_one_line_and_not_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
