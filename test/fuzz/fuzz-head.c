/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the kind and the size of the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t step, places = 0;
	struct head h;

	if (n == 0)
		return 0;
	head_begin(&h, data[0] & 1 ? HEAD_CGI : HEAD_HTTP, "X-Request-ID");
	step = (size_t)(data[0] >> 1) + 1;
	for (size_t at = 1; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;
		char *copy = malloc(piece); /* its end is where reading must end */
		size_t k;

		memcpy(copy, data + at, piece);
		k = head_follow(&h, copy, piece);
		if (k <= piece && (places++ || !h.done || h.has_ours))
			abort();
		if (k > piece && k != SIZE_MAX)
			abort();
		if (h.done && head_follow(&h, copy, piece) != SIZE_MAX)
			abort();
		free(copy);
	}
	return 0;
}
