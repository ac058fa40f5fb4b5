/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does it take to write series as Prometheus text? 10,000 counters with the labels of an
 * HTTP server, the same as histograms of 5 bounds by a tenth, and 1,000,000; memory beside it.
 */
#include "base/clock.h"
#include "bench/median.h"
#include "bench/sample.h"
#include "export/prometheus.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { N_PASSES = 51, N_LARGE_PASSES = 3 };

static const struct scope scope = { .name = STR("oriel.libmicrohttpd"), .version = STR("0.1.0") };

static struct str route(struct arena *a, size_t i)
{
	char path[64];
	int n = snprintf(path, sizeof(path), "/api/v1/carts/{id}/items/%zu", i);

	return arena_copy(a, (struct str){ path, (size_t)n });
}

static void fill(struct batch *b, size_t n, enum metric_kind kind)
{
	static const double bounds[5] = { 0.005, 0.01, 0.1, 1, 10 };

	for (size_t i = 0; i < n; i++) {
		struct metric_point *p = batch_add_point(b);
		struct attribute *a = arena_take_n(&b->arena, struct attribute, 3);
		uint64_t *bucket = arena_take_n(&b->arena, uint64_t, 6);

		if (!p || !a || !bucket)
			abort();
		a[0] = sample_text("http.request.method", STR("GET"));
		a[1] = sample_text("http.response.status_code", STR("200"));
		a[2] = sample_text("http.route", route(&b->arena, i));
		for (size_t k = 0; k < 6; k++)
			bucket[k] = i * 7 % (k + 90);
		*p = (struct metric_point){ .kind = kind,
					    .name = STR("http.server.requests"),
					    .description = STR("Requests that were served"),
					    .scope = &scope,
					    .attributes = { a, 3, 0 },
					    .integer = (int64_t)(i * 31 + 12345),
					    .bounds = bounds,
					    .n_bounds = 5,
					    .buckets = bucket,
					    .sum = (double)i * 0.000123456789 };
	}
}

static size_t memory_bytes(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (size_t)r.ru_maxrss * 1024;
}

static bool measure(const char *name, struct resource *r, size_t n, enum metric_kind kind,
		    size_t passes)
{
	struct prometheus_target target = { .unique = true };
	struct prometheus_request request = { .format = PROMETHEUS_TEXT };
	double took[N_PASSES] = { 0 }, ns;
	struct batch *b = batch_new(r);
	struct out o = { 0 };
	size_t before;
	bool ok = b != NULL;

	if (!b)
		return false;
	fill(b, n, kind);
	target.batch = b;
	before = memory_bytes();
	for (size_t i = 0; ok && i < passes; i++) {
		uint64_t start = clock_mono_ns();

		out_clear(&o);
		ok = prometheus_write(&o, &request, &target, 1) == 0;
		took[i] = (double)(clock_mono_ns() - start);
	}
	ns = median(took, passes);
	printf("%s %.3f ms, %.1f ns a series, %zu bytes of text a series, %zu bytes of memory more\n",
	       name, ns / 1e6, ns / (double)n, o.n / n, (memory_bytes() - before) / n);
	out_fini(&o);
	batch_free(b);
	return ok;
}

int main(void)
{
	struct resource *r = sample_resource();
	bool ok;

	if (!r)
		return 1;
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	ok = measure("prometheus_counters", r, 10000, METRIC_SUM, N_PASSES) &&
	     measure("prometheus_histograms", r, 1000, METRIC_HISTOGRAM, N_PASSES) &&
	     measure("prometheus_million", r, 1000000, METRIC_SUM, N_LARGE_PASSES);
	resource_free(r);
	return !ok;
}
