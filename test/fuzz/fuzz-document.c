/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as BSON: nothing outside them is read, and no shape is longer than its room. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/libraries/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct str in = { copy, size };
	struct document_value v;
	char out[200];
	int64_t n;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (document_shape(in, out, sizeof(out)) >= sizeof(out) ||
	    document_shape(in, out, 9) >= 9 || document_count(in) > (int64_t)size)
		abort();
	if (document_find(in, "a", &v))
		document_integer(&v, &n);
	free(copy);
	return 0;
}
