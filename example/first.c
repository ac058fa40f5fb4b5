/* SPDX-License-Identifier: Apache-2.0 */
/* The six lines: a span around a piece of work, a log record in it, and a counter. */
#include <oriel.h>

int main(void)
{
	oriel_start(ORIEL_OPTIONS(.service = "checkout", .version = "1.4.2"));
	struct oriel_counter *orders = oriel_counter("orders", "{order}", "Orders placed");

	ORIEL_SPAN ("place order", oriel_str("tenant.id", "acme")) {
		oriel_info("order placed", oriel_int("order.id", 1001), oriel_f64("amount", 42.5));
		oriel_add(orders, 1, oriel_str("product", "book"));
	}
	oriel_stop();
	return 0;
}
