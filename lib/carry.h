/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carry: a context's trace state and baggage, the two things that are too large for a value.
 *
 * Immutable blocks in the process's own memory, counted references, handles of 16 bits; 0 stands
 * for none. Made when a remote context or baggage comes in; spans and attachments borrow. No malloc:
 * it must work wherever a watched library calls us, and the memory has an end (contexts_no_room).
 *
 *     pool    2,048 units of 512 bytes; a block is 1 to 18 units in a row within one bitmap word
 *
 * Any thread; not in signal handlers, which may interrupt the search (they find less, never harm).
 */
#pragma once

#include "base/str.h"

enum {
	CARRY_UNIT = 512,
	CARRY_UNITS = 2048,
	CARRY_TRACESTATE_MOST =
		512,		   /* W3C Trace Context 3.3.1.5: at least 512 must be propagated */
	CARRY_BAGGAGE_MOST = 8192, /* W3C Baggage 3.3.2: at least 8,192 */
};

struct carried {
	struct str trace_state;
	struct str baggage; /* as the header has it: key=value,key=value, percent-encoded */
};

void carry_use(void *memory); /* CARRY_UNIT * CARRY_UNITS zeroed bytes, at start */
uint16_t carry_make(
	struct carried c); /* one reference; 0: nothing to carry, or no room (counted) */

/* The same with room for baggage_n bytes of baggage, which the caller fills before sharing it. */
uint16_t carry_reserve(struct str trace_state, size_t baggage_n, char **baggage);

/* Both texts end in a NUL that their length doesn't count. */
struct carried carry_read(uint16_t handle);
void carry_hold(uint16_t handle);
void carry_drop(uint16_t handle);
