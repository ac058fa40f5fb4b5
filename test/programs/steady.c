/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steady: as many spans a second for so many seconds, each with its number as the attribute `i`.
 *
 *     steady RATE SECONDS FLUSH-SECONDS [FILE]
 *
 * With FILE it goes on until that is there. Every 10 ms a burst of them, whose time is taken. Prints how many there were and what one cost in the
 * median, the slowest hundredth and the slowest of all bursts; then what a flush said, asked until all
 * is delivered or the time is over.
 */
#include <oriel.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BURSTS_A_SECOND = 100, MOST_SECONDS = 3600 };

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(long long ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

/* What one span of it took, in nanoseconds. */
static double burst(long long *i, int n)
{
	long long start = now_ns();

	for (int k = 0; k < n; k++) {
		struct oriel_span s = oriel_span_start("steady", oriel_int("i", (*i)++));

		oriel_span_end(&s);
	}
	return (double)(now_ns() - start) / n;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool goes_on(int b, int n, const char *file)
{
	return b < n || (file && access(file, F_OK) && b < MOST_SECONDS * BURSTS_A_SECOND);
}

static void flush(int seconds)
{
	static const char *const said[] = { "flushed", "late", "lost", "nobody" };
	long long until = now_ns() + seconds * 1000000000LL;
	int r;

	do
		r = oriel_flush(2000);
	while (r != ORIEL_FLUSHED && now_ns() < until);
	puts(said[r]);
}

int main(int argc, char **argv)
{
	int rate = argc > 1 ? atoi(argv[1]) : 10000, seconds = argc > 2 ? atoi(argv[2]) : 1;
	const char *file = argc > 4 ? argv[4] : NULL;
	int n = seconds * BURSTS_A_SECOND, b;
	double *cost = calloc(MOST_SECONDS * BURSTS_A_SECOND, sizeof(*cost));
	long long i = 0, start;

	if (!cost || rate < BURSTS_A_SECOND || n < 1 || seconds > MOST_SECONDS)
		return 2;
	oriel_start(NULL);
	start = now_ns();
	for (b = 0; goes_on(b, n, file); b++) {
		sleep_until(start + b * (1000000000LL / BURSTS_A_SECOND));
		cost[b] = burst(&i, rate / BURSTS_A_SECOND);
	}
	n = b;
	qsort(cost, (size_t)n, sizeof(*cost), by_size);
	printf("%lld spans, ns each: median %.0f, slowest hundredth %.0f, slowest %.0f\n", i,
	       cost[n / 2], cost[n - 1 - n / 100], cost[n - 1]);
	fflush(stdout);
	flush(argc > 3 ? atoi(argv[3]) : 10);
	free(cost);
	return 0;
}
