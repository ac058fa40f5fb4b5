/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-name.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct out o;

static void name_is(enum metric_kind kind, const char *name, const char *unit, const char *want)
{
	struct metric_point p = { .kind = kind, .name = str_of(name), .unit = str_of(unit) };

	out_clear(&o);
	prometheus_metric_name(&o, STR(""), &p, true);
	out_char(&o, '\0');
	assert_string_equal(o.p, want);
}

static void label_is(const char *key, const char *want)
{
	out_clear(&o);
	prometheus_label_name(&o, str_of(key));
	out_char(&o, '\0');
	assert_string_equal(o.p, want);
}

static void units_are_written_out(void **state)
{
	(void)state;
	name_is(METRIC_HISTOGRAM, "http.server.request.duration", "s",
		"http_server_request_duration_seconds");
	name_is(METRIC_GAUGE, "heap", "By", "heap_bytes");
	name_is(METRIC_GAUGE, "disk", "KiBy", "disk_kibibytes");
	name_is(METRIC_GAUGE, "heat", "Cel", "heat_celsius");
	name_is(METRIC_GAUGE, "load", "%", "load_percent");
	name_is(METRIC_GAUGE, "wait", "ms", "wait_milliseconds");
}

static void a_unit_that_nobody_listed_stays(void **state)
{
	(void)state;
	name_is(METRIC_GAUGE, "rides", "furlong", "rides_furlong");
	name_is(METRIC_GAUGE, "rides", "[ft_i]", "rides_ft_i");
}

/* The naive forms: "by_per_second", "active_requests_requests". */
static void rates_name_both_units(void **state)
{
	(void)state;
	name_is(METRIC_GAUGE, "disk.io", "By/s", "disk_io_bytes_per_second");
	name_is(METRIC_GAUGE, "speed", "m/s", "speed_meters_per_second");
	name_is(METRIC_GAUGE, "speed", "m/m", "speed_meters_per_minute");
	name_is(METRIC_GAUGE, "rate", "{request}/s", "rate_per_second");
}

static void remarks_in_braces_are_dropped(void **state)
{
	(void)state;
	name_is(METRIC_UP_DOWN, "http.server.active_requests", "{request}",
		"http_server_active_requests");
	name_is(METRIC_UP_DOWN, "active_tasks", "{message}", "active_tasks");
	name_is(METRIC_GAUGE, "sent", "By{payload}", "sent_bytes");
	name_is(METRIC_GAUGE, "odd", "{never closed", "odd");
}

static void a_ratio_is_a_gauge(void **state)
{
	(void)state;
	name_is(METRIC_GAUGE, "cpu.utilization", "1", "cpu_utilization_ratio");
	name_is(METRIC_SUM, "events", "1", "events");
	name_is(METRIC_HISTOGRAM, "share", "1", "share");
	name_is(METRIC_UP_DOWN, "share", "1", "share");
}

static void what_the_name_says_already_is_not_said_twice(void **state)
{
	(void)state;
	name_is(METRIC_GAUGE, "heap_bytes", "By", "heap_bytes");
	name_is(METRIC_SUM, "orders_total", "", "orders");
	name_is(METRIC_SUM, "cpu.time.total", "s", "cpu_time_seconds");
	name_is(METRIC_GAUGE, "orders_total", "", "orders_total");
	name_is(METRIC_GAUGE, "megabytes", "By", "megabytes_bytes");
	name_is(METRIC_GAUGE, "bytes", "By", "bytes_bytes");
}

static void what_no_name_may_hold_is_one_underscore(void **state)
{
	(void)state;
	name_is(METRIC_GAUGE, "a.b-c d", "", "a_b_c_d");
	name_is(METRIC_GAUGE, "a..b", "", "a_b");
	name_is(METRIC_GAUGE, "\xc3\xa4pfel", "", "_pfel");
	name_is(METRIC_GAUGE, "4xx", "", "_4xx");
	name_is(METRIC_GAUGE, "job:rate", "", "job:rate");
	name_is(METRIC_GAUGE, "", "", "_");
	label_is("http.route", "http_route");
	label_is("a:b", "a_b");
	label_is("2nd", "_2nd");
	label_is("__name__", "_name_");
}

static void what_we_count_ourselves_is_called_by_what_it_is(void **state)
{
	static const struct scope ours = { .name = STR("oriel.process"), .version = STR("1") },
				  theirs = { .name = STR("oriel"), .version = STR("1") };
	struct metric_point p = { .kind = METRIC_UP_DOWN,
				  .name = STR("process.thread.count"),
				  .unit = STR("{thread}"),
				  .scope = &ours };

	(void)state;
	out_clear(&o);
	prometheus_metric_name(&o, STR(""), &p, true);
	out_char(&o, ' ');
	p.scope = &theirs;
	prometheus_metric_name(&o, STR(""), &p, true);
	out_char(&o, '\0');
	assert_string_equal(o.p, "process_threads process_thread_count");
}

static void a_namespace_stands_before_the_name(void **state)
{
	struct metric_point p = { .kind = METRIC_SUM, .name = STR("orders") };

	(void)state;
	out_clear(&o);
	prometheus_metric_name(&o, STR("my.shop"), &p, true);
	out_char(&o, '\0');
	assert_string_equal(o.p, "my_shop_orders");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_written_out),
		cmocka_unit_test(a_unit_that_nobody_listed_stays),
		cmocka_unit_test(rates_name_both_units),
		cmocka_unit_test(remarks_in_braces_are_dropped),
		cmocka_unit_test(a_ratio_is_a_gauge),
		cmocka_unit_test(what_the_name_says_already_is_not_said_twice),
		cmocka_unit_test(what_no_name_may_hold_is_one_underscore),
		cmocka_unit_test(what_we_count_ourselves_is_called_by_what_it_is),
		cmocka_unit_test(a_namespace_stands_before_the_name),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	out_fini(&o);
	return r;
}
