/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/w3c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static bool parses(const char *header)
{
	struct oriel_context c;

	return w3c_traceparent(&c, str_of(header));
}

static void traceparent_is_read_strictly(void **state)
{
	(void)state;
	assert_true(parses(GOOD));
	assert_true(parses("  " GOOD "\t"));
	assert_true(parses(
		"01"
		"-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-holds"));
	assert_false(parses(GOOD "-extra"));
	assert_false(parses("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	assert_false(parses("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
	assert_false(parses("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
	assert_false(parses("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
	assert_false(parses("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"));
	assert_false(parses("00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01"));
	assert_false(parses("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what"));
	assert_false(parses(""));
	assert_false(parses(NULL));
}

static void traceparent_gives_ids_and_flags(void **state)
{
	struct oriel_context c = { 0 };

	(void)state;
	assert_true(w3c_traceparent(&c, STR(GOOD)));
	assert_int_equal(c.trace_id[0], 0x0a);
	assert_int_equal(c.trace_id[15], 0x9c);
	assert_int_equal(c.span_id[7], 0x31);
	assert_int_equal(c.flags, ORIEL_SAMPLED);
	assert_int_equal(c.remote, 1);
}

static void flags_that_nobody_defined_are_not_passed_on(void **state)
{
	struct oriel_context c = { 0 };

	(void)state;
	assert_true(
		w3c_traceparent(&c,
				STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff")));
	assert_int_equal(c.flags, ORIEL_SAMPLED | ORIEL_RANDOM);
}

static void tracestate_is_a_list_of_distinct_members(void **state)
{
	(void)state;
	assert_true(w3c_tracestate_valid(STR("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")));
	assert_true(w3c_tracestate_valid(STR("a=1, b=2 ,,c@d=3")));
	assert_false(w3c_tracestate_valid(STR("")));
	assert_false(w3c_tracestate_valid(STR("a=1,a=2")));
	assert_false(w3c_tracestate_valid(STR("A=1")));
	assert_false(w3c_tracestate_valid(STR("a")));
	assert_false(w3c_tracestate_valid(STR("a=")));
	assert_false(w3c_tracestate_valid(STR("a=x=y")));
	assert_false(w3c_tracestate_valid(STR("a=\x01")));
	assert_false(w3c_tracestate_valid(STR("@b=1")));
	assert_false(w3c_tracestate_valid(STR("_x@a=1")));
	assert_true(w3c_tracestate_valid(STR("0x@a=1")));
}

static void tracestate_has_at_most_32_members(void **state)
{
	char text[512] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 32; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sk%d=v", i ? "," : "", i);
	assert_true(w3c_tracestate_valid(str_of(text)));
	snprintf(text + n, sizeof(text) - n, ",one=more");
	assert_false(w3c_tracestate_valid(str_of(text)));
}

static void baggage_is_a_list_of_pairs_with_properties(void **state)
{
	struct str member, value;

	(void)state;
	assert_true(
		w3c_baggage_valid(STR("userId=alice,serverNode=DF%2028,isProduction=false;ttl=3")));
	assert_false(w3c_baggage_valid(STR("no pair")));
	assert_false(w3c_baggage_valid(STR("a=b,c=\"quoted\"")));
	assert_false(w3c_baggage_valid(STR("a b=c")));
	assert_true(w3c_baggage_find(STR("a=1, b = 2;p=q ,c=3"), STR("b"), &member, &value));
	assert_true(str_eq(value, STR("2")));
	assert_false(w3c_baggage_find(STR("ab=1"), STR("b"), &member, &value));
}

static void values_survive_percent_encoding(void **state)
{
	struct str raw = STR("a b,c;d=e%f\"\\\xc3\xa9");
	char encoded[64], decoded[64];
	char *end = w3c_encode(encoded, raw);
	size_t n;

	(void)state;
	assert_int_equal(end - encoded, w3c_encoded_n(raw));
	assert_true(w3c_baggage_valid((struct str){ encoded, (size_t)(end - encoded) }) == false);
	n = w3c_decode(decoded, sizeof(decoded), (struct str){ encoded, (size_t)(end - encoded) });
	assert_int_equal(n, raw.n);
	assert_memory_equal(decoded, raw.p, raw.n);
}

static void decoding_keeps_to_its_room(void **state)
{
	char four[5] = "....";

	(void)state;
	assert_int_equal(w3c_decode(four, 4, STR("a%20bcdef")), 7);
	assert_string_equal(four, "a bc");
	assert_int_equal(w3c_decode(four, 4, STR("%2")), 2);
	assert_int_equal(w3c_decode(four, 4, STR("%zz")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traceparent_is_read_strictly),
		cmocka_unit_test(traceparent_gives_ids_and_flags),
		cmocka_unit_test(flags_that_nobody_defined_are_not_passed_on),
		cmocka_unit_test(tracestate_is_a_list_of_distinct_members),
		cmocka_unit_test(tracestate_has_at_most_32_members),
		cmocka_unit_test(baggage_is_a_list_of_pairs_with_properties),
		cmocka_unit_test(values_survive_percent_encoding),
		cmocka_unit_test(decoding_keeps_to_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
