/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strategy: which traces of a service are taken, as Jaeger's remote sampling says it. Plain values.
 *
 * Shares are by base/ratio.h; an operation is the name of a trace's first span.
 */
#pragma once

#include "base/str.h"

enum { STRATEGY_OPERATIONS = 64 };

struct strategy_operation {
	uint64_t name; /* control_name of it (wire/control.h) */
	uint64_t threshold;
};

struct strategy {
	uint64_t threshold; /* of all operations that aren't listed */
	uint64_t limit_ns;  /* of what is taken, one trace in so long on average; 0: any number */
	uint64_t lower_ns; /* of each operation at least one in so long; 0: none beside its share */
	struct strategy_operation operation[STRATEGY_OPERATIONS];
	size_t n, n_left_out; /* operations that found no room */
};
