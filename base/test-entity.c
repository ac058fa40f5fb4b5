/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Its parts from the last to the first, as "type(identifying|describing|schema)" or "bad(whole)". */
static const char *read_all(const char *text)
{
	static char said[1024];
	struct str rest = str_of(text);
	enum entity_kind kind;
	struct entity e;
	size_t n = 0;

	said[0] = '\0';
	while ((kind = entity_last(&rest, &e)) != ENTITY_END)
		n += (size_t)(kind == ENTITY_BAD
				      ? snprintf(said + n, sizeof(said) - n, "bad(" STR_FMT ")",
						 STR_ARG(e.whole))
				      : snprintf(said + n, sizeof(said) - n,
						 STR_FMT "(" STR_FMT "|" STR_FMT "|" STR_FMT ")",
						 STR_ARG(e.type), STR_ARG(e.identifying),
						 STR_ARG(e.describing), STR_ARG(e.schema)));
	return said;
}

static void each_has_a_type_and_what_identifies_it(void **state)
{
	(void)state;
	assert_string_equal(read_all("service{service.name=app1}"), "service(service.name=app1||)");
	assert_string_equal(read_all(";a{b=1,c=2}[d=3]@https://x/1;; host{host.id=h};"),
			    "host(host.id=h||)a(b=1,c=2|d=3|https://x/1)");
	assert_string_equal(read_all("k8s.pod{k8s.pod.uid=pod-abc}[a=%7B,b=]"),
			    "k8s.pod(k8s.pod.uid=pod-abc|a=%7B,b=|)");
	assert_string_equal(read_all(""), "");
}

static void what_makes_no_sense_spoils_only_itself(void **state)
{
	(void)state;
	assert_string_equal(
		read_all("service{service.name=app1};invalid{syntax;service{service.name=app2}"),
		"service(service.name=app2||)bad(invalid{syntax)service(service.name=app1||)");
	assert_string_equal(
		read_all("service{};{a=1};9{a=1};a;a{b};a{b=1}x;a{b=1}[c;a{b=[}"),
		"bad(a{b=[})bad(a{b=1}[c)bad(a{b=1}x)bad(a{b})bad(a)bad(9{a=1})bad({a=1})"
		"bad(service{})");
	assert_string_equal(read_all("a{b=%zz};a{b=1}@"), "bad(a{b=1}@)bad(a{b=%zz})");
}

static void the_last_of_a_type_counts(void **state)
{
	const char *text = "s{a=1};h{b=1};s{a=2}";
	struct str rest = str_of(text);
	struct entity e;
	bool again[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(entity_last(&rest, &e), ENTITY_GOOD);
		again[i] = entity_is_told_again(str_of(text), &e);
	}
	assert_false(again[0]);
	assert_false(again[1]);
	assert_true(again[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_type_and_what_identifies_it),
		cmocka_unit_test(what_makes_no_sense_spoils_only_itself),
		cmocka_unit_test(the_last_of_a_type_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
