/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/otlp-response.h"
#include "export/protobuf-read.h"

static void nothing_is_full_success(void **state)
{
	struct otlp_response r = { .n_rejected = 9 };

	(void)state;
	assert_true(otlp_response_read(STR(""), &r));
	assert_int_equal(r.n_rejected, 0);
}

static void a_partial_success_says_how_many_and_why(void **state)
{
	struct otlp_response r;

	(void)state;
	assert_true(otlp_response_read(STR("\x0a\x08\x08\xac\x02\x12\x03"
					   "old"),
				       &r));
	assert_int_equal(r.n_rejected, 300);
	assert_true(str_eq(r.message, STR("old")));
}

static void a_negative_count_is_none(void **state)
{
	struct otlp_response r;

	(void)state;
	assert_true(otlp_response_read(STR("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
				       &r));
	assert_int_equal(r.n_rejected, 0);
}

static void unknown_fields_are_passed_over(void **state)
{
	struct otlp_response r;

	(void)state;
	assert_true(otlp_response_read(STR("\x10\x01\x19"
					   "12345678"
					   "\x25"
					   "1234"
					   "\x2a\x01x"
					   "\x0a\x02\x08\x05"),
				       &r));
	assert_int_equal(r.n_rejected, 5);
}

/* Every beginning of a good answer that ends inside a field is refused, and nothing is written. */
static void what_is_cut_short_is_no_answer(void **state)
{
	struct str whole = STR("\x0a\x08\x08\xac\x02\x12\x03"
			       "old");

	(void)state;
	for (size_t n = 1; n < whole.n; n++) {
		struct otlp_response r = { .n_rejected = 77 };

		assert_false(otlp_response_read(str_first(whole, n), &r));
		assert_int_equal(r.n_rejected, 77);
	}
}

static void odd_tags_are_no_protobuf(void **state)
{
	static const struct str odd[] = {
		{ "\x00\x01", 2 },		   /* field 0 */
		{ "\x0b", 1 },			   /* a group begins */
		{ "\x0c", 1 },			   /* a group ends */
		{ "\x0e\x01", 2 },		   /* wire type 6 */
		{ "\xff\xff\xff\xff\x7f\x01", 6 }, /* a field number above 2^29 */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 }, /* 65 bits */
		{ "<html>", 6 },
	};
	struct otlp_response r;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		assert_false(otlp_response_read(odd[i], &r));
}

static void a_length_is_no_longer_than_what_is_there(void **state)
{
	struct proto_reader r = { .rest = STR("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x") };
	struct proto_field f;

	(void)state;
	assert_false(proto_read(&r, &f));
	assert_true(r.bad);
	assert_false(proto_read(&r, &f));
}

static void fixed_numbers_come_back(void **state)
{
	struct proto_reader r = {
		.rest = STR("\x39\x08\x07\x06\x05\x04\x03\x02\x01\x85\x01\x04\x03\x02\x01")
	};
	struct proto_field f;

	(void)state;
	assert_true(proto_read(&r, &f));
	assert_int_equal(f.number, 7);
	assert_true(f.value == 0x0102030405060708);
	assert_true(proto_read(&r, &f));
	assert_int_equal(f.number, 16);
	assert_int_equal(f.value, 0x01020304);
	assert_false(proto_read(&r, &f));
	assert_false(r.bad);
}

static void a_status_has_a_message(void **state)
{
	(void)state;
	assert_true(str_eq(otlp_status_message(STR("\x08\x03\x12\x02no")), STR("no")));
	assert_int_equal(otlp_status_message(STR("not protobuf")).n, 0);
}

static void json_says_the_same(void **state)
{
	struct otlp_response r = { 0 };
	char text[128];

	(void)state;
	assert_true(otlp_response_read_json(
		STR("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"odd\"}}"), &r,
		text));
	assert_int_equal(r.n_rejected, 3);
	assert_true(str_eq(r.message, STR("odd")));
	assert_true(otlp_response_read_json(STR("{\"partialSuccess\":{\"rejectedLogRecords\":4}}"),
					    &r, text));
	assert_int_equal(r.n_rejected, 4);
	assert_int_equal(r.message.n, 0);
	assert_true(otlp_response_read_json(STR("{}"), &r, text));
	assert_int_equal(r.n_rejected, 0);
	assert_true(otlp_response_read_json(STR(""), &r, text));
}

static void json_that_makes_no_sense_rejects_nothing(void **state)
{
	static const char *const odd[] = {
		"{\"partialSuccess\":7}",
		"{\"partialSuccess\":{\"rejectedSpans\":-1}}",
		"{\"partialSuccess\":{\"rejectedSpans\":\"99999999999999999999\"}}",
		"{\"partialSuccess\":{\"rejectedSpans\":[]}}",
	};
	struct otlp_response r;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_true(otlp_response_read_json(str_of(odd[i]), &r, text));
		assert_int_equal(r.n_rejected, 0);
	}
	assert_false(otlp_response_read_json(STR("[]"), &r, text));
	assert_false(otlp_response_read_json(STR("{"), &r, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_full_success),
		cmocka_unit_test(a_partial_success_says_how_many_and_why),
		cmocka_unit_test(a_negative_count_is_none),
		cmocka_unit_test(unknown_fields_are_passed_over),
		cmocka_unit_test(what_is_cut_short_is_no_answer),
		cmocka_unit_test(odd_tags_are_no_protobuf),
		cmocka_unit_test(a_length_is_no_longer_than_what_is_there),
		cmocka_unit_test(fixed_numbers_come_back),
		cmocka_unit_test(a_status_has_a_message),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(json_that_makes_no_sense_rejects_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
