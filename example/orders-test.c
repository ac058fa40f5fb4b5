/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test of code that records, with nothing but oriel-test.h: what place_order left is asserted, in this
 * very process. Any test framework does as well (oriel_test_on_failure).
 *
 *     cc orders-test.c $(pkg-config --cflags --libs oriel-test) && ./a.out
 */
#include <oriel-test.h>

#include <stdio.h>

/* ---- the code under test ---- */

static struct oriel_counter *orders;

static bool place_order(const char *product, int items)
{
	bool there = items <= 10;

	ORIEL_TRACKED("place order", oriel_str("product", product), oriel_int("items", items))
	{
		if (!there)
			oriel_failed("out_of_stock", "only 10 are left");
		else
			oriel_add(orders, 1, oriel_str("product", product));
	}
	return there;
}

/* ---- the test ---- */

int main(void)
{
	oriel_test_begin();
	orders = oriel_counter("orders", "{order}", "Orders placed");

	place_order("book", 3);
	ORIEL_EXPECT_VALUE(1, "orders", oriel_str("product", "book"));
	ORIEL_EXPECT_SPAN("place order", oriel_int("items", 3));
	ORIEL_EXPECT_COUNT(1, "operation.duration");
	ORIEL_EXPECT_LOG("done", oriel_str("product", "book"));

	oriel_test_begin(); /* the next case starts from zero */
	place_order("book", 30);
	ORIEL_EXPECT_VALUE(0, "orders");
	ORIEL_EXPECT_VALUE(1, "operation.errors", oriel_str("error.type", "out_of_stock"));
	ORIEL_EXPECT_SPAN("place order", oriel_str("error.type", "out_of_stock"));

	oriel_test_end();
	puts("all is as it was expected");
	return 0;
}
