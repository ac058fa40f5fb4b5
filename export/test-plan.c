/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/plan.h"

#include <stdlib.h>

#define PLAN(literal) plan((struct str){ literal, sizeof(literal) })

static struct export_plan plan(struct str block)
{
	struct settings s = { block };
	struct export_plan p;

	export_plan(&p, &s);
	return p;
}

static void expect(const struct export_plan *p, size_t i, const char *name, int signals)
{
	assert_true(i < p->n);
	assert_string_equal(p->item[i].kind->name, name);
	assert_int_equal(p->item[i].signals, signals);
}

static void who_asks_for_nothing_gets_nothing(void **state)
{
	struct export_plan p = PLAN("OTEL_SERVICE_NAME=shop");

	(void)state;
	assert_int_equal(p.n, 0);
	assert_int_equal(p.n_warnings, 0);
}

static void an_exporter_gets_all_signals_that_name_it(void **state)
{
	struct export_plan p =
		PLAN("OTEL_TRACES_EXPORTER=console\0OTEL_LOGS_EXPORTER=otlp, console");

	(void)state;
	assert_int_equal(p.n, 2);
	expect(&p, 0, "console", SIGNAL_SPAN | SIGNAL_LOG);
	expect(&p, 1, "otlp", SIGNAL_LOG);
	assert_int_equal(p.n_warnings, 0);
}

static void an_endpoint_asks_for_otlp(void **state)
{
	struct export_plan p = PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=http://h");

	(void)state;
	assert_int_equal(p.n, 1);
	expect(&p, 0, "otlp", SIGNAL_ALL);
}

static void an_endpoint_of_a_signal_asks_for_that_signal(void **state)
{
	struct export_plan p = PLAN("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://h");

	(void)state;
	assert_int_equal(p.n, 1);
	expect(&p, 0, "otlp", SIGNAL_LOG);
}

static void who_names_exporters_is_not_given_others(void **state)
{
	struct export_plan p =
		PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=http://h\0OTEL_TRACES_EXPORTER=none\0"
		     "OTEL_LOGS_EXPORTER=console");

	(void)state;
	assert_int_equal(p.n, 2);
	expect(&p, 0, "console", SIGNAL_LOG);
	expect(&p, 1, "otlp", SIGNAL_METRIC);
}

static void who_names_otlp_has_said_for_what(void **state)
{
	struct export_plan p =
		PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=http://h\0OTEL_TRACES_EXPORTER=console,otlp");

	(void)state;
	assert_int_equal(p.n, 2);
	expect(&p, 0, "console", SIGNAL_SPAN);
	expect(&p, 1, "otlp", SIGNAL_SPAN);
	p = PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=http://h\0OTEL_METRICS_EXPORTER=prometheus");
	assert_int_equal(p.n, 1);
	expect(&p, 0, "otlp", SIGNAL_SPAN | SIGNAL_LOG);
}

static void tomodachis_meter_provider_is_prometheus(void **state)
{
	struct export_plan p = PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=otelcol:4317\0"
				    "OTEL_TRACES_EXPORTER=otlp\0"
				    "OTEL_PYTHON_METER_PROVIDER=tomodachi_prometheus");

	(void)state;
	assert_true(p.prometheus);
	assert_int_equal(p.n, 1);
	expect(&p, 0, "otlp", SIGNAL_SPAN);
	p = PLAN("OTEL_METRIC_READER=none,tomodachi_prometheus\0OTEL_METRICS_EXPORTER=otlp");
	assert_true(p.prometheus);
	expect(&p, 0, "otlp", SIGNAL_METRIC);
	p = PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=h:1\0OTEL_METER_PROVIDER=tomodachi_prometheus");
	expect(&p, 0, "otlp", SIGNAL_SPAN | SIGNAL_LOG);
	p = PLAN("OTEL_PYTHON_METER_PROVIDER=sdk_meter_provider\0"
		 "OTEL_METER_PROVIDER=tomodachi_prometheus");
	assert_false(p.prometheus);
}

static void an_endpoint_of_zipkin_asks_for_zipkin(void **state)
{
	struct export_plan p = PLAN("OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://h");

	(void)state;
	assert_int_equal(p.n, 1);
	expect(&p, 0, "zipkin", SIGNAL_SPAN);
	p = PLAN("OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://h\0OTEL_TRACES_EXPORTER=console\0"
		 "OTEL_LOGS_EXPORTER=zipkin");
	assert_int_equal(p.n, 1);
	expect(&p, 0, "console", SIGNAL_SPAN);
	assert_int_equal(p.n_warnings, 1);
	assert_non_null(strstr(p.warning[0], "zipkin does not take these"));
}

static void our_own_endpoint_asks_for_nothing(void **state)
{
	struct export_plan p =
		PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=http://h\0ORIEL_ENDPOINT_IS_OURS=http://h");

	(void)state;
	assert_int_equal(p.n, 0);
}

static void a_signal_with_settings_of_its_own_has_a_destination_of_its_own(void **state)
{
	struct export_plan p = PLAN("OTEL_EXPORTER_OTLP_ENDPOINT=http://h\0"
				    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://other/logs");

	(void)state;
	assert_int_equal(p.n, 2);
	expect(&p, 0, "otlp", SIGNAL_SPAN | SIGNAL_METRIC);
	expect(&p, 1, "otlp", SIGNAL_LOG);
}

static void naming_an_exporter_twice_is_once(void **state)
{
	struct export_plan p = PLAN("OTEL_TRACES_EXPORTER=otlp,otlp,console,console\0"
				    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://h");

	(void)state;
	assert_int_equal(p.n, 2);
	expect(&p, 0, "otlp", SIGNAL_SPAN);
	expect(&p, 1, "console", SIGNAL_SPAN);
}

static void an_unknown_name_is_told_and_the_others_go_on(void **state)
{
	struct export_plan p = PLAN("OTEL_TRACES_EXPORTER=jaeger,otlp");

	(void)state;
	assert_int_equal(p.n, 1);
	expect(&p, 0, "otlp", SIGNAL_SPAN);
	assert_int_equal(p.n_warnings, 1);
	assert_non_null(strstr(p.warning[0], "OTEL_TRACES_EXPORTER"));
	assert_non_null(strstr(p.warning[0], "\"jaeger\""));
}

static void prometheus_is_asked_and_no_destination(void **state)
{
	struct export_plan p = PLAN("OTEL_METRICS_EXPORTER=otlp,prometheus");

	(void)state;
	assert_true(p.prometheus);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.n_warnings, 0);
	p = PLAN("OTEL_TRACES_EXPORTER=prometheus");
	assert_false(p.prometheus);
	assert_int_equal(p.n_warnings, 1);
}

static void a_warning_is_one_line(void **state)
{
	struct export_plan p = PLAN("OTEL_TRACES_EXPORTER=a\x1b[31m\nb");

	(void)state;
	assert_int_equal(p.n_warnings, 1);
	assert_null(strpbrk(p.warning[0], "\x1b\n"));
}

static void any_number_of_names_is_bounded(void **state)
{
	static const char head[] = "OTEL_TRACES_EXPORTER=";
	char block[4096] = "";
	size_t n = sizeof(head) - 1;
	struct export_plan p;

	(void)state;
	memcpy(block, head, n);
	while (n < sizeof(block) - 8) {
		memcpy(block + n, "x,", 2);
		n += 2;
	}
	p = plan((struct str){ block, sizeof(block) });
	assert_int_equal(p.n, 0);
	assert_int_equal(p.n_warnings, EXPORT_WARNINGS_MOST);
}

static void a_disabled_sdk_asks_for_nothing(void **state)
{
	struct export_plan p = PLAN("OTEL_TRACES_EXPORTER=otlp\0OTEL_SDK_DISABLED=True");

	(void)state;
	assert_int_equal(p.n, 0);
}

static struct export_plan lines(struct str block)
{
	struct settings s = { block };
	struct export_plan p = { .n = 0 };

	export_plan_lines(&p, &s);
	return p;
}

#define LINES(literal) lines((struct str){ literal, sizeof(literal) })

static void log_lines_are_there_unasked(void **state)
{
	struct export_plan p = LINES("OTEL_SERVICE_NAME=shop");

	(void)state;
	assert_int_equal(p.n, 1);
	expect(&p, 0, "log", SIGNAL_LOG);
	p = LINES("LOG_FILE=/a\0OTEL_LOGS_EXPORTER=otlp");
	assert_int_equal(p.n, 2);
	expect(&p, 0, "log_file", SIGNAL_LOG);
}

static void log_lines_are_not_there_twice_unless_asked_for(void **state)
{
	(void)state;
	assert_int_equal(LINES("OTEL_LOGS_EXPORTER=console").n, 0);
	assert_int_equal(LINES("OTEL_LOGS_EXPORTER=otlp/stdout").n, 0);
	assert_int_equal(LINES("OTEL_LOGS_EXPORTER=console\0LOG_FORMAT=json").n, 1);
}

static void log_lines_can_be_switched_off(void **state)
{
	(void)state;
	assert_int_equal(LINES("LOG_FORMAT=none\0LOG_FILE=/a").n, 0);
	assert_int_equal(LINES("LOG_FORMAT=json\0ORIEL_LOG_FORMAT=disabled").n, 0);
	assert_int_equal(LINES("OTEL_SDK_DISABLED=true\0LOG_FILE=/a").n, 0);
}

static void the_list_is_in_alphabetical_order(void **state)
{
	(void)state;
	for (size_t i = 1; exporters[i]; i++)
		assert_true(strcmp(exporters[i - 1]->name, exporters[i]->name) < 0);
}

static void one_more_has_a_name(void **state)
{
	struct export_plan p = PLAN("OTEL_TRACES_EXPORTER=otlp,otlp/eu,console/x,otlp/eu\0"
				    "OTEL_LOGS_EXPORTER=otlp/EU,console/x,otlp\0"
				    "OTEL_METRICS_EXPORTER=zipkin/a,log/b,otlp/stdout");

	(void)state;
	expect(&p, 0, "otlp", SIGNAL_SPAN | SIGNAL_LOG);
	expect(&p, 1, "otlp", SIGNAL_SPAN);
	assert_true(str_eq(p.item[1].name, STR("otlp/eu")));
	expect(&p, 2, "console", SIGNAL_SPAN | SIGNAL_LOG);
	expect(&p, 3, "otlp", SIGNAL_LOG);
	assert_true(str_eq(p.item[3].name, STR("otlp/EU")));
	expect(&p, 4, "plugin", SIGNAL_METRIC);
	expect(&p, 5, "otlp/stdout", SIGNAL_METRIC);
	assert_int_equal(p.n, 6);
	assert_int_equal(p.n_warnings, 1);
	assert_string_equal(p.warning[0], "OTEL_METRICS_EXPORTER: zipkin does not take these");
}

static void one_too_many_is_told(void **state)
{
	struct export_plan p = PLAN(
		"OTEL_TRACES_EXPORTER=otlp/a,otlp/b,otlp/c,otlp/d,otlp/e,otlp/f,otlp/g,otlp/h,otlp/i,"
		"otlp/j,otlp/k,otlp/l,otlp/m,otlp/n,otlp/o,otlp/p,otlp/q");

	(void)state;
	assert_int_equal(p.n, EXPORT_PLAN_MOST);
	assert_int_equal(p.n_warnings, 1);
	assert_string_equal(p.warning[0], "more than 16 destinations; otlp is left out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_has_a_name),
		cmocka_unit_test(one_too_many_is_told),
		cmocka_unit_test(who_asks_for_nothing_gets_nothing),
		cmocka_unit_test(an_exporter_gets_all_signals_that_name_it),
		cmocka_unit_test(an_endpoint_asks_for_otlp),
		cmocka_unit_test(an_endpoint_of_a_signal_asks_for_that_signal),
		cmocka_unit_test(who_names_exporters_is_not_given_others),
		cmocka_unit_test(who_names_otlp_has_said_for_what),
		cmocka_unit_test(tomodachis_meter_provider_is_prometheus),
		cmocka_unit_test(an_endpoint_of_zipkin_asks_for_zipkin),
		cmocka_unit_test(our_own_endpoint_asks_for_nothing),
		cmocka_unit_test(a_signal_with_settings_of_its_own_has_a_destination_of_its_own),
		cmocka_unit_test(naming_an_exporter_twice_is_once),
		cmocka_unit_test(an_unknown_name_is_told_and_the_others_go_on),
		cmocka_unit_test(prometheus_is_asked_and_no_destination),
		cmocka_unit_test(a_warning_is_one_line),
		cmocka_unit_test(any_number_of_names_is_bounded),
		cmocka_unit_test(a_disabled_sdk_asks_for_nothing),
		cmocka_unit_test(log_lines_are_there_unasked),
		cmocka_unit_test(log_lines_are_not_there_twice_unless_asked_for),
		cmocka_unit_test(log_lines_can_be_switched_off),
		cmocka_unit_test(the_list_is_in_alphabetical_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
