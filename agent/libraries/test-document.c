/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/libraries/document.h"

#define BYTES(...) \
	((struct str){ (const char[]){ __VA_ARGS__ }, sizeof((const char[]){ __VA_ARGS__ }) })

static struct str built(const char *kind)
{
	static char out[256];
	size_t n = 4;

	/* n names "a", "b", ... of int32 1, 2, ... */
	for (int i = 0; kind[i]; i++) {
		char element[] = { 16, kind[i], 0, (char)(i + 1), 0, 0, 0 };

		memcpy(out + n, element, sizeof(element));
		n += sizeof(element);
	}
	out[n++] = 0;
	out[0] = (char)n;
	return (struct str){ out, n };
}

static void elements_are_read_in_order(void **state)
{
	struct str in = document_elements(built("abc"));
	struct document_value v;
	int64_t n;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(document_next(&in, &v));
		assert_int_equal(v.name.p[0], 'a' + i);
		assert_true(document_integer(&v, &n));
		assert_int_equal(n, i + 1);
	}
	assert_false(document_next(&in, &v));
	assert_int_equal(document_count(built("abc")), 3);
	assert_int_equal(document_count(built("")), 0);
}

static void a_name_is_found(void **state)
{
	struct document_value v;
	int64_t n;

	(void)state;
	assert_true(document_find(built("xyz"), "y", &v));
	assert_true(document_integer(&v, &n));
	assert_int_equal(n, 2);
	assert_false(document_find(built("xyz"), "a", &v));
}

static void a_document_that_is_cut_is_none(void **state)
{
	struct str whole = built("ab");

	(void)state;
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(document_elements(str_first(whole, n)).n, 0);
	assert_int_equal(document_count(BYTES(5, 0, 0, 0, 0)), 0);
	assert_int_equal(document_count(BYTES(4, 0, 0, 0, 0)), 0);
	assert_int_equal(document_count(BYTES(-1, -1, -1, 127, 0)), 0);
}

static void lengths_are_not_trusted(void **state)
{
	(void)state;
	/* a string longer than the document; one without its NUL; an unknown type; no name's end */
	assert_int_equal(document_count(BYTES(13, 0, 0, 0, 2, 'a', 0, 99, 0, 0, 0, 0, 0)), 0);
	assert_int_equal(document_count(BYTES(12, 0, 0, 0, 2, 'a', 0, 0, 0, 0, 0, 0)), 0);
	assert_int_equal(document_count(BYTES(8, 0, 0, 0, 42, 'a', 0, 0)), 0);
	assert_int_equal(document_count(BYTES(7, 0, 0, 0, 16, 'a', 'b')), 0);
	assert_int_equal(document_count(BYTES(12, 0, 0, 0, 2, 'a', 0, -1, -1, -1, -1, 0)), 0);
}

static void a_shape_has_names_and_no_values(void **state)
{
	static const char find[] = "\x2e\0\0\0"
				   "\x02"
				   "find\0\x02\0\0\0t\0"
				   "\x03"
				   "filter\0\x0e\0\0\0"
				   "\x02"
				   "a\0\x02\0\0\0s\0\0"
				   "\x03"
				   "lsid\0\5\0\0\0\0\0";
	char out[128];
	size_t n = document_shape((struct str){ find, 46 }, out, sizeof(out));

	(void)state;
	out[n] = 0;
	assert_string_equal(out, "{\"find\":\"t\",\"filter\":{\"a\":\"?\"}}");
	n = document_shape(built("ab"), out, sizeof(out));
	out[n] = 0;
	assert_string_equal(out, "{\"a\":\"?\",\"b\":\"?\"}");
	assert_true(document_shape(built("abcdefg"), out, 10) < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_read_in_order),
		cmocka_unit_test(a_name_is_found),
		cmocka_unit_test(a_document_that_is_cut_is_none),
		cmocka_unit_test(lengths_are_not_trusted),
		cmocka_unit_test(a_shape_has_names_and_no_values),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
