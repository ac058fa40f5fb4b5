/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/test-server.h"
#include "export/zipkin-encode.h"

#include <errno.h>
#include <math.h>

/* An exporter with these settings, `%u` being the server's port, and a batch with one span. */
struct scene {
	struct server server;
	void *zipkin;
	struct resource *resource;
	struct batch *batch;
	struct span *span;
	char why[160];
	struct export_result result;
};

static void batch_open(struct scene *x)
{
	struct attribute who = { STR("service.name"), { VALUE_STRING, .text = STR("shop") } };

	memset(x, 0, sizeof(*x));
	x->resource = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 1);
	x->batch = batch_new(x->resource);
	x->span = batch_add_span(x->batch);
	memset(x->span->trace_id.b, 0xab, 16);
	memset(x->span->span_id.b, 0xcd, 8);
	x->span->name = STR("GET /");
	x->span->kind = SPAN_INTERNAL;
	x->span->start_ns = 1700000000123456789;
	x->span->end_ns = x->span->start_ns + 2500999;
}

static void batch_close(struct scene *x)
{
	batch_free(x->batch);
	resource_free(x->resource);
}

static int zipkin_with(struct scene *x, const char *block, size_t n)
{
	struct settings s = { { block, n } };
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };

	return exporter_find(STR("zipkin"))->open(&x->zipkin, &s, &place, x->why);
}

static void scene_open(struct scene *x, const struct reply *script, const char *settings)
{
	char block[256];
	int n;

	batch_open(x);
	x->server.script = script;
	server_start(&x->server);
	n = snprintf(block, sizeof(block), "OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://127.0.0.1:%u%s",
		     x->server.port, settings);
	assert_int_equal(zipkin_with(x, block, (size_t)n + 1), 0);
}

static int scene_write(struct scene *x)
{
	return exporter_find(STR("zipkin"))->write(x->zipkin, &x->batch, 1, &x->result);
}

static void scene_close(struct scene *x)
{
	assert_null(exporter_find(STR("zipkin"))->close(x->zipkin));
	server_stop(&x->server);
	server_forget(&x->server);
	batch_close(x);
}

#define SCRIPT(...) ((const struct reply[]){ __VA_ARGS__, { NULL, 0 } })
#define ACCEPTED "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

#define HEAD "[{\"traceId\":\"abababababababababababababababab\","
#define ID "\"id\":\"cdcdcdcdcdcdcdcd\","
#define NAMED "\"name\":\"GET /\",\"timestamp\":1700000000123456,\"duration\":2500,"
#define LOCAL "\"localEndpoint\":{\"serviceName\":\"shop\"}"

/* The whole request is `text`. */
static void expect(struct scene *x, const char *text)
{
	struct out o = { 0 };
	size_t left_out;

	zipkin_encode(&o, (struct otlp_slice){ &x->batch, 1, 0, x->batch->n_spans }, &left_out);
	out_char(&o, '\0');
	assert_int_equal(o.error, 0);
	assert_int_equal(left_out, 0);
	assert_string_equal(o.p, text);
	out_fini(&o);
	batch_close(x);
}

static void expect_tags(const struct attribute *a, size_t n, const char *tags)
{
	struct scene x;
	char text[1024];

	batch_open(&x);
	x.span->attributes = (struct attributes){ a, n, 0 };
	snprintf(text, sizeof(text), HEAD ID NAMED LOCAL ",\"tags\":{%s}}]", tags);
	expect(&x, text);
}

#define TEXT(key, value) \
	{ \
		STR(key), \
		{ \
			VALUE_STRING, .text = STR(value) \
		} \
	}
#define INT(key, value) \
	{ \
		STR(key), \
		{ \
			VALUE_INT, .integer = (value) \
		} \
	}

static void a_span_has_ids_times_and_a_service(void **state)
{
	struct scene x;

	(void)state;
	batch_open(&x);
	expect(&x, HEAD ID NAMED LOCAL "}]");
}

static void a_parent_and_a_kind_if_there_is_one(void **state)
{
	struct scene x;

	(void)state;
	batch_open(&x);
	memset(x.span->parent_id.b, 0xef, 8);
	x.span->kind = SPAN_SERVER;
	expect(&x, HEAD "\"parentId\":\"efefefefefefefef\"," ID "\"kind\":\"SERVER\"," NAMED LOCAL
			"}]");
}

static void nothing_takes_less_than_a_microsecond(void **state)
{
	struct scene x;

	(void)state;
	batch_open(&x);
	x.span->end_ns = x.span->start_ns + 999;
	expect(&x, HEAD ID "\"name\":\"GET /\",\"timestamp\":1700000000123456,\"duration\":1," LOCAL
			   "}]");
}

static void every_value_is_text(void **state)
{
	static const struct value list[] = { { VALUE_INT, .integer = 1 },
					     { VALUE_STRING, .text = { "b", 1 } },
					     { VALUE_EMPTY, .integer = 0 } };
	const struct attribute a[] = {
		TEXT("text", "a\"b"),
		INT("int", -7),
		{ STR("true"), { VALUE_BOOL, .boolean = true } },
		{ STR("half"), { VALUE_DOUBLE, .number = 0.5 } },
		{ STR("nan"), { VALUE_DOUBLE, .number = NAN } },
		{ STR("bytes"), { VALUE_BYTES, .text = STR("f") } },
		{ STR("list"), { VALUE_ARRAY, .array = { list, 3 } } },
		{ STR("map"), { VALUE_MAP, .map = { a, 2 } } },
	};

	(void)state;
	expect_tags(a, 8,
		    "\"text\":\"a\\\"b\",\"int\":\"-7\",\"true\":\"true\",\"half\":\"0.5\","
		    "\"nan\":\"NaN\",\"bytes\":\"Zg==\",\"list\":\"[1,\\\"b\\\",null]\","
		    "\"map\":\"{\\\"text\\\":\\\"a\\\\\\\"b\\\",\\\"int\\\":-7}\"");
}

static void an_error_is_a_tag(void **state)
{
	struct attribute a[] = { TEXT("error", "mine") };
	struct scene x;

	(void)state;
	batch_open(&x);
	x.span->status = STATUS_ERROR;
	x.span->status_message = STR("it broke");
	x.span->attributes = (struct attributes){ a, 1, 3 };
	expect(&x, HEAD ID NAMED LOCAL ",\"tags\":{\"otel.status_code\":\"ERROR\","
				       "\"error\":\"it broke\","
				       "\"otel.dropped_attributes_count\":\"3\"}}]");
	batch_open(&x);
	x.span->status = STATUS_ERROR;
	expect(&x,
	       HEAD ID NAMED LOCAL ",\"tags\":{\"otel.status_code\":\"ERROR\",\"error\":\"\"}}]");
}

static void a_scope_is_two_tags(void **state)
{
	static const struct scope scope = { .name = STR("cart"), .version = STR("3") };
	struct scene x;

	(void)state;
	batch_open(&x);
	x.span->scope = &scope;
	expect(&x, HEAD ID NAMED LOCAL
	       ",\"tags\":{\"otel.scope.name\":\"cart\",\"otel.scope.version\":\"3\"}}]");
}

static void no_error_is_no_tag(void **state)
{
	const struct attribute a[] = { TEXT("error", "false"), INT("x", 1) };
	struct scene x;

	(void)state;
	expect_tags(a, 2, "\"x\":\"1\"");
	batch_open(&x);
	x.span->status = STATUS_OK;
	expect(&x, HEAD ID NAMED LOCAL ",\"tags\":{\"otel.status_code\":\"OK\"}}]");
}

static void who_was_called_is_the_remote_endpoint(void **state)
{
	static const struct {
		struct attribute a[2];
		const char *endpoint;
	} row[] = {
		{ { TEXT("server.address", "10.0.0.7"), INT("server.port", 5432) },
		  "{\"serviceName\":\"10.0.0.7\",\"ipv4\":\"10.0.0.7\",\"port\":5432}" },
		{ { TEXT("network.peer.address", "::1"), INT("network.peer.port", 70000) },
		  "{\"serviceName\":\"::1\",\"ipv6\":\"::1\"}" },
		{ { TEXT("server.address", "db.local"), TEXT("peer.service", "database") },
		  "{\"serviceName\":\"database\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct scene x;
		struct out o = { 0 };
		char part[200];
		size_t left_out;

		batch_open(&x);
		x.span->kind = SPAN_CLIENT;
		x.span->attributes = (struct attributes){ row[i].a, 2, 0 };
		snprintf(part, sizeof(part), LOCAL ",\"remoteEndpoint\":%s,", row[i].endpoint);
		zipkin_encode(&o, (struct otlp_slice){ &x.batch, 1, 0, 1 }, &left_out);
		assert_non_null(memmem(o.p, o.n, part, strlen(part)));
		out_fini(&o);
		batch_close(&x);
	}
}

static void an_event_is_an_annotation(void **state)
{
	static const struct attribute a[] = { INT("n", 1), TEXT("k", "v") };
	const struct span_event event[] = {
		{ 1700000000000001999, STR("cache miss"), { NULL, 0, 0 } },
		{ 1700000000000002000, STR("retry"), { a, 2, 0 } },
	};
	struct scene x;

	(void)state;
	batch_open(&x);
	x.span->event = event;
	x.span->n_events = 2;
	expect(&x, HEAD ID NAMED LOCAL
	       ",\"annotations\":[{\"timestamp\":1700000000000001,\"value\":\"cache miss\"},"
	       "{\"timestamp\":1700000000000002,"
	       "\"value\":\"\\\"retry\\\":{\\\"n\\\":1,\\\"k\\\":\\\"v\\\"}\"}]}]");
}

static void spans_are_posted_to_the_endpoint(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ ACCEPTED, 0 }), "/api/v2/spans");
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	assert_int_equal(x.result.n_done[0], 1);
	assert_true(server_saw(&x.server, 0, "POST /api/v2/spans HTTP/1.1\r\n"));
	assert_true(server_saw(&x.server, 0, "\r\nContent-Type: application/json\r\n"));
	scene_close(&x);
}

static void the_base_of_the_api_is_understood(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ ACCEPTED, 0 }), "/api/v2/");
	assert_int_equal(scene_write(&x), 0);
	assert_true(server_saw(&x.server, 0, "POST /api/v2/spans HTTP/1.1\r\n"));
	scene_close(&x);
}

static void a_busy_server_gets_it_later_and_a_refusal_is_final(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x,
		   SCRIPT({ "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 0 },
			  { "HTTP/1.1 400 Bad\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
			    "\r\nodd",
			    0 }),
		   "/");
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_int_equal(x.result.retry_after_ms, 3000);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 1);
	assert_non_null(strstr(x.result.why, "status 400"));
	assert_non_null(strstr(x.result.why, "odd"));
	scene_close(&x);
}

static void a_span_without_ids_does_not_spoil_the_others(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ ACCEPTED, 0 }), "/");
	batch_add_span(x.batch);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 1);
	assert_null(
		memmem(x.server.request[0].body.p, x.server.request[0].body.n, "0000000000", 10));
	scene_close(&x);
}

static void settings_without_sense_are_told(void **state)
{
	static const char ftp[] = "OTEL_EXPORTER_ZIPKIN_ENDPOINT=ftp://h";
	static const char soon[] = "OTEL_EXPORTER_ZIPKIN_TIMEOUT=soon";
	struct scene x = { .zipkin = NULL };

	(void)state;
	assert_int_equal(zipkin_with(&x, ftp, sizeof(ftp)), -EINVAL);
	assert_non_null(strstr(x.why, "neither http nor https"));
	assert_int_equal(zipkin_with(&x, soon, sizeof(soon)), 0);
	assert_string_equal(x.why, ""); /* by who launched it */
	exporter_find(STR("zipkin"))->close(x.zipkin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_has_ids_times_and_a_service),
		cmocka_unit_test(a_parent_and_a_kind_if_there_is_one),
		cmocka_unit_test(nothing_takes_less_than_a_microsecond),
		cmocka_unit_test(every_value_is_text),
		cmocka_unit_test(an_error_is_a_tag),
		cmocka_unit_test(a_scope_is_two_tags),
		cmocka_unit_test(no_error_is_no_tag),
		cmocka_unit_test(who_was_called_is_the_remote_endpoint),
		cmocka_unit_test(an_event_is_an_annotation),
		cmocka_unit_test(spans_are_posted_to_the_endpoint),
		cmocka_unit_test(the_base_of_the_api_is_understood),
		cmocka_unit_test(a_busy_server_gets_it_later_and_a_refusal_is_final),
		cmocka_unit_test(a_span_without_ids_does_not_spoil_the_others),
		cmocka_unit_test(settings_without_sense_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
