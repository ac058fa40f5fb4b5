/* SPDX-License-Identifier: Apache-2.0 */
/* What a server answers: any bytes. Slices must stay inside the body. */
#include "export/otlp-response.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, const uint8_t *data, size_t size)
{
	const uint8_t *p = (const uint8_t *)part.p;

	if (part.n && (p < data || part.n > size || p > data + size - part.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = { (const char *)data, size };
	struct otlp_response r = { 0 };

	if (otlp_response_read(body, &r)) {
		inside(r.message, data, size);
		if (r.n_rejected > INT64_MAX)
			abort();
	}
	char text[128];

	if (otlp_response_read_json(body, &r, text) &&
	    (r.n_rejected > INT64_MAX || r.message.n >= sizeof(text)))
		abort();
	inside(otlp_status_message(body), data, size);
	return 0;
}
