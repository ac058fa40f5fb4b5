/* SPDX-License-Identifier: Apache-2.0 */
#include "view/accept.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void openmetrics_is(bool want, const char *header)
{
	if (accept_openmetrics(str_of(header)) != want)
		fail_msg("%s", header);
}

static void weights_decide(void **state)
{
	(void)state;
	openmetrics_is(true, "application/openmetrics-text");
	openmetrics_is(true, "text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.8");
	openmetrics_is(false, "application/openmetrics-text;q=0.3,text/plain;q=0.4");
	openmetrics_is(false, "application/openmetrics-text;q=0");
	openmetrics_is(false, "text/plain");
	openmetrics_is(false, "*/*");
	openmetrics_is(false, "");
	openmetrics_is(true, "*/*;q=0.001, Application/OpenMetrics-Text ; Q=0.002");
}

static void of_equals_the_first_wins(void **state)
{
	(void)state;
	openmetrics_is(true, "application/openmetrics-text,text/plain");
	openmetrics_is(false, "text/plain,application/openmetrics-text");
}

/* Prometheus 2.42's, 3's, and a browser's. */
static void real_headers(void **state)
{
	(void)state;
	openmetrics_is(true,
		       "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		       "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
	openmetrics_is(
		true,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		"encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;"
		"escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;"
		"q=0.3,*/*;q=0.2");
	openmetrics_is(false, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
}

static void versions_that_are_not_ours_do_not_count(void **state)
{
	(void)state;
	openmetrics_is(false, "application/openmetrics-text;version=2.0.0,text/plain;q=0.1");
	openmetrics_is(true, "text/plain;version=1.0.0,application/openmetrics-text;q=0.1");
}

static void a_weight_without_sense_weighs_nothing(void **state)
{
	(void)state;
	openmetrics_is(false, "application/openmetrics-text;q=high,text/plain;q=0.1");
	openmetrics_is(false, "application/openmetrics-text;q=2,text/plain;q=0.1");
	openmetrics_is(false, "application/openmetrics-text;q=0.0001,text/plain;q=0.1");
	openmetrics_is(false, ",;,q=1,;q=,/");
}

static void gzip_is_taken_by_name_or_by_star(void **state)
{
	(void)state;
	assert_true(accept_gzip(STR("gzip")));
	assert_true(accept_gzip(STR("br, GZIP;q=0.8")));
	assert_true(accept_gzip(STR("*")));
	assert_true(accept_gzip(STR("gzip;q=1.0")));
	assert_false(accept_gzip(STR("")));
	assert_false(accept_gzip(STR("identity")));
	assert_false(accept_gzip(STR("gzip;q=0")));
	assert_false(accept_gzip(STR("*, gzip;q=0.0")));
	assert_false(accept_gzip(STR("gzip; q=0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_decide),
		cmocka_unit_test(of_equals_the_first_wins),
		cmocka_unit_test(real_headers),
		cmocka_unit_test(versions_that_are_not_ours_do_not_count),
		cmocka_unit_test(a_weight_without_sense_weighs_nothing),
		cmocka_unit_test(gzip_is_taken_by_name_or_by_star),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
