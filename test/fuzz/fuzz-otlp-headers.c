/* SPDX-License-Identifier: Apache-2.0 */
/* A header list from somebody's environment: nothing in it may reach into the request around it. */
#include "export/otlp-headers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct otlp_headers h = { .n = 0 };
	struct arena a = { 0 };

	otlp_headers_read(&h, &a, (struct str){ (const char *)data, size });
	if (h.n > OTLP_HEADERS_MOST)
		abort();
	for (size_t i = 0; i < h.n; i++) {
		if (!*h.item[i].name || strchr(h.item[i].name, ':'))
			abort();
		no_control(h.item[i].name);
		no_control(h.item[i].value);
	}
	arena_fini(&a);
	return 0;
}
