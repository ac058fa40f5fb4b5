/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Propagator: the names that OTEL_PROPAGATORS may have. One list: liboriel's table, in whose order
 * its rows are, and what `oriel run` checks the variable against. "none" is a name as well.
 */
#pragma once

#include "base/str.h"

#define PROPAGATORS(X) \
	X(tracecontext) \
	X(baggage) \
	X(b3) \
	X(b3multi) \
	X(jaeger) \
	X(ottrace) \
	X(xray) \
	X(datadog)

enum propagator_id {
#define X(name) PROPAGATOR_##name,
	PROPAGATORS(X) N_PROPAGATORS
#undef X
};

/* N_PROPAGATORS: unknown. */
static inline unsigned propagator_find(struct str name)
{
	static const struct str names[] = {
#define X(name) STR(#name),
		PROPAGATORS(X)
#undef X
	};
	unsigned i = 0;

	while (i < N_PROPAGATORS && !str_eq_nocase(name, names[i]))
		i++;
	return i;
}
