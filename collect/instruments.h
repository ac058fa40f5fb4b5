/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruments: do a service's have names and units by OpenTelemetry's syntax, and is each there once? They
 * work all the same; a line in the log says which don't, once each, and a counter (instruments_odd).
 *
 *     instruments_check(&p->instruments, batch, service);      each time that its metrics were read
 */
#pragma once

#include "model/batch.h"

enum { INSTRUMENTS_TOLD = 32 };

struct instruments {
	size_t n;			 /* when they were looked at last */
	uint32_t told[INSTRUMENTS_TOLD]; /* hashes of names */
	size_t n_told;
};

/* How many of them were told; points of one instrument lie together. */
size_t instruments_check(struct instruments *known, const struct batch *b, struct str service);

/* [A-Za-z][A-Za-z0-9_.-/]{0,254} */
bool instrument_name_is_good(struct str name);

/* ASCII, 63 at most. */
bool instrument_unit_is_good(struct str unit);
