/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measures: one of each kind of instrument, in a sampled span. Then each number on its standard input
 * becomes what its callback and its address tell (pool.used, pool.size, pool.made); 0 ends what is
 * told of the large pool. It says "ready", and the ids of the span.
 */
#include <oriel.h>

#include <stdio.h>

static int used, made;

static void sizes(struct oriel_observation *to, void *you)
{
	(void)you;
	oriel_observe(to, used * 10, oriel_str("pool", "small"));
	if (used)
		oriel_observe(to, used * 100, oriel_str("pool", "large"));
}

int main(void)
{
	struct oriel_histogram *explicit_, *exponential, *summary;
	struct oriel_counter *orders;
	char trace[33], span[17], line[64];
	int n;

	oriel_start(ORIEL_OPTIONS(.service = "measures"));
	orders = oriel_counter("orders", "{order}", "Orders placed");
	explicit_ = oriel_histogram("wait", "s", "Explicit", (const double[]){ 0.1, 1 }, 2);
	exponential = oriel_histogram_exponential("load", "By", "Exponential");
	summary = oriel_summary("lag", "s", "Summary", NULL, 0);
	oriel_gauge_watch("pool.used", "{connection}", "By address", &used);
	oriel_counter_watch("pool.made", "{connection}", "By address", &made);
	oriel_gauge_observe("pool.size", "{connection}", "By callback", sizes, NULL);
	ORIEL_SPAN ("measured") {
		oriel_trace_id(trace);
		oriel_span_id(span);
		oriel_add(orders, 2, oriel_str("product", "book"), oriel_int("user.id", 4711));
		oriel_record(explicit_, 0.5);
		for (int i = 1; i <= 1000; i++) {
			oriel_record(exponential, i);
			oriel_record(summary, i / 1000.0);
		}
	}
	printf("ready %s %s\n", trace, span);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && sscanf(line, "%d", &n) == 1) {
		used = n;
		made += n;
	}
	oriel_stop();
	return 0;
}
