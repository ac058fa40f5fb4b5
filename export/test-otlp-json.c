/* SPDX-License-Identifier: Apache-2.0 */
/* Whether every field is right is test/interop's; these are the writer's own ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/otlp-json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

struct scene {
	struct resource *resource;
	struct batch *batch;
	struct out out;
};

static void scene_open(struct scene *x)
{
	*x = (struct scene){ .resource = NULL };
	x->resource = resource_new((struct attributes){ NULL, 0, 0 }, STR(""), 1);
	x->batch = batch_new(x->resource);
}

static void scene_close(struct scene *x)
{
	out_fini(&x->out);
	batch_free(x->batch);
	resource_free(x->resource);
}

static void expect(struct scene *x, enum signal kind, const char *text)
{
	otlp_encode_json(&x->out, kind,
			 (struct otlp_slice){ &x->batch, 1, 0, otlp_count(kind, &x->batch, 1) });
	out_char(&x->out, '\0');
	assert_int_equal(x->out.error, 0);
	assert_string_equal(x->out.p, text);
}

static void expect_body(struct value v, const char *text)
{
	struct scene x;
	char whole[512];

	scene_open(&x);
	batch_add_log(x.batch)->body = v;
	snprintf(
		whole, sizeof(whole),
		"{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"logRecords\":[{\"body\":%s}]}]}]}",
		text);
	expect(&x, SIGNAL_LOG, whole);
	scene_close(&x);
}

static void nothing_is_an_empty_object(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x);
	expect(&x, SIGNAL_SPAN, "{}");
	scene_close(&x);
}

static void ids_are_hex_and_times_are_strings(void **state)
{
	struct scene x;
	struct span *s;

	(void)state;
	scene_open(&x);
	s = batch_add_span(x.batch);
	memset(s->trace_id.b, 0xab, 16);
	memset(s->span_id.b, 0xcd, 8);
	s->kind = SPAN_SERVER;
	s->start_ns = UINT64_MAX;
	s->name = STR("GET \"/\"");
	expect(&x, SIGNAL_SPAN,
	       "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"spans\":[{"
	       "\"traceId\":\"abababababababababababababababab\","
	       "\"spanId\":\"cdcdcdcdcdcdcdcd\",\"name\":\"GET \\\"/\\\"\",\"kind\":2,"
	       "\"startTimeUnixNano\":\"18446744073709551615\",\"endTimeUnixNano\":\"0\"}]}]}]}");
	scene_close(&x);
}

static void numbers_that_json_has_not_are_strings(void **state)
{
	(void)state;
	expect_body((struct value){ VALUE_INT, .integer = INT64_MIN },
		    "{\"intValue\":\"-9223372036854775808\"}");
	expect_body((struct value){ VALUE_DOUBLE, .number = NAN }, "{\"doubleValue\":\"NaN\"}");
	expect_body((struct value){ VALUE_DOUBLE, .number = -INFINITY },
		    "{\"doubleValue\":\"-Infinity\"}");
	expect_body((struct value){ VALUE_DOUBLE, .number = 0.5 }, "{\"doubleValue\":0.5}");
}

static void bytes_are_base64(void **state)
{
	static const struct {
		struct str bytes;
		const char *text;
	} row[] = { { { "", 0 }, "{\"bytesValue\":\"\"}" },
		    { { "f", 1 }, "{\"bytesValue\":\"Zg==\"}" },
		    { { "fo", 2 }, "{\"bytesValue\":\"Zm8=\"}" },
		    { { "\xff\xef\xfe", 3 }, "{\"bytesValue\":\"/+/+\"}" } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		expect_body((struct value){ VALUE_BYTES, .text = row[i].bytes }, row[i].text);
}

static void what_is_nested_too_deep_says_so(void **state)
{
	struct value v[40];
	struct scene x;

	(void)state;
	scene_open(&x);
	v[39] = (struct value){ VALUE_INT, .integer = 1 };
	for (size_t i = 39; i--;)
		v[i] = (struct value){ VALUE_ARRAY, .array = { &v[i + 1], 1 } };
	batch_add_log(x.batch)->body = v[0];
	otlp_encode_json(&x.out, SIGNAL_LOG, (struct otlp_slice){ &x.batch, 1, 0, 1 });
	assert_int_equal(x.out.error, 0);
	assert_non_null(memmem(x.out.p, x.out.n, "(nested too deep)", 17));
	scene_close(&x);
}

static void past_the_limit_is_an_error(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x);
	for (size_t i = 0; i < 100; i++)
		batch_add_span(x.batch);
	x.out.limit = 4096;
	otlp_encode_json(&x.out, SIGNAL_SPAN, (struct otlp_slice){ &x.batch, 1, 0, 100 });
	assert_int_equal(x.out.error, -EFBIG);
	scene_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_an_empty_object),
		cmocka_unit_test(ids_are_hex_and_times_are_strings),
		cmocka_unit_test(numbers_that_json_has_not_are_strings),
		cmocka_unit_test(bytes_are_base64),
		cmocka_unit_test(what_is_nested_too_deep_says_so),
		cmocka_unit_test(past_the_limit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
