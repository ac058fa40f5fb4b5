/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclude: is this path one that the user left out (doc/choosing.md)? By ORIEL_EXCLUDED_URLS and its
 * kin, read at oriel_start; liboriel has the patterns, so that what a program says in code counts.
 *
 *     unsigned left_out = exclude_of(target.path);         EXCLUDE_TRACES | ...
 *     if (exclude_matches(EXCLUDE_TRACES, target.path))    one of them
 *
 * The path as on the request line, without query; it is percent-decoded here. Costs a load when
 * nothing is excluded; else time linear in the path, a kilobyte of stack, no allocation. Any thread.
 */
#pragma once

#include "base/str.h"
#include "oriel.h"

enum exclude_what {
	EXCLUDE_TRACES = ORIEL_EXCLUDED_TRACES,
	EXCLUDE_METRICS = ORIEL_EXCLUDED_METRICS,
	EXCLUDE_ACCESS_LOG = ORIEL_EXCLUDED_ACCESS_LOG,
};

static inline unsigned exclude_of(struct str path)
{
	return oriel_excluded(path.p, path.n);
}
