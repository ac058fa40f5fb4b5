/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern from anywhere searched in anything: within bounds, in linear time. */
#include "base/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cut input = str_cut((struct str){ (const char *)data, size }, '\0');
	struct pattern_error error = { 0 };
	struct pattern p;

	if (pattern_compile(&p, input.head, &error) != 0) {
		if (!error.says || error.at > input.head.n)
			__builtin_trap();
		return 0;
	}
	if (pattern_steps(&p, input.tail) > (input.tail.n + 1) * p.n)
		__builtin_trap();
	return 0;
}
