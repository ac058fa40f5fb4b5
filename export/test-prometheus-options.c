/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-options.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* `text` without its last NUL is the block, as in a segment. */
#define READ(p, text) prometheus_options_read(p, &(struct settings){ { text "\0", sizeof(text) } })

static struct prometheus_place p;

static void who_names_prometheus_asks_for_it(void **state)
{
	(void)state;
	assert_true(READ(&p, "OTEL_METRICS_EXPORTER=otlp, prometheus"));
	assert_false(READ(&p, "OTEL_METRICS_EXPORTER=otlp"));
	assert_false(READ(&p, "OTEL_METRICS_EXPORTER=prometheus\0OTEL_SDK_DISABLED=true"));
	assert_false(READ(&p, "A=b"));
}

static void defaults_are_the_specification_s(void **state)
{
	(void)state;
	READ(&p, "OTEL_METRICS_EXPORTER=prometheus");
	assert_string_equal(p.host, "localhost");
	assert_int_equal(p.port, 9464);
	assert_false(p.options.no_scope_info || p.options.no_target_info || p.options.job);
	assert_string_equal(p.options.space, "");
}

static void each_name_is_heeded_the_first_that_is_set(void **state)
{
	(void)state;
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_HOST=0.0.0.0\0OTEL_EXPORTER_PROMETHEUS_PORT=1");
	assert_string_equal(p.host, "0.0.0.0");
	assert_int_equal(p.port, 1);
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_PORT=1\0OTEL_PYTHON_EXPORTER_PROMETHEUS_PORT=2");
	assert_int_equal(p.port, 2);
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_PORT=1\0OTEL_TOMODACHI_PROMETHEUS_PORT=3\0"
		 "OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT=");
	assert_int_equal(p.port, 3);
	READ(&p, "OTEL_PYTHON_TOMODACHI_PROMETHEUS_ADDRESS=::1\0"
		 "OTEL_TOMODACHI_PROMETHEUS_METER_PROVIDER_PORT=4\0"
		 "OTEL_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX=my\0"
		 "OTEL_EXPORTER_PROMETHEUS_INCLUDE_OTEL_SCOPE_INFO=0\0"
		 "OTEL_PYTHON_EXPORTER_PROMETHEUS_INCLUDE_TARGET_INFO=false");
	assert_string_equal(p.host, "::1");
	assert_int_equal(p.port, 4);
	assert_string_equal(p.options.space, "my");
	assert_true(p.options.no_scope_info && p.options.no_target_info);
}

/* As in the systems that these names come from. */
static void only_1_and_true_are_true(void **state)
{
	(void)state;
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_INCLUDE_TARGET_INFO= TRUE ");
	assert_false(p.options.no_target_info);
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_INCLUDE_TARGET_INFO=yes");
	assert_true(p.options.no_target_info);
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_INCLUDE_TARGET_INFO=on");
	assert_true(p.options.no_target_info);
}

static void a_port_that_is_none_is_the_default(void **state)
{
	(void)state;
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_PORT=many");
	assert_int_equal(p.port, 9464);
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_PORT=65536");
	assert_int_equal(p.port, 9464);
}

static void words_say_it_all(void **state)
{
	struct prometheus_place again;
	char words[PROMETHEUS_WORDS];

	(void)state;
	READ(&p, "OTEL_EXPORTER_PROMETHEUS_HOST=::\tx\0OTEL_EXPORTER_PROMETHEUS_PORT=9\0"
		 "ORIEL_PROMETHEUS_SCOPE_INFO=false\0ORIEL_PROMETHEUS_JOB=true\0"
		 "ORIEL_PROMETHEUS_NAMESPACE_PREFIX=a b");
	prometheus_options_write(&p, words);
	assert_string_equal(words, "::x\t9\t10\tab");
	assert_true(prometheus_options_parse(&again, words));
	assert_memory_equal(&again, &p, sizeof(p));
	assert_false(prometheus_options_parse(&again, ""));
	assert_false(prometheus_options_parse(&again, "host\t99999\t0\t"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_names_prometheus_asks_for_it),
		cmocka_unit_test(defaults_are_the_specification_s),
		cmocka_unit_test(each_name_is_heeded_the_first_that_is_set),
		cmocka_unit_test(only_1_and_true_are_true),
		cmocka_unit_test(a_port_that_is_none_is_the_default),
		cmocka_unit_test(words_say_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
