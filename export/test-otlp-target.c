/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/out.h"
#include "export/otlp-target.h"

#include <errno.h>
#include <stdlib.h>

struct reading {
	struct arena arena;
	struct otlp_target target;
	char why[160];
	int r;
};

#define BLOCK(literal) ((struct settings){ { literal, sizeof(literal) } })

static struct reading read_target(enum signal kind, struct settings s)
{
	struct reading x = { .r = 0 };

	x.r = otlp_target_read(&x.target, kind, &s, &x.arena, x.why);
	return x;
}

static void expect_url(enum signal kind, struct settings s, const char *url)
{
	struct reading x = read_target(kind, s);

	assert_string_equal(x.why, "");
	assert_int_equal(x.r, 0);
	assert_string_equal(x.target.url, url);
	arena_fini(&x.arena);
}

static void expect_error(struct settings s, const char *part)
{
	struct reading x = read_target(SIGNAL_SPAN, s);

	assert_int_equal(x.r, -EINVAL);
	assert_non_null(strstr(x.why, part));
	arena_fini(&x.arena);
}

static void expect_warning(struct settings s, const char *part)
{
	struct reading x = read_target(SIGNAL_SPAN, s);

	assert_int_equal(x.r, 0);
	assert_non_null(strstr(x.why, part));
	arena_fini(&x.arena);
}

static void the_default_is_this_machine(void **state)
{
	(void)state;
	expect_url(SIGNAL_SPAN, BLOCK(""), "http://localhost:4318/v1/traces");
	expect_url(SIGNAL_LOG, BLOCK(""), "http://localhost:4318/v1/logs");
	expect_url(SIGNAL_METRIC, BLOCK(""), "http://localhost:4318/v1/metrics");
}

static void the_common_endpoint_gets_a_path(void **state)
{
	(void)state;
	expect_url(SIGNAL_SPAN, BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://h:1"),
		   "http://h:1/v1/traces");
	expect_url(SIGNAL_LOG, BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=https://h/otlp/"),
		   "https://h/otlp/v1/logs");
	expect_url(SIGNAL_LOG, BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=HTTP://[::1]:1?key=a"),
		   "HTTP://[::1]:1/v1/logs?key=a");
}

static void a_signals_own_endpoint_is_taken_as_it_is(void **state)
{
	struct settings s = BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://all\0"
				  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://mine/x");

	(void)state;
	expect_url(SIGNAL_SPAN, s, "http://mine/x");
	expect_url(SIGNAL_LOG, s, "http://all/v1/logs");
}

static void an_empty_setting_is_not_set(void **state)
{
	(void)state;
	expect_url(
		SIGNAL_SPAN,
		BLOCK("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=\0OTEL_EXPORTER_OTLP_ENDPOINT=http://all"),
		"http://all/v1/traces");
}

static void our_own_endpoint_leads_nowhere(void **state)
{
	(void)state;
	expect_url(SIGNAL_SPAN,
		   BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9\0"
			 "OTEL_EXPORTER_OTLP_PROTOCOL=grpc\0ORIEL_ENDPOINT_IS_OURS="
			 "http://127.0.0.1:9"),
		   "http://localhost:4318/v1/traces");
	expect_url(SIGNAL_SPAN,
		   BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://theirs\0ORIEL_ENDPOINT_IS_OURS="
			 "http://127.0.0.1:9"),
		   "http://theirs/v1/traces");
}

static void expect_protocol(struct settings s, enum otlp_protocol protocol, const char *url)
{
	struct reading x = read_target(SIGNAL_SPAN, s);

	assert_string_equal(x.why, "");
	assert_int_equal(x.r, 0);
	assert_int_equal(x.target.protocol, protocol);
	assert_string_equal(x.target.url, url);
	arena_fini(&x.arena);
}

#define TRACE_METHOD "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

static void an_endpoint_without_a_scheme_is_grpc_without_tls(void **state)
{
	(void)state;
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=otelcol:4317"), OTLP_GRPC,
			"http://otelcol:4317" TRACE_METHOD);
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=otelcol"), OTLP_GRPC,
			"http://otelcol:4317" TRACE_METHOD);
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=[::1]"), OTLP_GRPC,
			"http://[::1]:4317" TRACE_METHOD);
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=[::1]:9"), OTLP_GRPC,
			"http://[::1]:9" TRACE_METHOD);
}

static void who_says_not_insecure_gets_tls(void **state)
{
	(void)state;
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=h:1\0OTEL_EXPORTER_OTLP_INSECURE=false"),
			OTLP_GRPC, "https://h:1" TRACE_METHOD);
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=h:1\0OTEL_EXPORTER_OTLP_INSECURE=true"),
			OTLP_GRPC, "http://h:1" TRACE_METHOD);
	expect_protocol(
		BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://h:1\0"
		      "OTEL_EXPORTER_OTLP_PROTOCOL=grpc\0OTEL_EXPORTER_OTLP_INSECURE=false"),
		OTLP_GRPC, "http://h:1" TRACE_METHOD);
}

static void grpc_has_a_port_and_methods_of_its_own(void **state)
{
	(void)state;
	expect_url(SIGNAL_SPAN, BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"),
		   "http://localhost:4317" TRACE_METHOD);
	expect_url(
		SIGNAL_LOG, BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"),
		"http://localhost:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export");
	expect_url(
		SIGNAL_METRIC,
		BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=grpc\0OTEL_EXPORTER_OTLP_ENDPOINT=https://h/x"),
		"https://h/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
}

static void a_protocol_may_be_one_signals(void **state)
{
	struct settings s = BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=grpc\0"
				  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json");

	(void)state;
	expect_protocol(s, OTLP_HTTP_JSON, "http://localhost:4318/v1/traces");
	expect_url(
		SIGNAL_LOG, s,
		"http://localhost:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export");
}

static void http_needs_a_scheme(void **state)
{
	(void)state;
	expect_error(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=h:4318\0"
			   "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
		     "write http://h:4318");
}

static void an_endpoint_is_an_address(void **state)
{
	(void)state;
	expect_error(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=file:///etc/passwd"),
		     "neither http nor https");
	expect_error(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://"), "no address");
	expect_error(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http:///path"), "no address");
	expect_error(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://a b"), "no address");
	expect_error(BLOCK("OTEL_EXPORTER_OTLP_ENDPOINT=http://a\r\nb"), "no address");
}

static void an_unknown_protocol_is_told_and_the_default_taken(void **state)
{
	(void)state;
	expect_warning(BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=carrier-pigeon"),
		       "carrier-pigeon is no protocol");
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=HTTP/JSON"), OTLP_HTTP_JSON,
			"http://localhost:4318/v1/traces");
	expect_protocol(BLOCK("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"), OTLP_HTTP_PROTOBUF,
			"http://localhost:4318/v1/traces");
}

static void a_signals_own_setting_wins(void **state)
{
	struct reading x = read_target(
		SIGNAL_METRIC,
		BLOCK("OTEL_EXPORTER_OTLP_TIMEOUT=5\0OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=7\0"
		      "OTEL_EXPORTER_OTLP_COMPRESSION=gzip\0"
		      "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=zstd\0"
		      "OTEL_EXPORTER_OTLP_HEADERS=a=1,b=2\0OTEL_EXPORTER_OTLP_METRICS_HEADERS=c=3"));

	(void)state;
	assert_int_equal(x.target.timeout_ms, 7);
	assert_int_equal(x.target.packing, PACKING_ZSTD);
	assert_int_equal(x.target.headers.n, 1);
	assert_string_equal(x.target.headers.item[0].name, "c");
	arena_fini(&x.arena);
}

static void certificates_are_files(void **state)
{
	struct reading x = read_target(SIGNAL_LOG,
				       BLOCK("OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.pem\0"
					     "OTEL_EXPORTER_OTLP_CLIENT_KEY=/key.pem\0"
					     "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE=/me.pem"));

	(void)state;
	assert_string_equal(x.target.certificate, "/ca.pem");
	assert_string_equal(x.target.client_key, "/key.pem");
	assert_string_equal(x.target.client_certificate, "/me.pem");
	arena_fini(&x.arena);
}

static void a_time_out_without_sense_is_the_default(void **state)
{
	static const char *const blocks[] = { "x", "-1", "1.5", "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		struct out o = { 0 };

		out_fmt(&o, "OTEL_EXPORTER_OTLP_TIMEOUT=%s%c", blocks[i], 0);
		struct reading x = read_target(SIGNAL_SPAN, (struct settings){ out_all(&o) });

		assert_int_equal(x.r, 0);
		assert_int_equal(x.target.timeout_ms, 10000);
		arena_fini(&x.arena);
		out_fini(&o);
	}
}

static void no_time_is_no_limit(void **state)
{
	static const char block[] = "OTEL_EXPORTER_OTLP_TIMEOUT=0\0OTEL_BSP_EXPORT_TIMEOUT=0\0"
				    "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT=70";
	struct reading x = read_target(SIGNAL_SPAN, (struct settings){ { block, sizeof(block) } });

	(void)state;
	assert_int_equal(x.target.timeout_ms, 600000);
	arena_fini(&x.arena);
	x = read_target(SIGNAL_LOG, (struct settings){ { block, sizeof(block) } });
	assert_int_equal(x.target.timeout_ms, 70);
	arena_fini(&x.arena);
}

static void an_export_may_take_no_longer_than_its_processor_says(void **state)
{
	static const char block[] = "OTEL_EXPORTER_OTLP_TIMEOUT=50\0OTEL_BSP_EXPORT_TIMEOUT=40\0"
				    "OTEL_BLRP_EXPORT_TIMEOUT=60\0OTEL_METRIC_EXPORT_TIMEOUT=never";
	static const struct {
		enum signal kind;
		uint32_t timeout_ms;
	} each[] = { { SIGNAL_SPAN, 40 }, { SIGNAL_LOG, 50 }, { SIGNAL_METRIC, 50 } };

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		struct reading x =
			read_target(each[i].kind, (struct settings){ { block, sizeof(block) } });

		assert_int_equal(x.target.timeout_ms, each[i].timeout_ms);
		arena_fini(&x.arena);
	}
}

static void compression_without_sense_is_none(void **state)
{
	(void)state;
	expect_warning(BLOCK("OTEL_EXPORTER_OTLP_COMPRESSION=zip"), "none of gzip, zstd and none");
}

static void bad_headers_are_counted_and_never_shown(void **state)
{
	struct reading x =
		read_target(SIGNAL_SPAN, BLOCK("OTEL_EXPORTER_OTLP_HEADERS=api key=hunter2,ok=1"));

	(void)state;
	assert_int_equal(x.r, 0);
	assert_non_null(strstr(x.why, "1 item left out"));
	assert_null(strstr(x.why, "hunter2"));
	arena_fini(&x.arena);
}

static void only_a_signals_own_settings_are_its_own(void **state)
{
	struct settings s = BLOCK(
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://all\0OTEL_EXPORTER_OTLP_LOGS_HEADERS=a=1");

	(void)state;
	assert_true(otlp_target_is_own(SIGNAL_LOG, &s));
	assert_false(otlp_target_is_own(SIGNAL_SPAN, &s));
	assert_false(otlp_target_is_own(SIGNAL_METRIC, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_this_machine),
		cmocka_unit_test(the_common_endpoint_gets_a_path),
		cmocka_unit_test(a_signals_own_endpoint_is_taken_as_it_is),
		cmocka_unit_test(an_empty_setting_is_not_set),
		cmocka_unit_test(our_own_endpoint_leads_nowhere),
		cmocka_unit_test(an_endpoint_without_a_scheme_is_grpc_without_tls),
		cmocka_unit_test(who_says_not_insecure_gets_tls),
		cmocka_unit_test(grpc_has_a_port_and_methods_of_its_own),
		cmocka_unit_test(a_protocol_may_be_one_signals),
		cmocka_unit_test(http_needs_a_scheme),
		cmocka_unit_test(an_endpoint_is_an_address),
		cmocka_unit_test(an_unknown_protocol_is_told_and_the_default_taken),
		cmocka_unit_test(a_signals_own_setting_wins),
		cmocka_unit_test(certificates_are_files),
		cmocka_unit_test(a_time_out_without_sense_is_the_default),
		cmocka_unit_test(no_time_is_no_limit),
		cmocka_unit_test(an_export_may_take_no_longer_than_its_processor_says),
		cmocka_unit_test(compression_without_sense_is_none),
		cmocka_unit_test(bad_headers_are_counted_and_never_shown),
		cmocka_unit_test(only_a_signals_own_settings_are_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
