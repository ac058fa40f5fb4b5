/* SPDX-License-Identifier: Apache-2.0 */
/* Gauge mode: how values of several processes become one. One list. */
#pragma once

#include "base/str.h"

/*
 * Of gauges and sums that may fall: the live ones of processes that live, the others of dead ones,
 * too. ALL: not at all; each process has its own, with its pid.
 */
#define GAUGE_MODES(X) \
	X(LIVEALL, "liveall") \
	X(ALL, "all") \
	X(LIVESUM, "livesum") \
	X(SUM, "sum") \
	X(LIVEMIN, "livemin") \
	X(MIN, "min") \
	X(LIVEMAX, "livemax") \
	X(MAX, "max") \
	X(LIVEMOSTRECENT, "livemostrecent") \
	X(MOSTRECENT, "mostrecent")

enum gauge_mode {
#define X(id, text) GAUGE_##id,
	GAUGE_MODES(X)
#undef X
};

static inline bool gauge_mode_read(struct str text, enum gauge_mode *out)
{
	static const struct str names[] = {
#define X(id, text) [GAUGE_##id] = { text, sizeof(text) - 1 },
		GAUGE_MODES(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(text, names[i])) {
			*out = (enum gauge_mode)i;
			return true;
		}
	return false;
}
