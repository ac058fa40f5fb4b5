/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: every setting that comes of one is a line with a name that may be set. */
#include "configure/configure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct configured c;

	if (configure(&c, (struct str){ (const char *)data, size }) && c.n)
		__builtin_trap();
	for (size_t i = 0; i < c.n; i++)
		if (strchr(c.setting[i], '\n') || !strchr(c.setting[i], '=') ||
		    (strncmp(c.setting[i], "OTEL_", 5) != 0 &&
		     strncmp(c.setting[i], "ORIEL_", 6) != 0))
			__builtin_trap();
	configured_free(&c);
	return 0;
}
