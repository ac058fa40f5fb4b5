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

/* In its place: what is kept may lie in itself. */
static void see(struct headers *h, const char *const (*field)[2], size_t n, const char **carrier)
{
	headers_begin(h, asked, carrier);
	for (size_t i = 0; i < n; i++)
		headers_see(h, field[i][0], field[i][1]);
}

#define SEE(h, ...) \
	see((h), (const char *const[][2]){ __VA_ARGS__ }, \
	    sizeof((const char *const[][2]){ __VA_ARGS__ }) / (2 * sizeof(char *)), &name)

static void names_are_found_in_any_case(void **state)
{
	const char *name = NULL;
	struct headers h;

	(void)state;
	SEE(&h, { "TraceParent", "a" }, { "HOST", "b" }, { "B3", "c" }, { "X-B3-TraceID", "d" });
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
	struct headers h;

	(void)state;
	SEE(&h, { "uber-trace-id", "a" });
	assert_true(h.context);
	assert_string_equal(headers_context(&h, "uber-trace-id"), "asked");
	assert_string_equal(name, "uber-trace-id");
}

static void baggage_by_entries_is_listed(void **state)
{
	const char *name = NULL;
	const char *first;
	struct headers h;

	(void)state;
	SEE(&h, { "UberCtx-tenant", "a" }, { "ot-baggage-k", "b" }, { "uberctx", "c" });
	first = headers_context_key(&h, 0);
	assert_true(h.context);
	assert_string_equal(first, "UberCtx-tenant");
	assert_string_equal(headers_context(&h, first), "a");
	assert_string_equal(headers_context_key(&h, 1), "ot-baggage-k");
	assert_null(headers_context_key(&h, 2));
}

static void only_so_many_entries_are_kept(void **state)
{
	struct headers h;

	(void)state;
	headers_begin(&h, NULL, NULL);
	for (int i = 0; i < 3 * HEADERS_ENTRIES; i++)
		headers_see(&h, "uberctx-k", "v");
	assert_non_null(headers_context_key(&h, HEADERS_ENTRIES - 1));
	assert_null(headers_context_key(&h, HEADERS_ENTRIES));
}

static void two_parents_are_none(void **state)
{
	const char *name = NULL;
	struct headers h;

	(void)state;
	SEE(&h, { "traceparent", "a" }, { "traceparent", "b" });
	assert_null(headers_context(&h, "traceparent"));
}

static void lists_in_several_fields_are_one(void **state)
{
	const char *name = NULL;
	struct headers h;

	(void)state;
	SEE(&h, { "tracestate", "a=1" }, { "TraceState", "" }, { "tracestate", "b=2" },
	    { "baggage", "k=v" }, { "baggage", "l=w" });
	assert_string_equal(headers_context(&h, "tracestate"), "a=1,,b=2");
	assert_string_equal(headers_context(&h, "baggage"), "k=v,l=w");
}

static void other_names_are_nothing(void **state)
{
	const char *name = NULL;
	struct headers h;

	(void)state;
	SEE(&h, { "trace-parent", "a" }, { "trace.state", "b" }, { "Accept", "c" });
	assert_null(headers_context(&h, "traceparent"));
	assert_null(headers_context(&h, "tracestate"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(what_is_not_kept_is_asked_for),
		cmocka_unit_test(baggage_by_entries_is_listed),
		cmocka_unit_test(only_so_many_entries_are_kept),
		cmocka_unit_test(two_parents_are_none),
		cmocka_unit_test(lists_in_several_fields_are_one),
		cmocka_unit_test(other_names_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
