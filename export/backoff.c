/* SPDX-License-Identifier: Apache-2.0 */
#include "export/backoff.h"

enum { MS = 1000000 };

static uint32_t next_random(struct backoff *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 17;
	b->random ^= b->random << 5;
	return b->random;
}

uint64_t backoff_next_ns(struct backoff *b, uint32_t asked_ms)
{
	uint64_t ms = b->first_ms;

	for (unsigned i = 0; i < b->failures && ms < b->most_ms; i++)
		ms *= 2;
	if (ms > b->most_ms)
		ms = b->most_ms;
	b->failures++;
	if (asked_ms)
		return (uint64_t)asked_ms * MS +
		       next_random(b) % ((uint64_t)b->first_ms + 1) * (MS / 10);
	return ms * MS / 2 + next_random(b) % (ms + 1) * (MS / 2);
}
