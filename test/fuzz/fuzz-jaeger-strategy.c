/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a remote sampler, in JSON (the first byte is even) and in protobuf: whole or nothing. */
#include "export/jaeger-remote.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strategy s = { .threshold = 7 };
	struct str text;
	const char *bad;

	if (!size)
		return 0;
	text = (struct str){ (const char *)data + 1, size - 1 };
	bad = data[0] % 2 ? jaeger_strategy_protobuf(&s, text) : jaeger_strategy_json(&s, text);
	if (bad ? s.threshold != 7 || s.n
		: s.n > STRATEGY_OPERATIONS || s.limit_ns > 86400000000000 ||
			    s.lower_ns > 86400000000000)
		abort();
	return 0;
}
