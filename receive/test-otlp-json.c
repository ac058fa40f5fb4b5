/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/otlp-json.h"

#include "export/otlp-json.h"
#include "receive/otlp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct otlp_source nobody = { NULL, { "", 0 }, NULL };

static void read_text(struct receipt *got, enum signal kind, const char *json)
{
	struct out o = { 0 };

	if (!otlp_from_json(&o, kind, str_of(json), got->why))
		fail_msg("%s", got->why);
	assert_int_equal(otlp_decode(got, kind, out_all(&o), &nobody), 0);
	out_fini(&o);
}

#define SPAN(inside) \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":" \
	"{\"stringValue\":\"shop\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[{" \
	"\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"eee19b7ec3c1b174\"" inside \
	"}]}]}]}"

static const struct span *span_of(struct receipt *got, const char *json)
{
	read_text(got, SIGNAL_SPAN, json);
	assert_int_equal(got->n, 1);
	assert_int_equal(got->batch[0]->n_spans, 1);
	return &got->batch[0]->span[0];
}

static void ids_are_hex_in_either_case(void **state)
{
	struct receipt got = { 0 };
	const struct span *s = span_of(&got, SPAN(",\"parentSpanId\":\"EEE19B7EC3C1B173\""));

	(void)state;
	assert_int_equal(s->trace_id.b[0], 0x5b);
	assert_int_equal(s->trace_id.b[15], 0x0c);
	assert_int_equal(s->span_id.b[7], 0x74);
	assert_int_equal(s->parent_id.b[7], 0x73);
	receipt_fini(&got);
}

static void numbers_may_be_texts_and_enumerators_names(void **state)
{
	struct receipt got = { 0 };
	const struct span *s =
		span_of(&got,
			SPAN(",\"kind\":\"SPAN_KIND_CLIENT\",\"startTimeUnixNano\":"
			     "\"1544712660000000001\",\"endTimeUnixNano\":1544712661000000003,"
			     "\"status\":{\"code\":2,\"message\":\"no\"},\"flags\":257"));

	(void)state;
	assert_int_equal(s->kind, SPAN_CLIENT);
	assert_int_equal(s->start_ns, 1544712660000000001u);
	assert_int_equal(s->end_ns, 1544712661000000003u);
	assert_int_equal(s->status, STATUS_ERROR);
	assert_int_equal(s->flags, 257);
	receipt_fini(&got);
}

static void names_with_underscores_are_taken_and_strange_ones_skipped(void **state)
{
	struct receipt got = { 0 };
	const struct span *s =
		span_of(&got,
			SPAN(",\"start_time_unix_nano\":7,\"end_time_unix_nano\":\"9\",\"later\":{"
			     "\"x\":[1,{}]},\"trace_state\":\"a=b\",\"name\":null"));

	(void)state;
	assert_int_equal(s->start_ns, 7);
	assert_int_equal(s->end_ns, 9);
	assert_true(str_eq(s->trace_state, STR("a=b")));
	assert_int_equal(s->name.n, 0);
	receipt_fini(&got);
}

static void every_type_of_value_is_read(void **state)
{
	struct receipt got = { 0 };
	const struct span *s = span_of(
		&got,
		SPAN(",\"attributes\":["
		     "{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},"
		     "{\"key\":\"n\",\"value\":{\"intValue\":3}},"
		     "{\"key\":\"b\",\"value\":{\"boolValue\":true}},"
		     "{\"key\":\"d\",\"value\":{\"doubleValue\":\"-Infinity\"}},"
		     "{\"key\":\"x\",\"value\":{\"bytesValue\":\"AAECaA==\"}},"
		     "{\"key\":\"e\",\"value\":{}},"
		     "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"\"},"
		     "{\"doubleValue\":1.5}]}}},"
		     "{\"key\":\"m\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"k\","
		     "\"value\":{\"intValue\":1}}]}}}]"));
	const struct attribute *a = s->attributes.item;

	(void)state;
	assert_int_equal(s->attributes.n, 8);
	assert_true(a[0].value.integer == INT64_MIN);
	assert_int_equal(a[1].value.integer, 3);
	assert_true(a[2].value.boolean);
	assert_true(isinf(a[3].value.number) && a[3].value.number < 0);
	assert_int_equal(a[4].value.text.n, 4);
	assert_memory_equal(a[4].value.text.p, "\0\1\2h", 4);
	assert_int_equal(a[5].value.type, VALUE_EMPTY);
	assert_int_equal(a[6].value.array.n, 2);
	assert_int_equal(a[6].value.array.item[0].type, VALUE_STRING);
	assert_true(a[6].value.array.item[1].number == 1.5);
	assert_true(str_eq(a[7].value.map.item[0].key, STR("k")));
	receipt_fini(&got);
}

static void what_frames_spans_may_come_after_them(void **state)
{
	struct receipt got = { 0 };
	const struct span *s = span_of(
		&got,
		"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
		"\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"eee19b7ec3c1b174\"}],\"scope\":{"
		"\"name\":\"late\"}}],\"resource\":{\"attributes\":[{\"key\":\"service.name\","
		"\"value\":{\"stringValue\":\"shop\"}}]}}]}");

	(void)state;
	assert_true(str_eq(s->scope->name, STR("late")));
	assert_true(str_eq(got.batch[0]->resource->service, STR("shop")));
	receipt_fini(&got);
}

static void bytes_may_be_numbered_as_node_does(void **state)
{
	struct receipt got = { 0 };
	const struct span *s =
		span_of(&got,
			SPAN(",\"attributes\":[{\"key\":\"x\",\"value\":{\"bytesValue\":{\"0\":"
			     "0,\"1\":255}}}]"));

	(void)state;
	assert_int_equal(s->attributes.item[0].value.type, VALUE_BYTES);
	assert_int_equal(s->attributes.item[0].value.text.n, 2);
	assert_memory_equal(s->attributes.item[0].value.text.p, "\0\377", 2);
	receipt_fini(&got);
}

static void an_id_that_is_none_costs_its_span_alone(void **state)
{
	struct receipt got = { 0 };

	(void)state;
	read_text(
		&got, SIGNAL_SPAN,
		"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"xyz\",\"spanId\":"
		"\"eee19b7ec3c1b174\"},{\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":"
		"\"eee19b7ec3c1b174\"}]}]}]}");
	assert_int_equal(got.n_rejected, 1);
	assert_int_equal(got.batch[0]->n_spans, 1);
	receipt_fini(&got);
}

static void points_of_each_kind_are_read(void **state)
{
	struct receipt got = { 0 };
	const struct metric_point *p;

	(void)state;
	read_text(
		&got, SIGNAL_METRIC,
		"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":["
		"{\"name\":\"s\",\"sum\":{\"dataPoints\":[{\"asInt\":\"5\",\"timeUnixNano\":\"2\"}],"
		"\"isMonotonic\":true,\"aggregationTemporality\":1}},"
		"{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"asDouble\":2.5}]}},"
		"{\"name\":\"h\",\"histogram\":{\"dataPoints\":[{\"count\":\"3\",\"sum\":4,"
		"\"bucketCounts\":[\"1\",2],\"explicitBounds\":[10]}],"
		"\"aggregationTemporality\":\"AGGREGATION_TEMPORALITY_CUMULATIVE\"}},"
		"{\"name\":\"e\",\"exponentialHistogram\":{\"dataPoints\":[{\"scale\":-1,"
		"\"negative\":{\"offset\":-2,\"bucketCounts\":[\"7\"]}}]}},"
		"{\"name\":\"q\",\"summary\":{\"dataPoints\":[{\"quantileValues\":[{\"quantile\":0.5,"
		"\"value\":\"NaN\"}]}]}}]}]}]}");
	assert_int_equal(got.n_rejected, 0);
	assert_int_equal(got.batch[0]->n_points, 5);
	p = got.batch[0]->point;
	assert_int_equal(p[0].kind, METRIC_SUM);
	assert_true(p[0].delta);
	assert_int_equal(p[0].integer, 5);
	assert_int_equal(p[0].time_ns, 2);
	assert_true(p[1].is_double && p[1].number == 2.5);
	assert_false(p[2].delta);
	assert_int_equal(p[2].buckets[1], 2);
	assert_true(p[2].bounds[0] == 10);
	assert_int_equal(p[3].scale, -1);
	assert_int_equal(p[3].negative.offset, -2);
	assert_int_equal(p[3].negative.count[0], 7);
	assert_true(isnan(p[4].quantile[0].value));
	receipt_fini(&got);
}

static void what_our_encoder_writes_is_read(void **state)
{
	struct attribute who = { STR("service.name"), { VALUE_STRING, .text = STR("shop") } };
	struct resource *r = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 0);
	struct batch *b = batch_new(r);
	struct log_record *l = batch_add_log(b);
	struct receipt got = { 0 };
	struct out json = { 0 }, o = { 0 };

	(void)state;
	l->time_ns = 1;
	l->severity = 9;
	l->body = (struct value){ VALUE_STRING, .text = STR("a \"b\" \xc3\xa4\n") };
	otlp_encode_json(&json, SIGNAL_LOG, (struct otlp_slice){ &b, 1, 0, 1 });
	assert_true(otlp_from_json(&o, SIGNAL_LOG, out_all(&json), got.why));
	assert_int_equal(otlp_decode(&got, SIGNAL_LOG, out_all(&o), &nobody), 0);
	assert_int_equal(got.batch[0]->log[0].severity, 9);
	assert_true(str_eq(got.batch[0]->log[0].body.text, l->body.text));
	receipt_fini(&got);
	out_fini(&json);
	out_fini(&o);
	batch_free(b);
	resource_free(r);
}

static void what_is_of_a_wrong_shape_is_told(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"resourceSpans\":{}}",
		"{\"resourceSpans\":[1]}",
		SPAN(",\"startTimeUnixNano\":\"soon\""),
		SPAN(",\"startTimeUnixNano\":1.5"),
		SPAN(",\"startTimeUnixNano\":[]"),
		SPAN(",\"attributes\":[{\"key\":1}]"),
		SPAN(",\"name\":7"),
		SPAN("") "x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char why[RECEIPT_WHY] = "";
		struct out o = { 0 };

		if (otlp_from_json(&o, SIGNAL_SPAN, str_of(bad[i]), why))
			fail_msg("%s", bad[i]);
		assert_non_null(strstr(why, "JSON: byte "));
		out_fini(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_hex_in_either_case),
		cmocka_unit_test(numbers_may_be_texts_and_enumerators_names),
		cmocka_unit_test(names_with_underscores_are_taken_and_strange_ones_skipped),
		cmocka_unit_test(every_type_of_value_is_read),
		cmocka_unit_test(what_frames_spans_may_come_after_them),
		cmocka_unit_test(bytes_may_be_numbered_as_node_does),
		cmocka_unit_test(an_id_that_is_none_costs_its_span_alone),
		cmocka_unit_test(points_of_each_kind_are_read),
		cmocka_unit_test(what_our_encoder_writes_is_read),
		cmocka_unit_test(what_is_of_a_wrong_shape_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
