/* SPDX-License-Identifier: Apache-2.0 */
/* What a program records is what its test finds, and what it doesn't is told. */
#include <oriel-scope.h>
#include <oriel-test.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char said[4096];
static int said_line;

static void hear(const char *file, int line, const char *text)
{
	(void)file;
	said_line = line;
	snprintf(said, sizeof(said), "%s", text);
}

static int setup(void **state)
{
	(void)state;
	said[0] = '\0';
	oriel_test_on_failure(hear);
	return oriel_test_begin();
}

#define HEARD(text) assert_non_null(strstr(said, (text)))

static struct oriel_counter *orders(void)
{
	return oriel_counter("orders", "{order}", "Orders placed");
}

static void a_counter_counts_from_the_beginning_of_the_test(void **state)
{
	(void)state;
	oriel_add(orders(), 2, oriel_str("product", "book"));
	oriel_add(orders(), 3, oriel_str("product", "pen"), oriel_bool("paid", true));
	assert_true(ORIEL_EXPECT_VALUE(2, "orders", oriel_str("product", "book")));
	assert_true(ORIEL_EXPECT_VALUE(3, "orders", oriel_bool("paid", true)));
	assert_true(ORIEL_EXPECT_VALUE(5, "orders"));
	assert_int_equal(oriel_test_metric("orders").n_series, 2);
	assert_int_equal(oriel_test_begin(), 0);
	assert_true(ORIEL_EXPECT_VALUE(0, "orders"));
	oriel_add(orders(), 1, oriel_str("product", "book"));
	assert_true(ORIEL_EXPECT_VALUE(1, "orders"));
	assert_string_equal(said, "");
}

static void what_else_there_is_is_told(void **state)
{
	(void)state;
	oriel_add(orders(), 1, oriel_str("product", "pencil"), oriel_int("n", 7));
	assert_false(ORIEL_EXPECT_VALUE(2, "orders", oriel_str("product", "pencil")));
	assert_int_equal(said_line, __LINE__ - 1);
	HEARD("metric orders {product=\"pencil\"}: expected 2, is 1");
	HEARD("orders {n=7, product=\"pencil\"} 1");
	assert_false(ORIEL_EXPECT_VALUE(2, "order"));
	HEARD("no metric is called so");
	assert_false(ORIEL_EXPECT_COUNT(1, "orders"));
	HEARD("expected 1 values, has 0");
	ORIEL_SPAN ("first", oriel_f64("part", 0.5))
		oriel_info("seen", oriel_bool("yes", true));
	assert_false(ORIEL_EXPECT_SPAN("second", oriel_str("a", "b")));
	HEARD("span second {a=\"b\"}: expected at least 1, found 0");
	HEARD("first {part=0.5}");
	assert_false(ORIEL_EXPECT_SPANS(2, "first"));
	HEARD("expected 2, found 1");
	assert_false(ORIEL_EXPECT_LOG("unseen"));
	HEARD("yes=true");
}

static void histograms_and_summaries_have_counts_sums_and_quantiles(void **state)
{
	struct oriel_histogram *h = oriel_histogram("wait", "s", NULL, NULL, 0);
	struct oriel_histogram *e = oriel_histogram_exponential("load", "By", NULL);
	struct oriel_histogram *s = oriel_summary("lag", "s", NULL, NULL, 0);

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		oriel_record(h, i);
		oriel_record(e, i);
		oriel_record(s, i, oriel_int("odd", i % 2));
	}
	oriel_record(e, -5);
	oriel_record(e, 0);
	assert_true(ORIEL_EXPECT_COUNT(1000, "wait"));
	assert_true(ORIEL_EXPECT_COUNT(1002, "load"));
	assert_true(ORIEL_EXPECT_COUNT(500, "lag", oriel_int("odd", 1)));
	assert_true(oriel_test_metric("load").sum == 500495);
	assert_true(oriel_test_metric("load").min == -5 && oriel_test_metric("load").max == 1000);
	assert_true(fabs(oriel_test_quantile("load", 0.5) - 500) < 500 * 0.044);
	assert_true(fabs(oriel_test_quantile("lag", 0.99) - 990) < 990 * 0.044);
	assert_true(isnan(oriel_test_quantile("nothing", 0.5)));
}

/* The error that doc/metrics.md states, on values of any size. */
static void a_quantile_is_as_near_as_is_said(void **state)
{
	static const struct {
		int octaves;
		double error;
	} said_of[] = { { 4, 0.011 }, { 9, 0.022 }, { 19, 0.0434 }, { 39, 0.0866 } };
	char name[32];

	(void)state;
	for (size_t k = 0; k < sizeof(said_of) / sizeof(said_of[0]); k++) {
		struct oriel_histogram *h;

		snprintf(name, sizeof(name), "spread.%zu", k);
		h = oriel_summary(name, "1", NULL, NULL, 0);
		for (int i = 0; i <= 999; i++)
			oriel_record(h, exp2((i - 500) / 999.0 * said_of[k].octaves));
		for (int q = 1; q <= 999; q += 7) {
			double exact = exp2((q - 1 - 500) / 999.0 * said_of[k].octaves);
			double found = oriel_test_quantile(name, q / 1000.0);

			assert_true(fabs(found - exact) <= exact * said_of[k].error);
		}
	}
}

static void observed(struct oriel_observation *to, void *you)
{
	oriel_observe(to, *(_Atomic int *)you, oriel_str("pool", "small"));
}

static void what_nobody_records_is_asked_for(void **state)
{
	static _Atomic int in_use = 3; /* the library's own thread looks at it too */
	static double level = 0.25;
	struct oriel_observer *o =
		oriel_gauge_observe("pool.size", "1", NULL, observed, (void *)&in_use);
	struct oriel_observer *u =
		oriel_up_down_observe("pool.used", "1", NULL, observed, (void *)&in_use);
	struct oriel_watch *w = oriel_gauge_watch("level", "1", NULL, &level);

	(void)state;
	assert_true(ORIEL_EXPECT_VALUE(3, "pool.size", oriel_str("pool", "small")));
	assert_true(ORIEL_EXPECT_VALUE(0.25, "level"));
	in_use = 4;
	level = 0.5;
	assert_true(ORIEL_EXPECT_VALUE(4, "pool.size"));
	assert_true(ORIEL_EXPECT_VALUE(4, "pool.used"));
	assert_true(ORIEL_EXPECT_VALUE(0.5, "level"));
	oriel_unwatch(w);
	oriel_unobserve(o);
	oriel_unobserve(u);
	assert_int_equal(oriel_test_metric("level").n_series, 0);
}

static void spans_have_what_was_said_of_them(void **state)
{
	const struct oriel_test_span *outer, *inner;

	(void)state;
	ORIEL_SPAN ("outer") {
		ORIEL_SPAN ("inner", oriel_str("a", "b")) {
			oriel_span_event(NULL, "found", oriel_int("n", 3));
			oriel_span_error(NULL, "timeout", "no answer");
		}
		oriel_warn("after", oriel_int("n", 1));
	}
	outer = oriel_test_span("outer");
	inner = oriel_test_span("inner", oriel_str("a", "b"), oriel_str("error.type", "timeout"));
	assert_non_null(outer);
	assert_non_null(inner);
	assert_string_equal(inner->parent_id, outer->span_id);
	assert_string_equal(inner->trace_id, outer->trace_id);
	assert_string_equal(outer->parent_id, "");
	assert_int_equal(inner->status, ORIEL_ERROR);
	assert_string_equal(inner->status_message, "no answer");
	assert_true(oriel_test_event(inner, "found", oriel_int("n", 3)));
	assert_false(oriel_test_event(inner, "found", oriel_int("n", 4)));
	assert_int_equal(oriel_test_spans(NULL), 2);
	assert_int_equal(oriel_test_log("after")->severity, ORIEL_WARN);
	assert_string_equal(oriel_test_log("after")->span_id, outer->span_id);
	assert_null(oriel_test_span("outer", oriel_str("a", "b")));
}

static void a_library_s_scope_is_told(void **state)
{
	struct oriel_scope *storage = oriel_scope("acme.storage", NULL);
	struct oriel_span s =
		oriel_span_start_with(ORIEL_SPAN_OPTIONS(.scope = storage), "read block");

	(void)state;
	oriel_span_end(&s);
	oriel_log_in(storage, ORIEL_WARN, "slow disk");
	ORIEL_SPAN ("the program's")
		oriel_warn("the program's");
	assert_string_equal(oriel_test_span("read block")->scope, "acme.storage");
	assert_string_equal(oriel_test_log("slow disk")->scope, "acme.storage");
	assert_string_equal(oriel_test_span("the program's")->scope, "oriel");
	assert_string_equal(oriel_test_log("the program's")->scope, "oriel");
}

/* ---- one scope for all, as it is found ----------------------------------------------------------- */

static void reserve(void)
{
	oriel_failed("out_of_stock", "nothing left");
}

static void a_span_has_the_times_that_it_was_given(void **state)
{
	const uint64_t start_ns = 1700000000000000000u;
	struct oriel_span s = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.start_ns = start_ns), "s");

	(void)state;
	assert_true(oriel_span_is_recording(&s));
	oriel_span_name(&s, "renamed");
	oriel_span_finish(&s, start_ns + 1500);
	assert_false(oriel_span_is_recording(&s));
	oriel_span_set(&s, oriel_int("late", 1));
	assert_non_null(oriel_test_span("renamed"));
	assert_int_equal(oriel_test_span("renamed")->duration_ns, 1500);
	assert_null(oriel_test_span("renamed", oriel_int("late", 1)));
}

static void a_parent_may_be_given_or_none(void **state)
{
	struct oriel_context given = { .trace_id = { 1 },
				       .span_id = { 2 },
				       .flags = ORIEL_SAMPLED };

	(void)state;
	ORIEL_SPAN ("current") {
		struct oriel_span a, b;

		a = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.parent = &given), "below");
		oriel_span_end(&a);
		b = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.root = true), "root");
		oriel_span_end(&b);
	}
	assert_string_equal(oriel_test_span("below")->parent_id, "0200000000000000");
	assert_string_equal(oriel_test_span("root")->parent_id, "");
	assert_string_not_equal(oriel_test_span("root")->trace_id,
				oriel_test_span("current")->trace_id);
}

static void a_tracked_block_is_all_four(void **state)
{
	const struct oriel_test_span *s;

	(void)state;
	ORIEL_TRACKED("place order", oriel_int("order.id", 7))
	oriel_failed(NULL, NULL);
	ORIEL_TRACKED("place order", oriel_int("order.id", 8))
	{
		ORIEL_TRACKED("reserve")
		{
		}
		ORIEL_SPAN ("inside")
			reserve();
	}
	oriel_failed("nobody", "is in such a block");
	s = oriel_test_span("place order", oriel_int("order.id", 8));
	assert_non_null(s);
	assert_int_equal(s->status, ORIEL_ERROR);
	assert_true(
		oriel_test_event(s, "exception", oriel_str("exception.message", "nothing left")));
	assert_int_equal(oriel_test_span("inside")->status, ORIEL_UNSET);
	assert_int_equal(oriel_test_span("reserve")->status, ORIEL_UNSET);
	ORIEL_EXPECT_COUNT(2, "operation.duration", oriel_str("operation.name", "place order"));
	ORIEL_EXPECT_COUNT(1, "operation.duration", oriel_str("error.type", "out_of_stock"));
	ORIEL_EXPECT_COUNT(1, "operation.duration", oriel_str("error.type", "_OTHER"));
	ORIEL_EXPECT_VALUE(2, "operation.errors");
	ORIEL_EXPECT_VALUE(1, "operation.errors", oriel_str("error.type", "out_of_stock"));
	ORIEL_EXPECT_LOG("failed", oriel_int("order.id", 8),
			 oriel_str("error.type", "out_of_stock"));
	ORIEL_EXPECT_LOGS(1, "done", oriel_str("operation.name", "reserve"));
	assert_string_equal(oriel_test_log("failed", oriel_int("order.id", 8))->span_id,
			    s->span_id);
	assert_string_equal(oriel_test_metric("operation.errors",
					      oriel_str("error.type", "out_of_stock"))
				    .trace_id,
			    s->trace_id);
	assert_string_equal(said, "");
}

static void a_job_and_a_message_are_counted_timed_and_marked(void **state)
{
	(void)state;
	ORIEL_JOB("nightly")
	{
		ORIEL_EXPECT_VALUE(1, "job.active", oriel_str("job.name", "nightly"));
		for (int i = 0; i < 3; i++)
			ORIEL_CONSUMED("kafka", "orders", oriel_int("n", i))
			{
				if (i == 2)
					oriel_failed("bad_message", "no JSON");
			}
	}
	ORIEL_EXPECT_VALUE(0, "job.active");
	ORIEL_EXPECT_COUNT(1, "job.duration", oriel_str("job.name", "nightly"));
	assert_true(oriel_test_value("job.last_success") > 1e9);
	ORIEL_EXPECT_VALUE(3, "messaging.client.consumed.messages",
			   oriel_str("messaging.destination.name", "orders"));
	ORIEL_EXPECT_COUNT(1, "messaging.process.duration", oriel_str("messaging.system", "kafka"),
			   oriel_str("error.type", "bad_message"));
	ORIEL_EXPECT_SPANS(3, "process orders", oriel_str("messaging.operation.type", "process"));
	assert_int_equal(oriel_test_span("process orders", oriel_int("n", 2))->kind,
			 ORIEL_CONSUMER);
	assert_string_equal(oriel_test_span("process orders")->parent_id,
			    oriel_test_span("nightly")->span_id);
	assert_string_equal(said, "");
}

static void a_timed_block_is_one_value(void **state)
{
	struct oriel_histogram *h = oriel_histogram("timed", "s", NULL, NULL, 0);

	(void)state;
	ORIEL_TIMED(h, oriel_str("queue", "a"))
	{
	}
	for (int i = 0; i < 3; i++)
		ORIEL_TIMED_SERIES(oriel_bind(h, oriel_str("queue", "b")))
		{
			if (i == 2)
				break;
		}
	ORIEL_TIMED(NULL)
	{
	}
	ORIEL_EXPECT_COUNT(1, "timed", oriel_str("queue", "a"));
	ORIEL_EXPECT_COUNT(3, "timed", oriel_str("queue", "b"));
	assert_true(oriel_test_metric("timed").sum < 60);
	assert_string_equal(said, "");
}

static void after_the_end_nothing_is_found(void **state)
{
	(void)state;
	oriel_test_end();
	oriel_add(orders(), 1);
	assert_false(ORIEL_EXPECT_VALUE(1, "orders"));
	assert_null(oriel_test_span("outer"));
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_counter_counts_from_the_beginning_of_the_test),
		TEST(what_else_there_is_is_told),
		TEST(histograms_and_summaries_have_counts_sums_and_quantiles),
		TEST(a_quantile_is_as_near_as_is_said),
		TEST(what_nobody_records_is_asked_for),
		TEST(spans_have_what_was_said_of_them),
		TEST(a_library_s_scope_is_told),
		TEST(a_span_has_the_times_that_it_was_given),
		TEST(a_parent_may_be_given_or_none),
		TEST(a_tracked_block_is_all_four),
		TEST(a_job_and_a_message_are_counted_timed_and_marked),
		TEST(a_timed_block_is_one_value),
		TEST(after_the_end_nothing_is_found),
	};

	return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
