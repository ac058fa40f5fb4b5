/* SPDX-License-Identifier: Apache-2.0 */
/* A request in protobuf, of whatever signal; what was read is written again, which looks at all of it. */
#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "receive/otlp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum signal kinds[] = { SIGNAL_SPAN, SIGNAL_LOG, SIGNAL_METRIC };
	struct otlp_source from = { NULL, { "", 0 }, NULL };
	struct receipt got = { 0 };
	enum signal kind;

	if (!n)
		return 0;
	kind = kinds[data[0] % N_SIGNALS];
	if (otlp_decode(&got, kind, (struct str){ (const char *)data + 1, n - 1 }, &from) == 0) {
		struct otlp_slice all = { got.batch, got.n, 0, receipt_items(&got) };
		struct out o = { 0 };

		otlp_encode(&o, kind, all);
		out_clear(&o);
		otlp_encode_json(&o, kind, all);
		out_fini(&o);
	}
	receipt_fini(&got);
	return 0;
}
