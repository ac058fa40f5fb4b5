/* SPDX-License-Identifier: Apache-2.0 */
#include "configure/configure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct configured c;

static int tear_down(void **state)
{
	(void)state;
	configured_free(&c);
	return 0;
}

static void made(const char *text)
{
	configured_free(&c);
	assert_int_equal(configure(&c, str_of(text)), 0);
}

static void refused(const char *text, const char *why)
{
	configured_free(&c);
	assert_int_not_equal(configure(&c, str_of(text)), 0);
	assert_int_equal(c.n, 0);
	if (!strstr(c.why, why))
		fail_msg("%s", c.why);
}

static const char *get(const char *name)
{
	const char *value = configured_get(&c, name);

	return value ? value : "(unset)";
}

static bool warned(const char *text)
{
	for (size_t i = 0; i < c.n_warnings && i < CONFIGURE_WARNINGS; i++)
		if (strstr(c.warning[i], text))
			return true;
	return false;
}

#define FORMAT "file_format: \"1.0\"\n"

static void what_the_file_does_not_say_is_not_there(void **state)
{
	(void)state;
	made(FORMAT);
	assert_string_equal(get("OTEL_TRACES_EXPORTER"), "none");
	assert_string_equal(get("OTEL_METRICS_EXPORTER"), "none");
	assert_string_equal(get("OTEL_LOGS_EXPORTER"), "none");
	assert_string_equal(get("OTEL_PROPAGATORS"), "none");
	assert_int_equal(c.n_warnings, 0);
}

static void a_file_without_a_known_format_is_none(void **state)
{
	(void)state;
	refused("", "file_format");
	refused("disabled: true\n", "file_format");
	refused("file_format: \"2.0\"\n", "file_format");
	refused("- a\n", "file_format");
	refused("a: [1\n", "");
	refused("a: \"\\xzz\"\n", "1:");
}

static void variables_are_put_into_values_and_nowhere_else(void **state)
{
	(void)state;
	setenv("SET", "it: [is]", 1);
	unsetenv("NOT_SET");
	made(FORMAT "resource:\n  attributes:\n"
		    "    - {name: a, value: \"${SET}\"}\n"
		    "    - {name: b, value: '${env:NOT_SET:-o$therwise}'}\n"
		    "    - {name: c, value: '$$${NOT_SET}{x}'}\n"
		    "    - {name: '${SET}', value: k}\n");
	assert_string_equal(get("OTEL_RESOURCE_ATTRIBUTES"),
			    "a=it:%20[is],b=o$therwise,c=${x},it:%20[is]=k");
	refused(FORMAT "resource:\n  schema_url: ${1BAD}\n", "3: no reference");
	refused(FORMAT "resource:\n  schema_url: ${OPEN\n", "3: no reference");
	refused(FORMAT "resource:\n  schema_url: ${SET:?}\n", "3: no reference");
}

static void detectors_are_a_list(void **state)
{
	(void)state;
	made(FORMAT
	     "resource:\n  detection/development:\n    detectors: [{host: }, {service: }]\n");
	assert_string_equal(get("ORIEL_RESOURCE_DETECTORS"), "host,service");
}

static void resource_attributes_go_before_the_list(void **state)
{
	(void)state;
	made(FORMAT "resource:\n  attributes_list: a=2,b=3\n  attributes:\n"
		    "    - name: a\n      value: 1\n");
	assert_string_equal(get("OTEL_RESOURCE_ATTRIBUTES"), "a=1,b=3");
}

static void an_exporter_is_its_signals_variables(void **state)
{
	(void)state;
	made(FORMAT
	     "tracer_provider:\n  processors:\n    - batch:\n        schedule_delay: 5\n"
	     "        exporter:\n          otlp_grpc:\n            endpoint: http://a:4317\n"
	     "            headers:\n              - name: k\n                value: \"a, b\"\n"
	     "            headers_list: l=m\n            tls:\n              insecure: true\n"
	     "    - simple:\n        exporter:\n          console:\n");
	assert_string_equal(get("OTEL_TRACES_EXPORTER"), "otlp,console/2");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), "grpc");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), "http://a:4317");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_TRACES_HEADERS"), "k=a%2C%20b,l=m");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_TRACES_INSECURE"), "true");
	assert_string_equal(get("OTEL_BSP_SCHEDULE_DELAY"), "5");
	assert_string_equal(get("ORIEL_OF_2_OTEL_BSP_SCHEDULE_DELAY"), "0");
	assert_int_equal(c.n_warnings, 0);
}

static void a_second_one_has_a_number_and_settings_of_its_own(void **state)
{
	(void)state;
	made(FORMAT
	     "tracer_provider:\n  processors:\n"
	     "    - batch: {exporter: {otlp_http: {endpoint: http://a/v1/traces, compression: gzip,"
	     " headers: [{name: k, value: a}]}}, max_queue_size: 7}\n"
	     "    - batch: {max_queue_size: 9, exporter: {otlp_http: {endpoint: http://b/v1/traces,"
	     " headers: [{name: k, value: b}]}}}\n"
	     "    - batch: {exporter: {otlp_grpc: {endpoint: http://c:4317}}}\n");
	assert_string_equal(get("OTEL_TRACES_EXPORTER"), "otlp,otlp/2,otlp/3");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_TRACES_HEADERS"), "k=a");
	assert_string_equal(get("OTEL_BSP_MAX_QUEUE_SIZE"), "7");
	assert_string_equal(get("ORIEL_OF_2_OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
			    "http://b/v1/traces");
	assert_string_equal(get("ORIEL_OF_2_OTEL_EXPORTER_OTLP_TRACES_HEADERS"), "k=b");
	assert_string_equal(get("ORIEL_OF_2_OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"), "(unset)");
	assert_string_equal(get("ORIEL_OF_2_OTEL_BSP_MAX_QUEUE_SIZE"), "9");
	assert_string_equal(get("ORIEL_OF_3_OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), "grpc");
	assert_int_equal(c.n_warnings, 0);
}

static void signals_count_for_themselves(void **state)
{
	(void)state;
	made(FORMAT
	     "logger_provider:\n  processors:\n"
	     "    - batch: {exporter: {otlp_http: {endpoint: http://a/v1/logs}}}\n"
	     "    - simple: {exporter: {otlp_http: {endpoint: http://b/v1/logs}}}\n"
	     "meter_provider:\n  readers:\n"
	     "    - periodic: {interval: 1000, exporter: {otlp_http: {endpoint: http://a/v1/m}}}\n"
	     "    - periodic: {interval: 60000, timeout: 50, exporter: {otlp_http:"
	     " {endpoint: http://b/v1/m, temporality_preference: delta,"
	     " default_histogram_aggregation: base2_exponential_bucket_histogram}}}\n");
	assert_string_equal(get("OTEL_LOGS_EXPORTER"), "otlp,otlp/2");
	assert_string_equal(get("OTEL_METRICS_EXPORTER"), "otlp,otlp/2");
	assert_string_equal(get("ORIEL_OF_2_OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"), "1");
	assert_string_equal(get("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"), "(unset)");
	assert_string_equal(get("OTEL_METRIC_EXPORT_INTERVAL"), "1000");
	assert_string_equal(get("ORIEL_OF_2_OTEL_METRIC_EXPORT_INTERVAL"), "60000");
	assert_string_equal(get("ORIEL_OF_2_OTEL_METRIC_EXPORT_TIMEOUT"), "50");
	assert_string_equal(get("ORIEL_OF_2_OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"),
			    "delta");
	assert_true(warned("9: default_histogram_aggregation is the first reader's"));
	assert_int_equal(c.n_warnings, 1);
}

static void series_are_limited_once_for_all_readers(void **state)
{
	(void)state;
	made(FORMAT
	     "meter_provider:\n  readers:\n"
	     "    - periodic: {cardinality_limits: {default: 500}, exporter: {otlp_http: }}\n"
	     "    - periodic: {cardinality_limits: {default: 500}, exporter: {otlp_grpc: }}\n"
	     "    - periodic: {cardinality_limits: {default: 700}, exporter: {otlp_http: }}\n");
	assert_string_equal(get("ORIEL_CARDINALITY_LIMIT"), "500");
	assert_string_equal(get("ORIEL_OF_2_ORIEL_CARDINALITY_LIMIT"), "(unset)");
	assert_string_equal(get("ORIEL_OF_3_ORIEL_CARDINALITY_LIMIT"), "(unset)");
	assert_true(warned("6: the default of cardinality_limits is the first reader's"));
	assert_int_equal(c.n_warnings, 1);
}

/* The variable is one for all signals. */
static void another_file_is_another_exporter(void **state)
{
	(void)state;
	made(FORMAT "tracer_provider:\n  processors:\n"
		    "    - batch: {exporter: {otlp_file: {output_stream: file:///a}}}\n"
		    "logger_provider:\n  processors:\n"
		    "    - batch: {exporter: {otlp_file: {output_stream: file:///b}}}\n"
		    "    - batch: {exporter: {otlp_file: {output_stream: stdout}}}\n"
		    "meter_provider:\n  readers:\n"
		    "    - periodic: {exporter: {otlp_file: {output_stream: file:///a}}}\n"
		    "    - pull: {exporter: {prometheus: }}\n"
		    "    - pull: {exporter: {prometheus: {port: 1}}}\n");
	assert_string_equal(get("OTEL_TRACES_EXPORTER"), "otlp_file");
	assert_string_equal(get("OTEL_LOGS_EXPORTER"), "otlp_file/2,otlp_file/3");
	assert_string_equal(get("OTEL_METRICS_EXPORTER"), "otlp_file,prometheus");
	assert_string_equal(get("ORIEL_OTLP_FILE"), "/a");
	assert_string_equal(get("ORIEL_OF_2_ORIEL_OTLP_FILE"), "/b");
	assert_string_equal(get("ORIEL_OF_3_ORIEL_OTLP_FILE"), "(unset)");
	assert_true(warned("13: one prometheus too many"));
	assert_int_equal(c.n_warnings, 1);
}

static void json_is_an_encoding_of_http(void **state)
{
	(void)state;
	made(FORMAT "logger_provider:\n  processors:\n    - simple:\n        exporter:\n"
		    "          otlp_http:\n            encoding: json\n"
		    "            compression: zstd\n");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"), "http/json");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION"), "zstd");
	assert_string_equal(get("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"), "1");
}

static void a_remote_sampler_is_its_argument(void **state)
{
	(void)state;
	made(FORMAT "tracer_provider:\n  sampler:\n    parent_based:\n      root:\n"
		    "        jaeger_remote/development:\n          endpoint: http://j:14250\n"
		    "          interval: 5000\n          initial_sampler:\n"
		    "            trace_id_ratio_based:\n              ratio: 0.25\n");
	assert_string_equal(get("OTEL_TRACES_SAMPLER"), "parentbased_jaeger_remote");
	assert_string_equal(
		get("OTEL_TRACES_SAMPLER_ARG"),
		"endpoint=http://j:14250,pollingIntervalMs=5000,initialSamplingRate=0.25");
	made(FORMAT "tracer_provider:\n  sampler:\n    jaeger_remote:\n      endpoint: j:1\n"
		    "      initial_sampler:\n        always_on:\n");
	assert_string_equal(get("OTEL_TRACES_SAMPLER"), "jaeger_remote");
	assert_string_equal(get("OTEL_TRACES_SAMPLER_ARG"), "endpoint=j:1,initialSamplingRate=1");
}

static void samplers_nest_once(void **state)
{
	(void)state;
	made(FORMAT "tracer_provider:\n  sampler:\n    parent_based:\n      root:\n"
		    "        trace_id_ratio_based:\n          ratio: 0.25\n"
		    "      local_parent_sampled:\n        always_off:\n");
	assert_string_equal(get("OTEL_TRACES_SAMPLER"), "parentbased_traceidratio");
	assert_string_equal(get("OTEL_TRACES_SAMPLER_ARG"), "0.25");
	assert_true(warned("9: a parent's decision always counts"));
	made(FORMAT "tracer_provider:\n  sampler:\n    always_off:\n");
	assert_string_equal(get("OTEL_TRACES_SAMPLER"), "always_off");
}

static void readers_pull_or_send(void **state)
{
	(void)state;
	made(FORMAT
	     "meter_provider:\n  readers:\n    - pull:\n        exporter:\n"
	     "          prometheus/development:\n            host: 0.0.0.0\n            port: 9464\n"
	     "    - periodic:\n        interval: 100\n        exporter:\n          otlp_http:\n"
	     "            temporality_preference: low_memory\n");
	assert_string_equal(get("OTEL_METRICS_EXPORTER"), "prometheus,otlp");
	assert_string_equal(get("OTEL_EXPORTER_PROMETHEUS_HOST"), "0.0.0.0");
	assert_string_equal(get("OTEL_METRIC_EXPORT_INTERVAL"), "100");
	assert_string_equal(get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"), "lowmemory");
}

static void views_become_one_text(void **state)
{
	(void)state;
	made(FORMAT
	     "meter_provider:\n  views:\n"
	     "    - selector: {instrument_name: http.*, instrument_type: histogram}\n"
	     "      stream:\n        aggregation:\n          explicit_bucket_histogram:\n"
	     "            boundaries: [1, 2.5]\n        attribute_keys:\n          included: [a, b]\n"
	     "    - selector: {instrument_name: x}\n      stream: {aggregation: {drop: }}\n"
	     "    - selector: {meter_name: acme.storage, meter_version: 2.1.0,\n"
	     "                 meter_schema_url: 'https://acme/1'}\n"
	     "      stream: {aggregation: {drop: }}\n"
	     "    - stream: {name: nobody}\n");
	assert_string_equal(get("ORIEL_VIEWS"),
			    "instrument=http.*,kind=histogram,aggregation=histogram,buckets=1|2.5,"
			    "attributes=a|b;instrument=x,aggregation=drop;"
			    "meter_name=acme.storage,meter_version=2.1.0,"
			    "meter_schema_url=https://acme/1,aggregation=drop");
	assert_true(warned("this view is left out"));
}

static void our_own_names_are_variables(void **state)
{
	(void)state;
	made(FORMAT
	     "distribution:\n  oriel:\n    sampling_rules:\n      - name=a,ratio=0\n"
	     "      - name=b,ratio=1\n    listen: 127.0.0.1:9\n    excluded_urls: [^/a, ^/b]\n"
	     "    'bad name': 1\n");
	assert_string_equal(get("ORIEL_SAMPLING_RULES"), "name=a,ratio=0;name=b,ratio=1");
	assert_string_equal(get("ORIEL_LISTEN"), "127.0.0.1:9");
	assert_string_equal(get("ORIEL_EXCLUDED_URLS"), "^/a,^/b");
	assert_int_equal(c.n_warnings, 1);
}

static void what_is_not_understood_is_told_with_its_line(void **state)
{
	(void)state;
	made(FORMAT "tracer_provider:\n  sampler:\n    guess:\n  processors:\n    - batch:\n"
		    "        exporter:\n          carrier_pigeon:\nsomething: 1\n");
	assert_true(warned("4: there is no sampler guess") ||
		    warned("3: there is no sampler guess"));
	assert_true(warned("8: there is no exporter carrier_pigeon"));
	assert_true(warned("9: something is not understood"));
}

/* Each alias is what it stands for, and this one is itself. */
static void a_file_that_never_ends_does(void **state)
{
	struct out o = { 0 };

	(void)state;
	out_str(&o, STR(FORMAT "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"));
	for (int i = 1; i < 12; i++)
		out_fmt(&o, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1,
			i - 1, i - 1, i - 1, i - 1);
	out_str(&o, STR("tracer_provider: &t\n  limits: *t\nresource:\n  attributes: *a11\n"));
	configured_free(&c);
	assert_int_equal(configure(&c, out_all(&o)), 0);
	out_fini(&o);
}

#define GENERAL FORMAT "instrumentation/development:\n  general:\n"

static void what_is_general_of_instrumentation_is_heeded_or_told(void **state)
{
	(void)state;
	made(GENERAL "    http:\n      client: {known_methods: [GET, BREW]}\n"
		     "      server: {known_methods: [GET, BREW], request_captured_headers: [a]}\n"
		     "      semconv: {version: 1, experimental: false, dual_emit: true}\n"
		     "    db: {semconv: {version: 2}}\n"
		     "    stability_opt_in_list: http,database/dup\n"
		     "    sanitization: {url: {sensitive_query_parameters: [promo, 'a,b']}}\n"
		     "  java: {some: {thing: 1}}\n  c: {}\n"
		     "distribution: {oriel: {redact: 'card.pin=drop'}}\n");
	assert_string_equal(get("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"), "GET,BREW");
	assert_string_equal(get("ORIEL_REDACT"), "?promo,card.pin=drop");
	assert_true(warned("6: request_captured_headers: headers are not captured"));
	assert_true(warned("7: dual_emit: older names"));
	assert_true(warned("8: version: attributes are named by version 1"));
	assert_true(warned("9: stability_opt_in_list: older names"));
	assert_true(warned("10: sensitive_query_parameters: this is no name"));
	assert_true(warned("12: c is not understood"));
	assert_int_equal(c.n_warnings, 6);
	made(GENERAL "    sanitization: {url: {sensitive_query_parameters: []}}\n"
		     "    http: {semconv: {experimental: true}, client: {known_methods: []}}\n");
	assert_true(warned("4: sensitive_query_parameters: what looks like a secret"));
	assert_true(warned("5: experimental:"));
	assert_true(warned("5: known_methods: one is known at least"));
}

static void ids_are_random(void **state)
{
	(void)state;
	made(FORMAT "tracer_provider:\n  id_generator: {random: }\n"
		    "  limits: {attribute_value_depth_limit: 3}\n");
	assert_int_equal(c.n_warnings, 0);
	made(FORMAT "tracer_provider:\n  id_generator: {xray: }\n");
	assert_true(warned("3: id_generator: ids are random"));
}

static void sizes_of_requests_are_limits(void **state)
{
	(void)state;
	made(FORMAT
	     "meter_provider:\n  readers:\n"
	     "    - periodic:\n        max_export_batch_size/development: 100\n"
	     "        exporter: {otlp_http: {max_request_size: 5000, max_response_size: 70,"
	     " encoding: xml}}\n"
	     "    - periodic: {exporter: {console: {temporality_preference: low_memory}}}\n");
	assert_string_equal(get("ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE"), "100");
	assert_string_equal(get("ORIEL_OTLP_MAX_REQUEST_SIZE"), "5000");
	assert_string_equal(get("ORIEL_OTLP_MAX_RESPONSE_SIZE"), "70");
	assert_string_equal(get("ORIEL_OF_2_ORIEL_CONSOLE_TEMPORALITY_PREFERENCE"), "lowmemory");
	assert_true(warned("6: there is no encoding xml"));
	assert_int_equal(c.n_warnings, 1);
}

/* What is read without a table of its keys. */
static void an_unknown_key_is_told_wherever_it_stands(void **state)
{
	(void)state;
	made(FORMAT
	     "resource:\n  attributes:\n    - {name: a, value: 1, type: int}\n"
	     "    - {name: b, value: x, kind: y}\n"
	     "tracer_provider:\n  sampler: {trace_id_ratio_based: {ratio: 1, rate: 2}}\n"
	     "meter_provider:\n  views:\n"
	     "    - {selector: {instrument_name: a, meter: m}, stream: {attributes: [x], name: z}}\n"
	     "    - {selector: {instrument_type: clock, instrument_name: b}, stream: {name: y,"
	     " aggregation: {base2_exponential_bucket_histogram: {max_scale: 4, max_size: 160,"
	     " record_min_max: false}}}}\n");
	assert_true(warned("4: type: attributes of the resource are text"));
	assert_true(warned("5: kind is not understood"));
	assert_true(warned("7: rate is not understood"));
	assert_true(warned("10: meter is not understood"));
	assert_true(warned("10: attributes is not understood"));
	assert_true(warned("11: there is no instrument_type clock"));
	assert_true(warned("11: max_scale is always 20"));
	assert_true(warned("11: record_min_max is always true"));
	assert_int_equal(c.n_warnings, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_file_does_not_say_is_not_there),
		cmocka_unit_test(a_file_without_a_known_format_is_none),
		cmocka_unit_test(variables_are_put_into_values_and_nowhere_else),
		cmocka_unit_test(detectors_are_a_list),
		cmocka_unit_test(resource_attributes_go_before_the_list),
		cmocka_unit_test(an_exporter_is_its_signals_variables),
		cmocka_unit_test(a_second_one_has_a_number_and_settings_of_its_own),
		cmocka_unit_test(signals_count_for_themselves),
		cmocka_unit_test(series_are_limited_once_for_all_readers),
		cmocka_unit_test(another_file_is_another_exporter),
		cmocka_unit_test(json_is_an_encoding_of_http),
		cmocka_unit_test(a_remote_sampler_is_its_argument),
		cmocka_unit_test(samplers_nest_once),
		cmocka_unit_test(readers_pull_or_send),
		cmocka_unit_test(views_become_one_text),
		cmocka_unit_test(our_own_names_are_variables),
		cmocka_unit_test(what_is_not_understood_is_told_with_its_line),
		cmocka_unit_test(what_is_general_of_instrumentation_is_heeded_or_told),
		cmocka_unit_test(ids_are_random),
		cmocka_unit_test(sizes_of_requests_are_limits),
		cmocka_unit_test(an_unknown_key_is_told_wherever_it_stands),
		cmocka_unit_test(a_file_that_never_ends_does),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
