/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packed body: whatever it promises, no more comes out than the limit. The first byte says which packing
 * and whether the rest is it, or is packed first: then it must come out as it was.
 */
#include "receive/inflate.h"

#include <stdint.h>
#include <stdlib.h>

enum { LIMIT = 1 << 20 };

static void there_and_back(enum packing p, struct str plain)
{
	struct out packed = { 0 }, o = { .limit = LIMIT };

	if (packing_pack(&packed, p, plain) || inflate_body(&o, p, out_all(&packed)) ||
	    !str_eq(out_all(&o), plain))
		abort();
	out_fini(&packed);
	out_fini(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum packing packings[] = { PACKING_ZSTD, PACKING_GZIP, PACKING_DEFLATE };
	struct str rest = { (const char *)data + 1, n - 1 };
	struct out o = { .limit = LIMIT };

	if (!n)
		return 0;
	if (data[0] & 4) {
		there_and_back(packings[data[0] & 1], rest);
		return 0;
	}
	inflate_body(&o, packings[(data[0] & 3) % 3], rest);
	if (o.n > LIMIT || o.room > LIMIT)
		abort();
	out_fini(&o);
	return 0;
}
