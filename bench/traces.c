/* SPDX-License-Identifier: Apache-2.0 */
/*
 * So many traces a second, of so many spans each, with three or five attributes.
 *
 *     traces TRACES SPANS SECONDS
 */
#include "oriel.h"

#include <stdlib.h>
#include <time.h>

enum { BURSTS_A_SECOND = 100 };

static void trace(int number, int spans)
{
	ORIEL_SPAN ("GET", oriel_str("http.request.method", "GET"),
		    oriel_str("http.route", "/orders/{id}"), oriel_int("order.id", number))
		for (int i = 1; i < spans; i++)
			ORIEL_SPAN ("SELECT orders", oriel_str("db.system.name", "postgresql"),
				    oriel_str("db.query.text", "SELECT * FROM orders WHERE id = ?"),
				    oriel_int("n", i), oriel_f64("amount", 12.5),
				    oriel_bool("express", true))
				;
}

int main(int argc, char **argv)
{
	int traces = argc > 1 ? atoi(argv[1]) : 2000, spans = argc > 2 ? atoi(argv[2]) : 5;
	int seconds = argc > 3 ? atoi(argv[3]) : 10;
	struct timespec next;

	oriel_start(NULL);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int burst = 0; burst < seconds * BURSTS_A_SECOND; burst++) {
		for (int i = 0; i < traces / BURSTS_A_SECOND; i++)
			trace(i, spans);
		next.tv_nsec += 1000000000 / BURSTS_A_SECOND;
		if (next.tv_nsec >= 1000000000) {
			next.tv_sec++;
			next.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return 0;
}
