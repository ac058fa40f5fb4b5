/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/encode.h"
#include "lib/known.h"

enum { ROOM = 256 };

/* Both ways to write them; how many bytes. */
static size_t written(unsigned char to[ROOM + 8], struct oriel_attributes a)
{
	struct encode e = encode_fit(a, ROOM);
	unsigned char other[ROOM + 8], *end = encode_put(to, &e);
	unsigned char *other_end = encode_try(other, other + ROOM, a);

	assert_int_equal(end - to, e.bytes);
	assert_int_equal(e.n, a.n);
	if (other_end) {
		assert_int_equal(other_end - other, e.bytes);
		assert_memory_equal(to, other, e.bytes);
	}
	return e.bytes;
}

static void a_known_key_is_a_number(void **state)
{
	unsigned char bytes[ROOM + 8];
	size_t n = written(bytes, ORIEL_WITH(known_str(KEY_URL_SCHEME, "https")));

	(void)state;
	assert_int_equal(n, WIRE_ATTRIBUTE_HEAD + 5);
	assert_int_equal(bytes[0], WIRE_STRING | WIRE_KNOWN);
	assert_int_equal(bytes[1], KEY_URL_SCHEME);
	assert_int_equal(bytes[2], 5);
	assert_memory_equal(bytes + WIRE_ATTRIBUTE_HEAD, "https", 5);
}

static void known_and_other_keys_go_together(void **state)
{
	unsigned char bytes[ROOM + 8];
	size_t n = written(bytes, ORIEL_WITH(known_int(KEY_SERVER_PORT, 80), oriel_str("a", "b"),
					     known_strn(KEY_HTTP_ROUTE, "/abc", 2),
					     oriel_bool("yes", true)));

	(void)state;
	assert_int_equal(n, 12 + 6 + 6 + 8);
	assert_memory_equal(bytes + 12 + WIRE_ATTRIBUTE_HEAD, "ab", 2);
}

static void a_known_key_without_a_value_is_no_attribute(void **state)
{
	unsigned char bytes[ROOM + 8];

	(void)state;
	assert_int_equal(written(bytes, ORIEL_WITH(known_str(KEY_HTTP_ROUTE, NULL))), 0);
	assert_int_equal(written(bytes, ORIEL_WITH(known_str(KEY_HTTP_ROUTE, NULL),
						   known_int(KEY_SERVER_PORT, 80))),
			 12);
}

static void what_does_not_fit_is_cut(void **state)
{
	struct oriel_attribute a = known_str(KEY_URL_FULL, "http://example.com/a/b/c");
	struct encode e = encode_fit((struct oriel_attributes){ &a, 1 }, 24);
	unsigned char bytes[ROOM];

	(void)state;
	assert_int_equal(encode_put(bytes, &e) - bytes, 24);
	assert_int_equal(bytes[2], 20);
}

static void each_number_has_its_text(void **state)
{
	(void)state;
	assert_string_equal(wire_key(KEY_HTTP_REQUEST_METHOD).p, "http.request.method");
	for (unsigned i = 1; i < N_KEYS; i++)
		assert_true(wire_key(i).n > 0);
	assert_int_equal(wire_key(KEY_NONE).n, 0);
	assert_int_equal(wire_key(N_KEYS).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_key_is_a_number),
		cmocka_unit_test(known_and_other_keys_go_together),
		cmocka_unit_test(a_known_key_without_a_value_is_no_attribute),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(each_number_has_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
