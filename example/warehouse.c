/* SPDX-License-Identifier: Apache-2.0 */
/*
 * It stands for a library that a service is linked with, and that says for itself what it does: its spans,
 * log records and instruments are in its own scope, with its own version, whoever uses it.
 */
#define ORIEL_SCOPE scope
#include <oriel-scope.h>

#include "warehouse.h"

#include <time.h>

static struct oriel_scope *scope;
static struct oriel_counter *searches;

void warehouse_open(void)
{
	scope = oriel_scope("warehouse", ORIEL_SCOPE_OPTIONS(.version = "0.3.0"));
	searches = oriel_counter_in(scope, "searches", "{search}", "Times that somebody looked");
}

void warehouse_look(const char *product)
{
	ORIEL_SPAN ("look in the warehouse", oriel_str("product.id", product)) {
		nanosleep(&(struct timespec){ .tv_nsec = 80000000 }, NULL);
		oriel_span_event(NULL, "found behind the wardrobe");
		oriel_debug("found", oriel_str("product.id", product));
		oriel_add(searches, 1);
	}
}
