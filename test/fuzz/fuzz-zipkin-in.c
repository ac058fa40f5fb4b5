/* SPDX-License-Identifier: Apache-2.0 */
/* A list of Zipkin's spans; what was read is written again, which looks at all of it. */
#include "export/otlp-encode.h"
#include "export/zipkin-encode.h"
#include "receive/zipkin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct otlp_source from = { .run = { "", 0 } };
	struct receipt got = { 0 };

	if (zipkin_decode(&got, (struct str){ (const char *)data, n }, &from) == 0) {
		struct otlp_slice all = { got.batch, got.n, 0, receipt_items(&got) };
		struct out o = { 0 };
		size_t left_out;

		otlp_encode(&o, SIGNAL_SPAN, all);
		out_clear(&o);
		zipkin_encode(&o, all, &left_out);
		if (left_out)
			__builtin_trap();
		out_fini(&o);
	}
	receipt_fini(&got);
	return 0;
}
