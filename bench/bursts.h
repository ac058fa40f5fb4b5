/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bursts: how long a turn of a loop takes, by the median of many bursts, between which what was
 * recorded is let go of.
 */
#pragma once

#include "bench/recycle.h"

struct bursts_case {
	const char *name;
	void (*loop)(int turns);
};

/* Prints "name  12.3 ns" for each, or for the one that is asked for; false: records were lost. */
bool bursts_time(struct recycle *r, const struct bursts_case *cases, size_t n, const char *only);
