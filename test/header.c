/* SPDX-License-Identifier: Apache-2.0 */
/* Uses every macro of oriel.h and oriel-scope.h, and is a bootstrap hook; compiled as each C and each C++ that it promises. Never run. */
#define ORIEL_SCOPE storage
#include <oriel-scope.h>

#include <oriel-bootstrap.h>
#include <oriel-test.h>

static struct oriel_scope *storage;

static const char *header_of(void *carrier, const char *name)
{
	(void)carrier;
	return name;
}

static void work(struct oriel_counter *orders, struct oriel_histogram *seconds)
{
	ORIEL_SPAN ("place order", oriel_str("tenant.id", "a"), oriel_int("n", 1)) {
		oriel_span_set(NULL, oriel_f64("amount", 1.5), oriel_bool("paid", true));
		oriel_span_event(NULL, "paid");
		oriel_span_event(NULL, "paid", oriel_str("by", "card"));
		oriel_info("order placed");
		oriel_info("order placed", oriel_int("order.id", 7), oriel_strn("x", "yz", 1));
	}
	ORIEL_SPAN ("no attributes") {
		oriel_warn("nothing left", oriel_bytes("raw", "\0", 1));
	}
	ORIEL_TRACKED("place order", oriel_int("order.id", 7))
	{
		oriel_failed("out_of_stock", NULL);
	}
	ORIEL_JOB("nightly")
	{
		ORIEL_CONSUMED("kafka", "orders", oriel_int("offset", 7))
		{
			ORIEL_TIMED(seconds, oriel_str("queue", "a"))
			oriel_info("in time");
		}
	}
	ORIEL_TIMED_SERIES(oriel_bind(seconds))
	ORIEL_TIMED(seconds);
	oriel_add(orders, 1);
	oriel_add(orders, 1, oriel_str("product", "book"));
	oriel_record(seconds, 0.25);
	oriel_record(seconds, 0.25, oriel_str("route", "/"));
}

static void sizes(struct oriel_observation *to, void *you)
{
	(void)you;
	oriel_observe(to, 7);
	oriel_observe(to, 7, oriel_str("pool", "small"));
	oriel_observe_f64(to, 0.5, oriel_str("pool", "large"));
}

static void observed(void)
{
	static int number;
	static double part;
	static volatile unsigned long total;
	static bool yes;
	struct oriel_observer *o = oriel_gauge_observe("pool.size", "1", NULL, sizes, NULL);

	oriel_unwatch(oriel_gauge_watch("number", "1", NULL, &number));
	oriel_unwatch(oriel_up_down_watch("part", "1", NULL, &part, oriel_str("a", "b")));
	oriel_unwatch(oriel_counter_watch("total", "1", NULL, &total));
	oriel_unwatch(oriel_gauge_watch("yes", "1", NULL, &yes));
	oriel_record(oriel_histogram_exponential("e", "s", NULL), 1);
	oriel_record(oriel_summary("s", "s", NULL, NULL, 0), 1);
	oriel_unobserve(o);
}

static void scoped(void)
{
	static int number;

	storage = oriel_scope("acme.storage",
			      ORIEL_SCOPE_OPTIONS(.version = "2.1.0",
						  .attributes = ORIEL_WITH(oriel_int("shard", 4))));
	oriel_log_in(storage, ORIEL_WARN, "slow disk");
	oriel_log_in(NULL, ORIEL_WARN, "slow disk", oriel_f64("s", 0.5));
	oriel_add(oriel_counter_in(storage, "reads", "{read}", NULL), 1, oriel_str("a", "b"));
	oriel_record(oriel_histogram_in(storage, "wait", "s", NULL, NULL, 0), 1);
	oriel_record(oriel_histogram_exponential_in(storage, "e", "s", NULL), 1);
	oriel_record(oriel_summary_in(storage, "s", "s", NULL, NULL, 0), 1);
	oriel_unobserve(oriel_gauge_f64_observe_in(storage, "size", "1", NULL, sizes, NULL));
	oriel_unwatch(oriel_gauge_watch_in(storage, "n", "1", NULL, &number, oriel_str("a", "b")));
	oriel_unwatch(oriel_counter_watch_in(storage, "n", "1", NULL, &number));
	oriel_unwatch(oriel_up_down_watch_in(storage, "n", "1", NULL, &number));
}

static bool expected(void)
{
	const struct oriel_test_span *span;

	oriel_test_begin();
	ORIEL_EXPECT_VALUE(1, "orders", oriel_str("product", "book"));
	ORIEL_EXPECT_VALUE(0.5, "part");
	ORIEL_EXPECT_COUNT(1, "wait");
	ORIEL_EXPECT_SPAN("place order", oriel_int("items", 3));
	ORIEL_EXPECT_SPANS(2, "place order");
	ORIEL_EXPECT_LOG("order placed");
	ORIEL_EXPECT_LOGS(2, "order placed", oriel_int("order.id", 7));
	span = oriel_test_span("place order");
	return oriel_test_event(span, "paid") && oriel_test_value("orders") > 1 &&
	       oriel_test_count("wait", oriel_str("a", "b")) && oriel_test_quantile("wait", 0.5) &&
	       oriel_test_spans(NULL) && oriel_test_logs(NULL) && oriel_test_log("order placed");
}

int oriel_bootstrap(struct oriel_bootstrap *b)
{
	if (ORIEL_BOOTSTRAP_HAS(b, log) && !b->probe)
		b->log(b, ORIEL_BOOTSTRAP_INFO, b->source);
	return b->exporter(b, ORIEL_BOOTSTRAP_TRACES | ORIEL_BOOTSTRAP_LOGS, "otlp");
}

int main(void)
{
	struct oriel_context parent;
	struct oriel_span span;
	unsigned token;

	oriel_start(ORIEL_OPTIONS(.service = "checkout", .version = "1.4.2"));
	if (oriel_context_extract(&parent, header_of, NULL)) {
		token = oriel_context_attach(&parent);
		work(oriel_counter("orders", "{order}", "Orders placed"),
		     oriel_histogram("order.duration", "s", NULL, NULL, 0));
		oriel_context_detach(token);
		oriel_context_release(&parent);
	}
	span = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT), "by hand",
				     oriel_int("n", 2));
	oriel_span_error(&span, "timeout", "no answer");
	oriel_span_end(&span);
	oriel_span_begin(&span, "as a value", ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT),
			 ORIEL_WITH(oriel_int("n", 2)));
	oriel_span_end(&span);
	oriel_span_begin(&span, "as a value", NULL, ORIEL_WITH());
	oriel_span_end(&span);
	observed();
	scoped();
	if (expected())
		oriel_test_end();
	oriel_stop();
	return oriel_why_off();
}
