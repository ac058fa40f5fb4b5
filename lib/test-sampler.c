/* SPDX-License-Identifier: Apache-2.0 */
/* Which traces are recorded, by rules and limits. */
#include "lib/test-segment.h"

static void begin(const char *rules, const char *limit)
{
	setenv("ORIEL_SAMPLING_RULES", rules, 1);
	if (limit)
		setenv("ORIEL_SAMPLING_LIMIT", limit, 1);
	must(oriel_start(NULL) == 0);
}

static bool takes(const char *name, enum oriel_kind kind, struct oriel_attributes a)
{
	struct oriel_span s;
	bool records;

	oriel_span_begin(&s, name, ORIEL_SPAN_OPTIONS(.kind = kind), a);
	records = oriel_span_is_recording(&s);
	oriel_span_end(&s);
	return records;
}

static void by_rules(void)
{
	begin("url.path=/health*,ratio=0; kind=server, http.request.method = POST , ratio=1\n"
	      "junk;name=get /cart?,ratio=0;retries=-3,ratio=0;ok=true,ratio=0;kind=client,ratio=0",
	      NULL);
	must(!takes("GET", ORIEL_SERVER, ORIEL_WITH(oriel_str("url.path", "/healthz"))));
	must(takes("GET", ORIEL_SERVER, ORIEL_WITH(oriel_str("url.path", "/cart"))));
	must(takes("GET /carts", ORIEL_SERVER,
		   ORIEL_WITH(oriel_str("http.request.method", "POST"))));
	must(!takes("GET /carts", ORIEL_INTERNAL,
		    ORIEL_WITH(oriel_str("http.request.method", "POST"))));
	must(takes("GET /cart", ORIEL_SERVER, ORIEL_WITH()));
	must(!takes("a", ORIEL_INTERNAL, ORIEL_WITH(oriel_int("retries", -3))));
	must(takes("a", ORIEL_INTERNAL, ORIEL_WITH(oriel_int("retries", 3))));
	must(!takes("a", ORIEL_INTERNAL, ORIEL_WITH(oriel_bool("ok", true))));
	must(!takes("a", ORIEL_CLIENT, ORIEL_WITH()));
}

static void the_first_rule_that_holds_decides(void **state)
{
	(void)state;
	assert_int_equal(seen_of(by_rules).n[RECORD_START], 4);
}

static void below_a_rule(void)
{
	begin("name=drop,ratio=0; name=inner,ratio=0", NULL);
	ORIEL_SPAN ("drop") {
		ORIEL_SPAN ("anything") {
		}
	}
	ORIEL_SPAN ("outer") {
		ORIEL_SPAN ("inner") {
		}
	}
}

static void a_rule_is_for_the_whole_trace(void **state)
{
	(void)state;
	assert_int_equal(seen_of(below_a_rule).n[RECORD_START], 2);
}

static void over_off(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	begin("name=keep,ratio=1", NULL);
	must(takes("keep", ORIEL_INTERNAL, ORIEL_WITH()));
	must(!takes("other", ORIEL_INTERNAL, ORIEL_WITH()));
}

static void a_rule_goes_before_the_sampler(void **state)
{
	(void)state;
	assert_int_equal(seen_of(over_off).n[RECORD_START], 1);
}

/* A second's worth at once; the loop takes less than a second, or a few more are right. */
static void limited(void)
{
	begin("name=few,limit=5", "50");
	for (int i = 0; i < 400; i++)
		takes("few", ORIEL_INTERNAL, ORIEL_WITH());
	for (int i = 0; i < 400; i++)
		takes("many", ORIEL_INTERNAL, ORIEL_WITH());
}

static void a_limit_is_a_seconds_worth(void **state)
{
	size_t n;

	(void)state;
	n = seen_of(limited).n[RECORD_START];
	assert_true(n >= 50 && n < 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_holds_decides),
		cmocka_unit_test(a_rule_is_for_the_whole_trace),
		cmocka_unit_test(a_rule_goes_before_the_sampler),
		cmocka_unit_test(a_limit_is_a_seconds_worth),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
