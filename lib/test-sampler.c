/* SPDX-License-Identifier: Apache-2.0 */
/* Which traces are recorded, by rules and limits. */
#include "lib/sampler.h"
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

/* As a collector writes it. */
static void by_strategy(void)
{
	struct control_strategy *it;
	unsigned n = 0;

	setenv("OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote", 1);
	setenv("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://127.0.0.1:1,initialSamplingRate=0", 1);
	must(oriel_start(NULL) == 0);
	must(!takes("a", ORIEL_INTERNAL, ORIEL_WITH()));
	it = &process.control->strategy;
	process.control->threshold = UINT64_MAX;
	process.control->sampler = SAMPLER_STRATEGY;
	must(takes("a", ORIEL_INTERNAL, ORIEL_WITH()));
	it->operation[0].name = control_name("a", 1);
	it->operation[1].name = control_name("half", 4);
	it->operation[1].threshold = 1ull << 63;
	it->n = 2;
	must(!takes("a", ORIEL_INTERNAL, ORIEL_WITH()));
	must(takes("b", ORIEL_INTERNAL, ORIEL_WITH()));
	for (int i = 0; i < 1000; i++)
		n += takes("half", ORIEL_INTERNAL, ORIEL_WITH());
	must(n > 350 && n < 650);
	ORIEL_SPAN ("b") /* only of the first span */
		must(takes("a", ORIEL_INTERNAL, ORIEL_WITH()));
	process.control->sampler = SAMPLER_OFF;
	must(!takes("b", ORIEL_INTERNAL, ORIEL_WITH()));
}

static void a_strategy_has_shares_by_names(void **state)
{
	(void)state;
	assert_in_range(seen_of(by_strategy).n[RECORD_START], 354, 654);
}

/* The rarest interval there is, so that no second one comes. */
static void with_bounds(void)
{
	struct control_strategy *it;
	unsigned n = 0;

	must(oriel_start(NULL) == 0);
	process.config.sampling_asks = true;
	it = &process.control->strategy;
	it->operation[0].name = control_name("rare", 4);
	it->n = 1;
	it->lower_ns = 86400000000000;
	process.control->threshold = 0;
	process.control->sampler = SAMPLER_STRATEGY;
	for (int i = 0; i < 100; i++)
		n += takes("rare", ORIEL_INTERNAL, ORIEL_WITH());
	must(n == 1);
	for (int i = 0; i < 100; i++)
		n += takes("other", ORIEL_INTERNAL, ORIEL_WITH());
	must(n == 2);
	it->lower_ns = 0;
	it->limit_ns = 86400000000000;
	process.control->threshold = UINT64_MAX;
	for (int i = 0; i < 100; i++)
		n += takes("other", ORIEL_INTERNAL, ORIEL_WITH());
	must(n == 3);
}

static void a_strategy_has_a_most_and_a_least(void **state)
{
	(void)state;
	assert_int_equal(seen_of(with_bounds).n[RECORD_START], 3);
}

static void in_a_child(void)
{
	pid_t child;
	int status;

	must(oriel_start(NULL) == 0);
	process.config.sampling_asks = true;
	process.control->strategy.operation[0].name = control_name("a", 1);
	process.control->strategy.n = 1;
	process.control->threshold = UINT64_MAX;
	process.control->sampler = SAMPLER_STRATEGY;
	child = fork();
	if (!child) {
		must(!takes("a", ORIEL_INTERNAL, ORIEL_WITH()));
		must(takes("b", ORIEL_INTERNAL, ORIEL_WITH()));
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0);
}

static void a_child_begins_with_its_parents_strategy(void **state)
{
	(void)state;
	assert_int_equal(seen_of(in_a_child).n[RECORD_START], 1);
}

static void only_to_be_counted(void)
{
	struct oriel_context from;
	char parent[56], state[600];
	struct oriel_span s;

	setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off", 1);
	setenv("ORIEL_SPAN_METRICS_ALL", "true", 1);
	begin("", NULL);
	oriel_span_begin(&s, "outer", NULL, ORIEL_WITH());
	must(oriel_span_is_recording(&s) && !(s.context.flags & ORIEL_SAMPLED));
	must(oriel_traceparent(parent) && parent[54] == '2'); /* random, and not sampled */
	must(takes("inner", ORIEL_INTERNAL, ORIEL_WITH()));
	must(!sampler_state(state, thread_top(thread_self()), STR("")).n);
	oriel_span_end(&s);
	must(oriel_context_parse(&from, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
				 NULL, NULL));
	oriel_span_begin(&s, "below", ORIEL_SPAN_OPTIONS(.parent = &from), ORIEL_WITH());
	must(oriel_span_is_recording(&s) && !(s.context.flags & ORIEL_SAMPLED));
	oriel_span_end(&s);
}

static void what_nobody_takes_can_be_recorded_to_be_counted(void **state)
{
	(void)state;
	assert_int_equal(seen_of(only_to_be_counted).n[RECORD_START], 3);
}

static void said_otherwise(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	setenv("ORIEL_SPAN_METRICS_ALL", "Yes", 1);
	begin("", NULL);
	must(takes("a", ORIEL_INTERNAL, ORIEL_WITH()));
}

static void yes_is_what_the_collector_takes_for_it(void **state)
{
	(void)state;
	assert_int_equal(seen_of(said_otherwise).n[RECORD_START], 1);
}

static bool takes_below(const struct oriel_context *c)
{
	struct oriel_span s;
	bool records;

	oriel_span_begin(&s, "below", ORIEL_SPAN_OPTIONS(.parent = c), ORIEL_WITH());
	records = oriel_span_is_recording(&s) || takes("inner", ORIEL_INTERNAL, ORIEL_WITH());
	oriel_span_end(&s);
	return records;
}

static void leaves_out(void)
{
	struct oriel_span_options older =
		*ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT, .unrecorded = true);
	struct oriel_context c;
	struct oriel_span s;

	begin("", NULL);
	oriel_span_begin(&s, "out", ORIEL_SPAN_OPTIONS(.unrecorded = true), ORIEL_WITH());
	must(!oriel_span_is_recording(&s) && !(s.context.flags & ORIEL_SAMPLED));
	must(!takes("with options", ORIEL_INTERNAL, ORIEL_WITH()));
	ORIEL_SPAN ("without")
		must(!takes("inner", ORIEL_INTERNAL, ORIEL_WITH()));
	c = oriel_context_capture();
	oriel_span_end(&s);
	must(!takes_below(&c));
	older.size = offsetof(struct oriel_span_options, unrecorded);
	oriel_span_begin(&s, "kept", &older, ORIEL_WITH());
	must(oriel_span_is_recording(&s));
	oriel_span_begin(&s, "out", ORIEL_SPAN_OPTIONS(.unrecorded = true), ORIEL_WITH());
	must(!oriel_span_is_recording(&s));
	must(takes_below(&(struct oriel_context){ 0 }));
}

static void what_is_unrecorded_has_no_children_either(void **state)
{
	(void)state;
	assert_int_equal(seen_of(leaves_out).n[RECORD_START], 2);
}

static void leaves_out_by_each_itself(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_on", 1);
	leaves_out();
}

static void nor_has_it_where_each_span_decides_for_itself(void **state)
{
	(void)state;
	assert_int_equal(seen_of(leaves_out_by_each_itself).n[RECORD_START], 2);
}

static void leaves_out_of_counts(void)
{
	setenv("ORIEL_SPAN_METRICS_ALL", "true", 1);
	leaves_out();
}

static void nor_is_it_recorded_to_be_counted(void **state)
{
	(void)state;
	assert_int_equal(seen_of(leaves_out_of_counts).n[RECORD_START], 2);
}

/* As the agent does it for a request. */
static void in_an_excluded_request(void)
{
	struct oriel_context c;
	unsigned token;

	begin("", NULL);
	c = watcher_left_out(0);
	token = oriel_context_attach(&c);
	must(!takes("a", ORIEL_CLIENT, ORIEL_WITH()));
	ORIEL_SPAN ("b")
		must(!takes("c", ORIEL_INTERNAL, ORIEL_WITH()));
	oriel_context_detach(token);
	must(!takes_below(&c));
	must(takes("d", ORIEL_INTERNAL, ORIEL_WITH()));
}

static void nothing_in_what_is_excluded_is_recorded(void **state)
{
	(void)state;
	assert_int_equal(seen_of(in_an_excluded_request).n[RECORD_START], 1);
}

static void counted_but_excluded(void)
{
	setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off", 1);
	setenv("ORIEL_SPAN_METRICS_ALL", "true", 1);
	in_an_excluded_request();
}

static void nor_is_it_where_all_are_recorded_to_be_counted(void **state)
{
	(void)state;
	assert_int_equal(seen_of(counted_but_excluded).n[RECORD_START], 1);
}

static void excluded_without_parents(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_on", 1);
	in_an_excluded_request();
}

static void nor_is_it_where_each_span_decides_for_itself(void **state)
{
	(void)state;
	assert_int_equal(seen_of(excluded_without_parents).n[RECORD_START], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_holds_decides),
		cmocka_unit_test(a_rule_is_for_the_whole_trace),
		cmocka_unit_test(a_rule_goes_before_the_sampler),
		cmocka_unit_test(a_limit_is_a_seconds_worth),
		cmocka_unit_test(a_strategy_has_shares_by_names),
		cmocka_unit_test(a_strategy_has_a_most_and_a_least),
		cmocka_unit_test(a_child_begins_with_its_parents_strategy),
		cmocka_unit_test(what_nobody_takes_can_be_recorded_to_be_counted),
		cmocka_unit_test(yes_is_what_the_collector_takes_for_it),
		cmocka_unit_test(what_is_unrecorded_has_no_children_either),
		cmocka_unit_test(nor_has_it_where_each_span_decides_for_itself),
		cmocka_unit_test(nor_is_it_recorded_to_be_counted),
		cmocka_unit_test(nothing_in_what_is_excluded_is_recorded),
		cmocka_unit_test(nor_is_it_where_all_are_recorded_to_be_counted),
		cmocka_unit_test(nor_is_it_where_each_span_decides_for_itself),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
