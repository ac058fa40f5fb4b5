/* SPDX-License-Identifier: Apache-2.0 */
/* A service's settings and names, as its segment says them, become a resource. */
#include "collect/identity.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "OTEL_RESOURCE_ATTRIBUTES=";
	struct segment_header h = { .pid = 1 };
	struct identity_given given = { "", "" };
	size_t n = sizeof(name) - 1 + size + 1;
	char *block = malloc(n);

	if (!block)
		return 0;
	memcpy(block, name, sizeof(name) - 1);
	memcpy(block + sizeof(name) - 1, data, size);
	block[n - 1] = '\0';
	memcpy(h.program, data, size < sizeof(h.program) - 1 ? size : sizeof(h.program) - 1);
	memcpy(h.run, data, size < sizeof(h.run) ? size : sizeof(h.run));
	memcpy(given.service, data,
	       size < sizeof(given.service) - 1 ? size : sizeof(given.service) - 1);
	identity_run(&h);
	resource_free(identity_resource(&h, &(struct settings){ { block, n } }, &given,
					(struct identity_around){ NULL, NULL }));
	free(block);
	return 0;
}
