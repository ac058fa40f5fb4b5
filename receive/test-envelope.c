/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct receipt got;

static int tear_down(void **state)
{
	(void)state;
	receipt_fini(&got);
	got = (struct receipt){ .n = 0 };
	return 0;
}

static int decode(const char *text)
{
	struct otlp_source from = { NULL, STR("0123456789abcdef"), NULL };

	return envelope_decode(&got, str_of(text), &from);
}

static bool says(struct attributes a, const char *key, const char *text)
{
	return str_eq(attributes_text(a, str_of(key)), str_of(text));
}

#define HEAD "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"dsn\":\"https://k@h/1\"}\n"
#define IDS \
	"\"contexts\":{\"trace\":{\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"," \
	"\"span_id\":\"b7ad6b7169203331\",\"op\":\"http.server\",\"status\":\"internal_error\"}}"

static void an_event_is_a_log_record_with_its_exception(void **state)
{
	const struct log_record *l;
	const struct value *frames;

	(void)state;
	assert_int_equal(
		decode(HEAD
		       "{\"type\":\"event\"}\n"
		       "{\"timestamp\":1700000000.25,\"level\":\"fatal\",\"release\":\"shop@1.4\","
		       "\"environment\":\"prod\",\"exception\":{\"values\":[{\"type\":\"Inner\"},"
		       "{\"type\":\"TypeError\",\"value\":\"no books\",\"stacktrace\":{\"frames\":["
		       "{\"function\":\"main\",\"lineno\":3},{\"function\":\"order\","
		       "\"filename\":\"a.js\",\"lineno\":7}]}}]},\"tags\":{\"region\":\"eu\"}," IDS
		       "}\n"),
		0);
	assert_int_equal(got.n, 1);
	assert_true(says(got.batch[0]->resource->attributes, "service.name", "shop"));
	assert_true(says(got.batch[0]->resource->attributes, "service.version", "1.4"));
	assert_true(
		says(got.batch[0]->resource->attributes, "deployment.environment.name", "prod"));
	assert_true(str_eq(got.batch[0]->resource->run, STR("0123456789abcdef")));
	l = got.batch[0]->log;
	assert_int_equal(l->severity, 21);
	assert_true(l->time_ns == 1700000000250000000);
	assert_int_equal(l->trace_id.b[0], 0x0a);
	assert_int_equal(l->span_id.b[7], 0x31);
	assert_true(str_eq(l->body.text, STR("no books")));
	assert_true(says(l->attributes, "exception.type", "TypeError"));
	assert_true(says(l->attributes, "region", "eu"));
	frames = attributes_find(l->attributes, STR("oriel.frames"));
	assert_int_equal(frames->array.n, 2);
	assert_true(str_eq(frames->array.item[0].map.item[0].value.text, STR("order")));
}

static void a_transaction_is_spans(void **state)
{
	const struct span *s;

	(void)state;
	assert_int_equal(
		decode(HEAD
		       "{\"type\":\"transaction\"}\n"
		       "{\"transaction\":\"GET /cart\",\"start_timestamp\":\"2023-11-14T22:13:20Z\","
		       "\"timestamp\":\"2023-11-14T22:13:20.500Z\",\"spans\":[{\"trace_id\":"
		       "\"0af7651916cd43dd8448eb211c80319c\",\"span_id\":\"00f067aa0ba902b7\","
		       "\"parent_span_id\":\"b7ad6b7169203331\",\"op\":\"db.query\",\"description\":"
		       "\"SELECT\",\"start_timestamp\":1700000000.1,\"timestamp\":1700000000.2},"
		       "{\"op\":\"no ids\"}]," IDS "}"),
		0);
	assert_int_equal(got.batch[0]->n_spans, 2);
	assert_int_equal(got.n_rejected, 1);
	s = got.batch[0]->span;
	assert_true(str_eq(s[0].name, STR("GET /cart")));
	assert_int_equal(s[0].kind, SPAN_SERVER);
	assert_int_equal(s[0].status, STATUS_ERROR);
	assert_true(s[0].start_ns == 1700000000000000000 && s[0].end_ns == 1700000000500000000);
	assert_true(str_eq(s[1].name, STR("SELECT")));
	assert_int_equal(s[1].kind, SPAN_CLIENT);
	assert_int_equal(s[1].parent_id.b[0], 0xb7);
}

static void items_are_told_apart_by_length_and_others_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(decode(HEAD "{\"type\":\"attachment\",\"length\":5}\na\nb\nc\n"
				     "{\"type\":\"event\",\"length\":17}\n{\"message\":\"one\"}\n"
				     "{\"type\":\"session\"}\n{}\n"
				     "{\"type\":\"event\"}\n{\"message\":\"two\"}"),
			 0);
	assert_int_equal(got.n, 2);
	assert_true(str_eq(got.batch[0]->log->body.text, STR("one")));
	assert_true(str_eq(got.batch[1]->log->body.text, STR("two")));
	assert_int_equal(got.batch[1]->log->severity, 17);
	assert_int_equal(got.n_rejected, 0);
}

static void what_is_none_is_refused(void **state)
{
	(void)state;
	assert_int_equal(decode(""), RECEIPT_BAD);
	assert_int_equal(decode("[]\n"), RECEIPT_BAD);
	assert_int_equal(decode(HEAD), 0);
	assert_int_equal(decode(HEAD "{\"type\":\"event\",\"length\":99}\n{}"), 0);
	assert_int_equal(got.n_rejected, 1);
	assert_int_equal(decode(HEAD "{\"type\":\"event\",\"length\":-1}\n{}"), 0);
	assert_int_equal(decode(HEAD "{\"type\":\"event\"}\nnonsense\n"), 0);
	assert_int_equal(got.n_rejected, 3);
	assert_int_equal(receipt_items(&got), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_event_is_a_log_record_with_its_exception, tear_down),
		cmocka_unit_test_teardown(a_transaction_is_spans, tear_down),
		cmocka_unit_test_teardown(items_are_told_apart_by_length_and_others_are_skipped,
					  tear_down),
		cmocka_unit_test_teardown(what_is_none_is_refused, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
