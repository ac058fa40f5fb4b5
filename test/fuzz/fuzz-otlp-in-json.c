/* SPDX-License-Identifier: Apache-2.0 */
/* A request in JSON, of whatever signal: what is made of it must be protobuf. */
#include "receive/otlp-json.h"
#include "receive/otlp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum signal kinds[] = { SIGNAL_SPAN, SIGNAL_LOG, SIGNAL_METRIC };
	struct otlp_source from = { NULL, { "", 0 }, NULL };
	struct receipt got = { 0 };
	struct out o = { .limit = 16 << 20 };
	enum signal kind;

	if (!n)
		return 0;
	kind = kinds[data[0] % N_SIGNALS];
	if (otlp_from_json(&o, kind, (struct str){ (const char *)data + 1, n - 1 }, got.why) &&
	    otlp_decode(&got, kind, out_all(&o), &from) != 0)
		abort();
	out_fini(&o);
	receipt_fini(&got);
	return 0;
}
