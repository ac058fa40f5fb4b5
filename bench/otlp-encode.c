/* SPDX-License-Identifier: Apache-2.0 */
/* How long does it take to encode a span of five attributes as OTLP, and as Zipkin's JSON? Median of many passes. */
#include "base/clock.h"
#include "bench/median.h"
#include "bench/sample.h"
#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "export/zipkin-encode.h"

#include <inttypes.h>
#include <stdio.h>

enum { N_SPANS = 8192, N_PASSES = 101 };

typedef void encoder(struct out *o, struct otlp_slice slice);

static void as_protobuf(struct out *o, struct otlp_slice slice)
{
	otlp_encode(o, SIGNAL_SPAN, slice);
}

static void as_json(struct out *o, struct otlp_slice slice)
{
	otlp_encode_json(o, SIGNAL_SPAN, slice);
}

static void as_zipkin(struct out *o, struct otlp_slice slice)
{
	size_t left_out;

	zipkin_encode(o, slice, &left_out);
}

static int measure(const char *name, encoder *encode, struct batch *b)
{
	static double took[N_PASSES];
	struct out o = { 0 };
	int error;

	for (size_t i = 0; i < N_PASSES; i++) {
		uint64_t start = clock_mono_ns();

		out_clear(&o);
		encode(&o, (struct otlp_slice){ &b, 1, 0, N_SPANS });
		took[i] = (double)(clock_mono_ns() - start);
	}
	double ns = median(took, N_PASSES) / N_SPANS;

	printf("%s, 5 attributes: %.1f ns/span, %.2f million spans/s, %zu bytes/span\n", name, ns,
	       1e3 / ns, o.n / N_SPANS);
	error = o.error;
	out_fini(&o);
	return error;
}

int main(void)
{
	struct resource *r = sample_resource();
	struct batch *b = r ? sample_spans(r, N_SPANS) : NULL;
	int failed;

	if (!b)
		return 1;
	failed = measure("otlp-encode", as_protobuf, b) | measure("otlp-encode-json", as_json, b) |
		 measure("zipkin-encode", as_zipkin, b);
	batch_free(b);
	resource_free(r);
	return failed != 0;
}
