/* SPDX-License-Identifier: Apache-2.0 */
/* How long does it take to read a span of five attributes from OTLP's protobuf? Median of many passes. */
#include "base/clock.h"
#include "bench/median.h"
#include "bench/sample.h"
#include "export/otlp-encode.h"
#include "receive/otlp.h"

#include <malloc.h>
#include <stdio.h>

enum { N_SPANS = 8192, N_PASSES = 101 };

static bool measure(struct str body)
{
	static double took[N_PASSES];
	struct sources known;
	struct otlp_source from = { &known, { "", 0 }, NULL };
	bool whole = true;

	sources_init(&known);
	for (size_t i = 0; i < N_PASSES; i++) {
		struct receipt got = { 0 };
		uint64_t start = clock_mono_ns();

		whole &= otlp_decode(&got, SIGNAL_SPAN, body, &from) == 0;
		whole &= receipt_items(&got) == N_SPANS;
		receipt_fini(&got);
		took[i] = (double)(clock_mono_ns() - start);
	}
	sources_fini(&known);
	double ns = median(took, N_PASSES) / N_SPANS;

	printf("otlp-decode, 5 attributes: %.1f ns/span, %.2f million spans/s, %.0f MB/s\n", ns,
	       1e3 / ns, (double)body.n / N_SPANS / ns * 1e3);
	return whole;
}

/* As the collector has it (collect/collector.c): what is freed is there for the next request. */
static void heap_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
}

int main(void)
{
	struct resource *r = sample_resource();
	struct batch *b = r ? sample_spans(r, N_SPANS) : NULL;
	struct out o = { 0 };
	bool whole;

	if (!b)
		return 1;
	heap_keep();
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, N_SPANS });
	whole = !o.error && measure(out_all(&o));
	out_fini(&o);
	batch_free(b);
	resource_free(r);
	return whole ? 0 : 1;
}
