/* SPDX-License-Identifier: Apache-2.0 */
/* Any trace state: it stands for at least itself, and what is put into it can be read out of it. */
#include "base/trace-state.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str state = { (const char *)data, size };
	char room[TRACE_STATE_ROOM];
	uint64_t least = 0;
	struct str with;

	if (!(trace_state_weight(state) >= 1))
		abort();
	with = trace_state_with(room, 0xfd70a3d70a3d71, state);
	if (with.n >= sizeof(room) || !trace_state_least(with, &least) || least != 0xfd70a3d70a3d71)
		abort();
	return 0;
}
