/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carry: a context's trace state, baggage, request id and log fields, which are too large for a value.
 *
 * Immutable blocks in the process's own memory, counted references, handles of 16 bits; 0 stands
 * for none; CARRY_STATE in a handle says that there is a trace state, CARRY_KEPT that the block stays, whoever
 * drops it. Made when a remote context, baggage, a request id or fields come in; spans and attachments
 * borrow. No malloc: it must work wherever a watched library calls us, and the memory has an end
 * (contexts_no_room).
 *
 *     pool    4,096 units of 256 bytes; a block is 1 to 40 units in a row within one bitmap word
 *
 * Any thread; not in signal handlers, which may interrupt the search (they find less, never harm).
 */
#pragma once

#include "base/str.h"

enum {
	CARRY_UNIT = 256,
	CARRY_UNITS = 4096,
	CARRY_STATE = 0x8000,
	CARRY_KEPT = 0x4000,
	CARRY_TRACESTATE_MOST =
		512,		   /* W3C Trace Context 3.3.1.5: at least 512 must be propagated */
	CARRY_BAGGAGE_MOST = 8192, /* W3C Baggage 3.3.2: at least 8,192 */
	CARRY_REQUEST_ID_MOST = 64,
	CARRY_FIELDS_MOST = 1024,
};

struct carried {
	struct str trace_state;
	struct str baggage; /* as the header has it: key=value,key=value, percent-encoded */
	struct str request_id;
	struct str fields; /* attributes of log records, as they lie in one (lib/fields.h) */
	bool debug;	   /* B3's: whoever comes after us is to know */
	bool deferred; /* nobody has decided whether it is sampled; only while nothing is recorded */
};

void carry_use(void *memory); /* CARRY_UNIT * CARRY_UNITS zeroed bytes, at start */
uint16_t carry_make(
	struct carried c); /* one reference; 0: nothing to carry, or no room (counted) */

/*
 * Nothing but a request id and fields, which most are made for, written where they lie: the id at *to,
 * one byte that is the NUL's, the fields, all before *end. 0: no room, not counted.
 */
uint16_t carry_request_open(char **to, char **end);
void carry_request_close(uint16_t handle, size_t id_n, size_t fields_n);

static inline bool carry_is_empty(const struct carried *c)
{
	return !c->trace_state.n && !c->baggage.n && !c->request_id.n && !c->fields.n &&
	       !c->debug && !c->deferred;
}

/* The same with room for c.baggage.n bytes of baggage, which the caller fills before sharing it. */
uint16_t carry_reserve(struct carried c, char **baggage);

/* Each text ends in a NUL that its length doesn't count. */
struct carried carry_read(uint16_t handle);
void carry_hold(uint16_t handle);
void carry_drop(uint16_t handle);
