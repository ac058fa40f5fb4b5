/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/zipkin.h"

#include "export/zipkin-encode.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct otlp_source nobody = { .run = { "", 0 } };

static const struct span *span_of(struct receipt *got, const char *json)
{
	assert_int_equal(zipkin_decode(got, str_of(json), &nobody), 0);
	assert_int_equal(got->n, 1);
	return &got->batch[0]->span[0];
}

static void assert_text(struct attributes a, const char *key, const char *text)
{
	assert_true(str_eq(attributes_text(a, str_of(key)), str_of(text)));
}

static void a_span_is_read_whole(void **state)
{
	struct receipt got = { 0 };
	const struct span *s = span_of(
		&got,
		"[{\"traceId\":\"5af7183fb1d4cf5f86154ca178f81234\",\"parentId\":\"6b221d5bc9e6496c\","
		"\"id\":\"352bff9a74ca9ad2\",\"kind\":\"CLIENT\",\"name\":\"get /api\","
		"\"timestamp\":1556604172355737,\"duration\":1431,\"debug\":true,"
		"\"localEndpoint\":{\"serviceName\":\"backend\",\"ipv4\":\"192.168.99.1\",\"port\":3306},"
		"\"remoteEndpoint\":{\"serviceName\":\"db\",\"ipv6\":\"::1\",\"port\":5432},"
		"\"annotations\":[{\"timestamp\":1556604172355800,\"value\":\"ws\"}],"
		"\"tags\":{\"http.method\":\"GET\",\"http.path\":\"/api\"}}]");

	(void)state;
	assert_int_equal(s->trace_id.b[0], 0x5a);
	assert_int_equal(s->parent_id.b[7], 0x6c);
	assert_int_equal(s->span_id.b[7], 0xd2);
	assert_int_equal(s->kind, SPAN_CLIENT);
	assert_true(str_eq(s->name, STR("get /api")));
	assert_int_equal(s->start_ns, 1556604172355737000u);
	assert_int_equal(s->end_ns - s->start_ns, 1431000);
	assert_true(str_eq(got.batch[0]->resource->service, STR("backend")));
	assert_text(s->attributes, "http.method", "GET");
	assert_text(s->attributes, "network.local.address", "192.168.99.1");
	assert_int_equal(attributes_int(s->attributes, STR("network.local.port"), 0), 3306);
	assert_text(s->attributes, "peer.service", "db");
	assert_text(s->attributes, "network.peer.address", "::1");
	assert_int_equal(attributes_int(s->attributes, STR("network.peer.port"), 0), 5432);
	assert_int_equal(s->n_events, 1);
	assert_true(str_eq(s->event[0].name, STR("ws")));
	assert_int_equal(s->event[0].time_ns, 1556604172355800000u);
	assert_int_equal(s->status, STATUS_UNSET);
	receipt_fini(&got);
}

static void short_ids_have_zeros_before_them(void **state)
{
	struct receipt got = { 0 };
	const struct span *s = span_of(&got, "[{\"traceId\":\"86154ca178f81234\",\"id\":\"1f\"}]");

	(void)state;
	assert_int_equal(s->trace_id.b[7], 0);
	assert_int_equal(s->trace_id.b[8], 0x86);
	assert_int_equal(s->span_id.b[6], 0);
	assert_int_equal(s->span_id.b[7], 0x1f);
	receipt_fini(&got);
}

static void what_is_not_told_is_unknown_or_now(void **state)
{
	struct receipt got = { 0 };
	const struct span *s = span_of(&got, "[{\"traceId\":\"1\",\"id\":\"2\",\"kind\":null}]");

	(void)state;
	assert_true(s->start_ns > 1700000000000000000u);
	assert_int_equal(s->end_ns, s->start_ns);
	assert_int_equal(s->kind, SPAN_INTERNAL);
	assert_true(str_eq(got.batch[0]->resource->service, STR("unknown_service")));
	receipt_fini(&got);
}

static void the_tag_error_is_the_status(void **state)
{
	struct receipt got = { 0 };
	const struct span *s =
		span_of(&got, "[{\"traceId\":\"1\",\"id\":\"2\",\"tags\":{\"error\":\"refused\","
			      "\"otel.scope.name\":\"pg\",\"otel.scope.version\":\"2\"}}]");

	(void)state;
	assert_int_equal(s->status, STATUS_ERROR);
	assert_true(str_eq(s->status_message, STR("refused")));
	assert_int_equal(s->attributes.n, 0);
	assert_true(str_eq(s->scope->name, STR("pg")));
	assert_true(str_eq(s->scope->version, STR("2")));
	receipt_fini(&got);
}

static void each_service_has_a_batch(void **state)
{
	struct receipt got = { 0 };

	(void)state;
	assert_int_equal(
		zipkin_decode(
			&got,
			STR("[{\"traceId\":\"1\",\"id\":\"2\",\"localEndpoint\":{\"serviceName\":\"a\"}},"
			    "{\"traceId\":\"1\",\"id\":\"3\",\"localEndpoint\":{\"serviceName\":\"b\"}},"
			    "{\"traceId\":\"1\",\"id\":\"4\",\"localEndpoint\":{\"serviceName\":\"a\"}}]"),
			&nobody),
		0);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.batch[0]->n_spans, 2);
	assert_int_equal(got.batch[1]->n_spans, 1);
	receipt_fini(&got);
}

static void a_shared_span_becomes_two_and_its_children_follow(void **state)
{
	struct receipt got = { 0 };
	const struct span *client, *server, *child;

	(void)state;
	assert_int_equal(
		zipkin_decode(
			&got,
			STR("[{\"traceId\":\"1\",\"id\":\"3\",\"parentId\":\"2\","
			    "\"localEndpoint\":{\"serviceName\":\"b\"}},"
			    "{\"traceId\":\"1\",\"id\":\"2\",\"parentId\":\"9\",\"kind\":\"CLIENT\","
			    "\"localEndpoint\":{\"serviceName\":\"a\"}},"
			    "{\"traceId\":\"1\",\"id\":\"2\",\"parentId\":\"9\",\"kind\":\"SERVER\",\"shared\":true,"
			    "\"localEndpoint\":{\"serviceName\":\"b\"}}]"),
			&nobody),
		0);
	child = &got.batch[0]->span[0];
	server = &got.batch[0]->span[1];
	client = &got.batch[1]->span[0];
	assert_int_equal(client->span_id.b[7], 2);
	assert_memory_equal(&server->parent_id, &client->span_id, 8);
	assert_memory_not_equal(&server->span_id, &client->span_id, 8);
	assert_memory_equal(&child->parent_id, &server->span_id, 8);
	receipt_fini(&got);
}

static void a_span_without_ids_is_rejected_alone(void **state)
{
	struct receipt got = { 0 };

	(void)state;
	assert_int_equal(
		zipkin_decode(
			&got,
			STR("[{\"id\":\"2\"},{\"traceId\":\"x\",\"id\":\"2\"},"
			    "{\"traceId\":\"123456781234567812345678123456781\",\"id\":\"2\"},"
			    "{\"traceId\":\"1\",\"id\":\"2\"}]"),
			&nobody),
		0);
	assert_int_equal(got.n_rejected, 3);
	assert_int_equal(got.batch[0]->n_spans, 1);
	receipt_fini(&got);
}

static void what_our_encoder_writes_is_read(void **state)
{
	struct attribute who = { STR("service.name"), { VALUE_STRING, .text = STR("shop") } };
	struct attribute peer = { STR("peer.service"), { VALUE_STRING, .text = STR("db") } };
	struct resource *r = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 0);
	struct batch *b = batch_new(r);
	struct span *s = batch_add_span(b);
	struct receipt got = { 0 };
	struct out o = { 0 };
	const struct span *t;
	size_t left_out;

	(void)state;
	s->trace_id.b[0] = s->span_id.b[0] = 1;
	s->kind = SPAN_CLIENT;
	s->name = STR("SELECT");
	s->start_ns = 1000000;
	s->end_ns = 3000000;
	s->status = STATUS_ERROR;
	s->status_message = STR("no");
	s->attributes = (struct attributes){ &peer, 1, 2 };
	zipkin_encode(&o, (struct otlp_slice){ &b, 1, 0, 1 }, &left_out);
	assert_int_equal(zipkin_decode(&got, out_all(&o), &nobody), 0);
	t = &got.batch[0]->span[0];
	assert_memory_equal(&t->trace_id, &s->trace_id, 16);
	assert_int_equal(t->start_ns, 1000000);
	assert_int_equal(t->end_ns, 3000000);
	assert_int_equal(t->status, STATUS_ERROR);
	assert_true(str_eq(t->status_message, STR("no")));
	assert_text(t->attributes, "peer.service", "db");
	assert_int_equal(t->attributes.dropped, 2);
	assert_true(str_eq(got.batch[0]->resource->service, STR("shop")));
	receipt_fini(&got);
	out_fini(&o);
	batch_free(b);
	resource_free(r);
}

static void what_is_no_list_is_told(void **state)
{
	static const char *const bad[] = { "",
					   "{}",
					   "[1]",
					   "[{\"traceId\":1}]",
					   "[{\"tags\":[]}]",
					   "[{\"annotations\":[1]}]",
					   "[{\"localEndpoint\":\"x\"}]",
					   "[{\"shared\":\"yes\"}]",
					   "[]]" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct receipt got = { 0 };

		if (zipkin_decode(&got, str_of(bad[i]), &nobody) != RECEIPT_BAD)
			fail_msg("%s", bad[i]);
		assert_non_null(strstr(got.why, "byte "));
		assert_int_equal(got.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_read_whole),
		cmocka_unit_test(short_ids_have_zeros_before_them),
		cmocka_unit_test(what_is_not_told_is_unknown_or_now),
		cmocka_unit_test(the_tag_error_is_the_status),
		cmocka_unit_test(each_service_has_a_batch),
		cmocka_unit_test(a_shared_span_becomes_two_and_its_children_follow),
		cmocka_unit_test(a_span_without_ids_is_rejected_alone),
		cmocka_unit_test(what_our_encoder_writes_is_read),
		cmocka_unit_test(what_is_no_list_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
