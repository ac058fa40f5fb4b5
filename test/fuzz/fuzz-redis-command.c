/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as commands: nothing outside the buffers, and what is read moves on. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/libraries/redis-command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redis_command c;
	char *copy = malloc(size ? size : 1);
	struct str in = { copy, size };

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	for (size_t used; (used = redis_command_read(&c, in)) != 0; in = str_from(in, used))
		if (used > in.n || c.text_n > REDIS_TEXT_MOST || c.text_n < c.operation.n)
			abort();
	redis_error_prefix((struct str){ copy, size });
	free(copy);
	return 0;
}
