/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *asked(void *carrier, const char *name)
{
	*(const char **)carrier = name;
	return "asked";
}

static struct headers seen(const char *const (*field)[2], size_t n, const char **carrier)
{
	struct headers h;

	headers_begin(&h, asked, carrier);
	for (size_t i = 0; i < n; i++)
		headers_see(&h, field[i][0], field[i][1]);
	return h;
}

#define SEEN(...) \
	seen((const char *const[][2]){ __VA_ARGS__ }, \
	     sizeof((const char *const[][2]){ __VA_ARGS__ }) / (2 * sizeof(char *)), &name)

static void names_are_found_in_any_case(void **state)
{
	const char *name = NULL;
	struct headers h = SEEN({ "TraceParent", "a" }, { "HOST", "b" }, { "B3", "c" },
				{ "X-B3-TraceID", "d" });

	(void)state;
	assert_string_equal(headers_context(&h, "traceparent"), "a");
	assert_string_equal(h.host, "b");
	assert_string_equal(headers_context(&h, "b3"), "c");
	assert_string_equal(headers_context(&h, "x-b3-traceid"), "d");
	assert_null(headers_context(&h, "x-b3-spanid"));
	assert_true(h.context);
	assert_null(name);
}

static void what_is_not_kept_is_asked_for(void **state)
{
	const char *name = NULL;
	struct headers h = SEEN({ "uber-trace-id", "a" });

	(void)state;
	assert_true(h.context);
	assert_string_equal(headers_context(&h, "uber-trace-id"), "asked");
	assert_string_equal(name, "uber-trace-id");
}

static void two_parents_are_none(void **state)
{
	const char *name = NULL;
	struct headers h = SEEN({ "traceparent", "a" }, { "traceparent", "b" });

	(void)state;
	assert_null(headers_context(&h, "traceparent"));
}

static void lists_in_several_fields_are_one(void **state)
{
	const char *name = NULL;
	struct headers h =
		SEEN({ "tracestate", "a=1" }, { "TraceState", "" }, { "tracestate", "b=2" },
		     { "baggage", "k=v" }, { "baggage", "l=w" });

	(void)state;
	assert_string_equal(headers_context(&h, "tracestate"), "a=1,,b=2");
	assert_string_equal(headers_context(&h, "baggage"), "k=v,l=w");
}

static void other_names_are_nothing(void **state)
{
	const char *name = NULL;
	struct headers h = SEEN({ "trace-parent", "a" }, { "trace.state", "b" }, { "Accept", "c" });

	(void)state;
	assert_null(headers_context(&h, "traceparent"));
	assert_null(headers_context(&h, "tracestate"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(what_is_not_kept_is_asked_for),
		cmocka_unit_test(two_parents_are_none),
		cmocka_unit_test(lists_in_several_fields_are_one),
		cmocka_unit_test(other_names_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
