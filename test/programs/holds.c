/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds: ten spans stay open while others come and go, with a log each.
 *
 *     holds [SPANS]
 *
 * Prints a line when it has recorded them; ends its open spans when its standard input ends.
 */
#include <oriel.h>

#include <stdio.h>
#include <stdlib.h>

enum { OPEN = 10 };

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 500;
	struct oriel_span open[OPEN];

	oriel_start(ORIEL_OPTIONS(.service = "holds"));
	for (int i = 0; i < OPEN; i++)
		open[i] = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.root = true, .detached = true),
						"held", oriel_int("i", i));
	for (long i = 0; i < n; i++) {
		struct oriel_span s = oriel_span_start("brief", oriel_int("i", i));

		oriel_info("brief", oriel_int("i", i));
		if (i % 50 == 49)
			oriel_span_event(&open[i / 50 % OPEN], "fifty more");
		oriel_span_end(&s);
	}
	printf("recorded http://0\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (int i = 0; i < OPEN; i++)
		oriel_span_end(&open[i]);
	printf("ended\n");
	return 0;
}
