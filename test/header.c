/* SPDX-License-Identifier: Apache-2.0 */
/* Uses every macro of oriel.h, and is a bootstrap hook; compiled as each C and each C++ that it promises. Never run. */
#include <oriel.h>

#include <oriel-bootstrap.h>

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
	oriel_add(orders, 1);
	oriel_add(orders, 1, oriel_str("product", "book"));
	oriel_record(seconds, 0.25);
	oriel_record(seconds, 0.25, oriel_str("route", "/"));
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
	oriel_stop();
	return oriel_why_off();
}
