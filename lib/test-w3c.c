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

/* Section 3.2 of Trace Context, clause by clause. */
#define ID "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static void traceparent_is_read_strictly(void **state)
{
	static const char *const good[] = {
		GOOD,
		"00-" ID "-" PARENT "-00",
		"00-" ID "-" PARENT "-ff",
		"  " GOOD,
		"\t" GOOD,
		GOOD "  ",
		GOOD "\t",
		" \t " GOOD " \t ",
		"01-" ID "-" PARENT "-01",
		"cc-" ID "-" PARENT "-01",
		"fe-" ID "-" PARENT "-01",
		"cc-" ID "-" PARENT "-01-",
		"cc-" ID "-" PARENT "-01-what-a-later-version-adds",
	};
	static const char *const bad[] = {
		/* version */
		"ff-" ID "-" PARENT "-01",
		"FE-" ID "-" PARENT "-01",
		".0-" ID "-" PARENT "-01",
		"0.-" ID "-" PARENT "-01",
		"0-" ID "-" PARENT "-01",
		"000-" ID "-" PARENT "-01",
		"0000-" ID "-" PARENT "-01",
		"-" ID "-" PARENT "-01",
		/* trace id */
		"00-00000000000000000000000000000000-" PARENT "-01",
		"00-.af7651916cd43dd8448eb211c80319c-" PARENT "-01",
		"00-0af7651916cd43dd8448eb211c80319.-" PARENT "-01",
		"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
		"00-" ID "0-" PARENT "-01",
		"00-0af7651916cd43dd8448eb211c80319-" PARENT "-01",
		/* parent id */
		"00-" ID "-0000000000000000-01",
		"00-" ID "-.7ad6b7169203331-01",
		"00-" ID "-b7ad6b716920333.-01",
		"00-" ID "-B7AD6B7169203331-01",
		"00-" ID "-" PARENT "1-01",
		"00-" ID "-b7ad6b716920333-01",
		/* flags */
		"00-" ID "-" PARENT "-.0",
		"00-" ID "-" PARENT "-0.",
		"00-" ID "-" PARENT "-0A",
		"00-" ID "-" PARENT "-001",
		"00-" ID "-" PARENT "-1",
		"00-" ID "-" PARENT "-",
		"00-" ID "-" PARENT,
		/* what goes on after version 00, or not after a dash */
		GOOD ".",
		GOOD "-",
		GOOD "-what-a-later-version-adds",
		"cc-" ID "-" PARENT "-01.what-a-later-version-adds",
		/* dashes */
		"00_" ID "-" PARENT "-01",
		"00-" ID "_" PARENT "-01",
		"00-" ID "-" PARENT "_01",
		/* nothing, and something in front */
		"",
		" ",
		"x" GOOD,
		GOOD "," GOOD,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!parses(good[i]))
			fail_msg("\"%s\" is refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parses(bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
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

/* Section 3.3, likewise. */
#define ALL_IN_KEY "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
#define ALL_IN_VALUE \
	" !\"#$%&'()*+-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

static void tracestate_is_a_list_of_distinct_members(void **state)
{
	static const char *const good[] = {
		"foo=1",
		"foo=1,bar=2",
		"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
		"foo=1 \t , \t bar=2, \t baz=3",
		"foo=1\t \t,\t \tbar=2",
		" foo=1",
		"\tfoo=1\t ",
		"foo=1,",
		",foo=1",
		"foo=1,,bar=2",
		ALL_IN_KEY "=" ALL_IN_VALUE,
		ALL_IN_KEY "@a-z0-9_-*/=" ALL_IN_VALUE,
		"0x@a=1",
		"foo=a b",
	};
	static const char *const bad[] = {
		"",
		",",
		" , ",
		"foo",
		"foo=",
		"=1",
		"foo=,bar=3",
		/* the same key twice */
		"foo=1,foo=1",
		"foo=1,foo=2",
		"foo=1,bar=2,foo=3",
		/* keys */
		"foo =1",
		"FOO=1",
		"foo.bar=1",
		"_foo=1",
		"f\xc3\xb6=1",
		/* tenants and systems */
		"foo@=1,bar=2",
		"@foo=1,bar=2",
		"foo@@bar=1,bar=2",
		"foo@bar@baz=1,bar=2",
		"_x@a=1",
		"x@0=1",
		/* values */
		"foo=bar=baz",
		"foo=\x01",
		"foo=a\tb",
		"foo=\x7f",
		"foo=\xc3\xb6",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!w3c_tracestate_valid(str_of(good[i])))
			fail_msg("\"%s\" is refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (w3c_tracestate_valid(str_of(bad[i])))
			fail_msg("\"%s\" is taken", bad[i]);
}

/* "zzz...@vvv...=111..." of these lengths; no @ when system_n is 0. */
static bool lengths_valid(int key_n, int system_n, int value_n)
{
	static const char at[] = "@";
	char text[1024], z[300], v[300], one[300];

	memset(z, 'z', sizeof(z));
	memset(v, 'v', sizeof(v));
	memset(one, '1', sizeof(one));
	snprintf(text, sizeof(text), "%.*s%s%.*s=%.*s", key_n, z, system_n ? at : "", system_n, v,
		 value_n, one);
	return w3c_tracestate_valid(str_of(text));
}

static void tracestate_keys_and_values_have_their_lengths(void **state)
{
	(void)state;
	assert_true(lengths_valid(256, 0, 1));
	assert_false(lengths_valid(257, 0, 1));
	assert_true(lengths_valid(241, 14, 1));
	assert_false(lengths_valid(242, 1, 1));
	assert_false(lengths_valid(1, 15, 1));
	assert_true(lengths_valid(1, 0, 256));
	assert_false(lengths_valid(1, 0, 257));
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

/* It would go out as it is, and begin a field of its own. */
static void a_line_end_between_members_is_no_blank(void **state)
{
	(void)state;
	assert_true(w3c_tracestate_valid(STR("a=1,\tb=2")));
	assert_false(w3c_tracestate_valid(STR("a=1,\r\nb=2")));
	assert_true(w3c_baggage_valid(STR("a=1,\tb=2")));
	assert_false(w3c_baggage_valid(STR("a=\r1")));
	assert_false(w3c_baggage_valid(STR("a=1,\nb=2")));
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
		cmocka_unit_test(tracestate_keys_and_values_have_their_lengths),
		cmocka_unit_test(tracestate_has_at_most_32_members),
		cmocka_unit_test(baggage_is_a_list_of_pairs_with_properties),
		cmocka_unit_test(a_line_end_between_members_is_no_blank),
		cmocka_unit_test(values_survive_percent_encoding),
		cmocka_unit_test(decoding_keeps_to_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
