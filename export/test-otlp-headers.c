/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/otlp-headers.h"

#include <stdio.h>
#include <stdlib.h>

struct list {
	struct otlp_headers headers;
	struct arena arena;
	size_t bad;
};

static struct list read_list(struct str text)
{
	struct list l = { .bad = 0 };

	l.bad = otlp_headers_read(&l.headers, &l.arena, text);
	return l;
}

static void expect(struct list *l, size_t i, const char *name, const char *value)
{
	assert_true(i < l->headers.n);
	assert_string_equal(l->headers.item[i].name, name);
	assert_string_equal(l->headers.item[i].value, value);
}

static void a_list_has_names_and_values(void **state)
{
	struct list l = read_list(STR("api-key=secret,x-tenant=shop"));

	(void)state;
	assert_int_equal(l.bad, 0);
	assert_int_equal(l.headers.n, 2);
	expect(&l, 0, "api-key", "secret");
	expect(&l, 1, "x-tenant", "shop");
	arena_fini(&l.arena);
}

static void blanks_around_items_do_not_count(void **state)
{
	struct list l = read_list(STR(" a = 1 , b=2 ,, "));

	(void)state;
	assert_int_equal(l.bad, 0);
	assert_int_equal(l.headers.n, 2);
	expect(&l, 0, "a", "1");
	expect(&l, 1, "b", "2");
	arena_fini(&l.arena);
}

static void values_are_percent_decoded(void **state)
{
	struct list l = read_list(STR("authorization=Basic%20YTpi%3d,odd=100%,plus=a+b"));

	(void)state;
	assert_int_equal(l.bad, 0);
	expect(&l, 0, "authorization", "Basic YTpi=");
	expect(&l, 1, "odd", "100%");
	expect(&l, 2, "plus", "a+b");
	arena_fini(&l.arena);
}

static void a_value_may_have_equals_signs(void **state)
{
	struct list l = read_list(STR("authorization=Basic YTpi=="));

	(void)state;
	expect(&l, 0, "authorization", "Basic YTpi==");
	arena_fini(&l.arena);
}

static void a_value_may_be_empty(void **state)
{
	struct list l = read_list(STR("a="));

	(void)state;
	assert_int_equal(l.bad, 0);
	expect(&l, 0, "a", "");
	arena_fini(&l.arena);
}

static void the_last_of_equal_names_wins(void **state)
{
	struct list l = read_list(STR("a=1,A=2"));

	(void)state;
	assert_int_equal(l.headers.n, 1);
	expect(&l, 0, "A", "2");
	arena_fini(&l.arena);
}

static void no_value_starts_a_line_of_its_own(void **state)
{
	struct list l = read_list(STR("a=1%0d%0aHost: evil,b=1\nc,d=%00,e=%7F"));

	(void)state;
	assert_int_equal(l.bad, 4);
	assert_int_equal(l.headers.n, 0);
	arena_fini(&l.arena);
}

static void a_name_is_a_token(void **state)
{
	struct list l = read_list(STR("a b=1,=2,a:b=3,nothing,\xc3\xb8=4,ok=5"));

	(void)state;
	assert_int_equal(l.bad, 5);
	assert_int_equal(l.headers.n, 1);
	expect(&l, 0, "ok", "5");
	arena_fini(&l.arena);
}

static void what_describes_the_body_is_ours(void **state)
{
	struct list l = read_list(
		STR("Content-Type=text/plain,content-LENGTH=0,Transfer-Encoding=chunked"));

	(void)state;
	assert_int_equal(l.bad, 3);
	assert_int_equal(l.headers.n, 0);
	arena_fini(&l.arena);
}

static void more_than_the_most_are_counted(void **state)
{
	char text[4096];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < OTLP_HEADERS_MOST + 3; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "h%d=%d,", i, i);
	struct list l = read_list((struct str){ text, n });

	assert_int_equal(l.bad, 3);
	assert_int_equal(l.headers.n, OTLP_HEADERS_MOST);
	arena_fini(&l.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_names_and_values),
		cmocka_unit_test(blanks_around_items_do_not_count),
		cmocka_unit_test(values_are_percent_decoded),
		cmocka_unit_test(a_value_may_have_equals_signs),
		cmocka_unit_test(a_value_may_be_empty),
		cmocka_unit_test(the_last_of_equal_names_wins),
		cmocka_unit_test(no_value_starts_a_line_of_its_own),
		cmocka_unit_test(a_name_is_a_token),
		cmocka_unit_test(what_describes_the_body_is_ours),
		cmocka_unit_test(more_than_the_most_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
