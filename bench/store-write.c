/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the store takes spans, and how many bytes one is.
 *
 *     store-write [FOLDER] [SPANS] [SPANS OF A TRACE]
 *
 * Traces of ten spans (or as many as told) from four services, five attributes a span, the spans of 64 traces mixed as
 * they are when requests overlap; batches are made beforehand. CPU time is this process's: readers
 * are idle. Reads are then timed on what was written.
 */
#include "base/clock.h"
#include "bench/sample.h"
#include "model/copy.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SERVICES = 4, ROUTES = 50, MIXED = 64 };

static size_t trace_spans = 10;

static const char *const service[SERVICES] = { "storefront", "stock", "payment", "mail" };

static uint64_t random_bits(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static struct str printed(struct arena *a, const char *fmt, uint64_t v)
{
	char t[64];
	int n = snprintf(t, sizeof(t), fmt, v);

	return arena_copy(a, (struct str){ t, (size_t)n });
}

/* The n'th span of the run, of trace n / 10 within its mix of 64. */
static void fill(struct span *s, struct arena *a, uint64_t n, uint64_t start_ns)
{
	uint64_t block = n / (MIXED * trace_spans), in = n % (MIXED * trace_spans);
	uint64_t trace = block * MIXED + in % MIXED, nth = in / MIXED;
	uint64_t id[2] = { trace * 0x9e3779b97f4a7c15u, (trace + 1) * 0xbf58476d1ce4e5b9u };
	static const struct scope scope = { .name = STR("oriel.libmicrohttpd"),
					    .version = STR("0.1.0") };
	struct attribute item[5] = {
		sample_text("http.request.method", STR("GET")),
		sample_text("http.route", printed(a, "/orders/%" PRIu64, trace % ROUTES)),
		sample_number("http.response.status_code", trace % 50 ? 200 : 500),
		sample_text("url.path",
			    printed(a, "/orders/item/%" PRIu64, random_bits() % 100000)),
		sample_number("user.id", (int64_t)(random_bits() % 100000)),
	};

	memcpy(s->trace_id.b, id, sizeof(id));
	uint64_t own = id[0] ^ (nth + 1), parent = id[0] ^ nth;

	memcpy(s->span_id.b, &own, sizeof(own));
	if (nth)
		memcpy(s->parent_id.b, &parent, sizeof(parent));
	s->flags = 1;
	s->kind = nth % 3 ? SPAN_CLIENT : SPAN_SERVER;
	s->status = trace % 50 ? STATUS_UNSET : STATUS_ERROR;
	s->start_ns = start_ns + n * 1000;
	s->end_ns = s->start_ns + 100000 + random_bits() % 10000000;
	s->name = nth % 3 ? STR("GET") : printed(a, "GET /orders/%" PRIu64, trace % ROUTES);
	s->scope = &scope;
	s->thread_id = 4000 + (uint32_t)(n % 8);
	s->attributes = copy_attributes(a, (struct attributes){ item, 5, 0 });
}

static struct batch **make(size_t n_batches, size_t size, struct resource *const *from)
{
	struct batch **b = calloc(n_batches, sizeof(struct batch *));
	uint64_t start_ns = clock_real_ns() - 60000000000u, n = 0;

	for (size_t i = 0; i < n_batches; i++) {
		b[i] = batch_new(from[i % SERVICES]);
		for (size_t k = 0; k < size; k++)
			fill(batch_add_span(b[i]), &b[i]->arena, n++, start_ns);
	}
	return b;
}

static uint64_t cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int count_trace(const struct trace_summary *t, void *you)
{
	((struct trace_id *)you)[0] = t->trace_id;
	return 0;
}

static int count_span(const struct span *s, const struct resource *r, void *you)
{
	(void)s;
	(void)r;
	++*(size_t *)you;
	return 0;
}

static int count_red(const struct store_red *red, void *you)
{
	*(size_t *)you += red->n;
	return 0;
}

#define TIMED(what, call) \
	do { \
		uint64_t best = UINT64_MAX; \
		for (int round = 0; round < 5; round++) { \
			uint64_t at = clock_mono_ns(); \
			if ((call) < 0) \
				printf("  %s failed: %s\n", what, store_why()); \
			at = clock_mono_ns() - at; \
			best = at < best ? at : best; \
		} \
		printf("  %-34s %8.2f ms\n", what, (double)best / 1e6); \
	} while (0)

static void reads(struct store *st)
{
	struct trace_id id = { 0 };
	size_t n = 0;

	TIMED("50 newest traces", store_traces(st, &(struct trace_filter){ 0 }, count_trace, &id));
	TIMED("50 newest errors of one route",
	      store_traces(st,
			   &(struct trace_filter){ .route = STR("/orders/0"), .errors_only = true },
			   count_trace, &id));
	TIMED("a text that is nowhere",
	      store_traces(st, &(struct trace_filter){ .text = STR("nowhere") }, count_trace, &id));
	TIMED("one trace", store_trace_spans(st, id, count_span, &n));
	TIMED("services, newest 100,000 requests",
	      store_services(st, (struct str){ 0 }, 0, 0, count_red, &n));
	TIMED("routes, newest 100,000 requests",
	      store_routes(st, (struct str){ 0 }, (struct str){ 0 }, 0, 0, count_red, &n));
}

static void run(const char *folder, size_t size, size_t spans, struct resource *const *from)
{
	size_t n = spans / size;
	char path[300];
	struct store *st;
	struct stat at;
	uint64_t slowest = 0, bytes = 0;
	struct batch **b = make(n, size, from);

	snprintf(path, sizeof(path), "%s/store-write-%zu.db", folder, size);
	unlink(path);
	if (store_open(&st, path) < 0) {
		fprintf(stderr, "store-write: %s\n", store_why());
		exit(1);
	}

	uint64_t wall = clock_mono_ns(), cpu = cpu_ns();

	for (size_t i = 0; i < n; i++) {
		uint64_t one = clock_mono_ns();

		if (store_write(st, &b[i], 1) < 0) {
			fprintf(stderr, "store-write: %s\n", store_why());
			exit(1);
		}
		one = clock_mono_ns() - one;
		slowest = one > slowest ? one : slowest;
	}
	wall = clock_mono_ns() - wall;
	cpu = cpu_ns() - cpu;
	store_bytes(st, &bytes);
	stat(path, &at);
	printf("batches of %zu, %zu spans of 5 attributes\n", size, n * size);
	printf("  spans/s of CPU %32.0f\n  spans/s of wall time %26.0f\n",
	       (double)(n * size) / (double)cpu * 1e9, (double)(n * size) / (double)wall * 1e9);
	printf("  bytes a span %34.0f\n  slowest write %30.1f ms\n",
	       (double)bytes / (double)(n * size), (double)slowest / 1e6);
	reads(st);
	store_free(st);
	unlink(path);
	for (size_t i = 0; i < n; i++)
		batch_free(b[i]);
	free(b);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "/tmp";
	size_t spans = argc > 2 ? strtoul(argv[2], NULL, 10) : 500000;
	struct resource *from[SERVICES];
	struct rusage used;

	if (argc > 3 && strtoul(argv[3], NULL, 10))
		trace_spans = strtoul(argv[3], NULL, 10);

	for (int i = 0; i < SERVICES; i++) {
		struct attribute item = sample_text("service.name", str_of(service[i]));

		from[i] = resource_new((struct attributes){ &item, 1, 0 }, STR("00000000000000aa"),
				       100 + i);
	}
	run(folder, 512, spans, from);
	run(folder, 8192, spans, from);
	for (int i = 0; i < SERVICES; i++)
		resource_free(from[i]);
	getrusage(RUSAGE_SELF, &used);
	printf("most memory (the batches too) %14ld MB\n", used.ru_maxrss >> 10);
	return 0;
}
