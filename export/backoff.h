/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back-off: how long to wait before the next try.
 *
 *     struct backoff b = { .first_ms = 1000, .most_ms = 30000, .random = seed | 1 };
 *     wait(backoff_next_ns(&b, asked_ms));   after each failure in a row
 *     b.failures = 0;                        when it has worked
 *
 * Half of a wait is certain, half is chance, so that many of us don't come back at once; it doubles
 * from first_ms to most_ms. What a server asks for is the least, with a little chance on top.
 */
#pragma once

#include <stdint.h>

struct backoff {
	uint32_t first_ms, most_ms;
	uint32_t random; /* state; never zero */
	unsigned failures;
};

/* asked_ms 0: the server doesn't say. */
uint64_t backoff_next_ns(struct backoff *b, uint32_t asked_ms);
