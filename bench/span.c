/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of one span, one log record, one measurement, in the thread that makes it.
 *
 *     span [CASE]      all cases, or one: name, threads, ns per operation (median of 31 bursts)
 *
 * Each case is a loop of its own, so that nothing but the operation is timed. Bursts of 3,000 fit
 * the free chunks of a usual segment; between bursts, outside the time, the chunks are made free
 * again. A burst that lost a record ends the program. What takes no chunk goes on for 30,000, so
 * that the two readings of the thread's clock don't weigh.
 */
#include "bench/median.h"
#include "bench/recycle.h"
#include "oriel-scope.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BURST = 3000, BURST_SILENT = 30000, BURSTS = 31 };

static struct oriel_counter *counter;
static struct oriel_series *books, *waits, *loads;
static struct oriel_scope *storage;

static volatile int64_t number = 42;
static const char *volatile text = "a value of 24 characters";

/* A loop around the operation, as a function of the number of turns. */
#define LOOP(name, ...) \
	static void name(int turns) \
	{ \
		for (int i = 0; i < turns; i++) { \
			__VA_ARGS__ \
		} \
	}

#define FIVE \
	oriel_str("tenant.id", "acme"), oriel_int("order.id", number), oriel_str("product", text), \
		oriel_f64("amount", 12.5), oriel_bool("express", true)

LOOP(span_0, struct oriel_span s = oriel_span_start("operation"); oriel_span_end(&s);)
LOOP(span_5, struct oriel_span s = oriel_span_start("operation", FIVE); oriel_span_end(&s);)
#undef ORIEL_SCOPE
#define ORIEL_SCOPE storage
LOOP(span_scoped, struct oriel_span s = oriel_span_start("operation", FIVE); oriel_span_end(&s);)
#undef ORIEL_SCOPE
#define ORIEL_SCOPE ((struct oriel_scope *)0)

LOOP(log_4, oriel_info("order placed", oriel_int("order.id", number), oriel_f64("amount", 12.5),
		       oriel_str("product", text), oriel_bool("express", true));)
LOOP(log_below,
     oriel_debug("order placed", oriel_int("order.id", number), oriel_f64("amount", 12.5),
		 oriel_str("product", text), oriel_bool("express", true));)
LOOP(log_print, oriel_infof("order %d of %s placed", (int)number, text);)
LOOP(count_2, oriel_add(counter, 1, oriel_str("product", "book"), oriel_str("tenant", "acme"));)

LOOP(count_bound, oriel_series_add(books, 1);)
LOOP(record_bound, oriel_series_record(waits, (double)(i & 1023) / 256);)
LOOP(record_exponential, oriel_series_record(loads, (double)(i & 1023) / 256 + 0.001);)

/* As in a request: each measurement leaves an example. */
static void count_sampled(int turns)
{
	ORIEL_SPAN ("request")
		for (int i = 0; i < turns; i++)
			oriel_series_add(books, 1);
}

LOOP(tracked, ORIEL_TRACKED("place order", oriel_int("order.id", number)){})

/* What no design goes below: two clock readings, an id and a copy of 256 bytes into memory of one's own. */
static volatile uint64_t sink;

static uint64_t clock_reading(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_nsec;
#endif
}

static void floor_of_all(int turns)
{
	static __thread unsigned char ring[1 << 20];
	unsigned char record[256] = { 0 };
	uint64_t id = 1;

	for (int i = 0; i < turns; i++) {
		uint64_t from = clock_reading();

		id = id * 0x5851f42d4c957f2d + 1;
		memcpy(record, &id, sizeof(id));
		memcpy(ring + (size_t)i * 256 % sizeof(ring), record, sizeof(record));
		sink = clock_reading() - from;
	}
}

static const struct {
	const char *name;
	void (*loop)(int turns);
	const char *sampler;
	bool disabled;
} cases[] = {
	{ "span_0_attributes", span_0, "always_on", false },
	{ "span_5_attributes", span_5, "always_on", false },
	{ "span_unsampled", span_0, "always_off", false },
	{ "span_unsampled_5", span_5, "always_off", false },
	{ "span_disabled", span_0, "always_on", true },
	{ "span_disabled_5", span_5, "always_on", true },
	{ "log_4_attributes", log_4, "always_on", false },
	{ "log_disabled", log_4, "always_on", true },
	{ "counter_2_attributes", count_2, "always_on", false },
	{ "floor", floor_of_all, "always_on", true },
	{ "counter_bound", count_bound, "always_on", false },
	{ "histogram_bound", record_bound, "always_on", false },
	{ "log_below", log_below, "always_off", false },
	{ "log_printed", log_print, "always_on", false },
	{ "histogram_exponential", record_exponential, "always_on", false },
	{ "counter_sampled", count_sampled, "always_on", false },
	{ "tracked", tracked, "always_on", false },
	{ "span_scoped", span_scoped, "always_on", false },
	{ "span_scoped_unsampled", span_scoped, "always_off", false },
};

/* The counter's cells are no chunk of the lane's. */
static int burst_of(size_t which)
{
	return cases[which].disabled || strcmp(cases[which].sampler, "always_off") == 0 ||
			       cases[which].loop == count_bound
		       ? BURST_SILENT
		       : BURST;
}

static double now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct work {
	void (*loop)(int turns);
	int cpu;
	int burst;
	double ns[BURSTS];
	pthread_barrier_t *begin, *done;
};

static void *work_run(void *p)
{
	struct work *w = p;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (int b = 0; b < BURSTS; b++) {
		pthread_barrier_wait(w->begin);
		double from = now_ns(CLOCK_THREAD_CPUTIME_ID);

		w->loop(w->burst);
		w->ns[b] = (now_ns(CLOCK_THREAD_CPUTIME_ID) - from) / w->burst;
		pthread_barrier_wait(w->done);
	}
	return NULL;
}

static void run(size_t which, int n_threads)
{
	pthread_barrier_t begin, done;
	struct work work[2];
	pthread_t thread[2];
	struct recycle r = { 0 };
	double sum = 0;

	recycle_prepare();
	setenv("OTEL_TRACES_SAMPLER", cases[which].sampler, 1);
	if (cases[which].disabled)
		setenv("OTEL_SDK_DISABLED", "true", 1);
	if (oriel_start(NULL) != 0 && !cases[which].disabled) {
		fprintf(stderr, "span: %s\n", oriel_off_text(oriel_why_off()));
		exit(1);
	}
	storage = oriel_scope("acme.storage", ORIEL_SCOPE_OPTIONS(.version = "2.1.0"));
	counter = oriel_counter("orders", "{order}", "Orders placed");
	books = oriel_bind(counter, oriel_str("product", "book"));
	waits = oriel_bind(oriel_histogram("waits", "s", "Waits", NULL, 0),
			   oriel_str("queue", "a"));
	loads = oriel_bind(oriel_histogram_exponential("loads", "s", "Loads"),
			   oriel_str("queue", "a"));
	if (!cases[which].disabled)
		recycle_open(&r);
	pthread_barrier_init(&begin, NULL, (unsigned)n_threads + 1);
	pthread_barrier_init(&done, NULL, (unsigned)n_threads + 1);
	for (int i = 0; i < n_threads; i++) {
		work[i] = (struct work){
			cases[which].loop, i, burst_of(which) / n_threads, { 0 }, &begin, &done
		};
		pthread_create(&thread[i], NULL, work_run, &work[i]);
	}
	for (int b = 0; b < BURSTS; b++) {
		pthread_barrier_wait(&begin);
		pthread_barrier_wait(&done);
		if (!cases[which].disabled && recycle_losses(&r)) {
			fprintf(stderr, "span: %s lost records, so there is no figure\n",
				cases[which].name);
			exit(1);
		}
		if (!cases[which].disabled)
			recycle_run(&r);
	}
	for (int i = 0; i < n_threads; i++) {
		pthread_join(thread[i], NULL);
		sum += median(work[i].ns, BURSTS);
	}
	printf("%-24s %d thread%s %8.1f ns\n", cases[which].name, n_threads,
	       n_threads > 1 ? "s" : " ", sum / n_threads);
	fflush(stdout);
	recycle_close(&r);
}

/* Each case in a process of its own: settings are read once. */
int main(int argc, char **argv)
{
	char command[256];
	int failed = 0;

	if (argc == 3) {
		run((size_t)atoi(argv[1]), atoi(argv[2]));
		return 0;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (argc == 2 && strcmp(argv[1], cases[i].name) != 0)
			continue;
		for (int threads = 1; threads <= 2; threads++) {
			snprintf(command, sizeof(command), "'%s' %zu %d", argv[0], i, threads);
			failed |= system(command);
		}
	}
	return failed != 0;
}
