/* SPDX-License-Identifier: Apache-2.0 */
/* flushes MS [COUNT]: a span, a log record and a count, then oriel_flush(MS), COUNT times; prints what each flush said. */
#include <oriel.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static const char *const said[] = { "flushed", "late", "lost", "nobody" };
	int n = argc > 2 ? atoi(argv[2]) : 1;

	oriel_start(NULL);
	while (n--) {
		ORIEL_SPAN ("work") {
			oriel_info("at work");
			oriel_add(oriel_counter("works", "1", "Work done"), 1);
		}
		puts(said[oriel_flush(argc > 1 ? (unsigned)atoi(argv[1]) : 1000)]);
		fflush(stdout);
	}
	return 0;
}
