/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address space: how much of it this process may use (`ulimit -v` and `-d`), and what of that may be ours.
 *
 * A mapping of ours that fits into such a limit is one that the program may miss later. So where less
 * than ADDRESS_SPACE_LEAST may be used, nothing is loaded into a program: the agent, the auditing
 * stub and what both need take up to 12 MB. Above that no table of the agent's is larger than one
 * part in ADDRESS_SPACE_PARTS; the largest, those of the sockets, are seven.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#define ADDRESS_SPACE_LEAST (128ull << 20)

enum { ADDRESS_SPACE_PARTS = 64 };

/* UINT64_MAX: no limit. */
static inline uint64_t address_space_limit(void)
{
	static const int limits[] = { RLIMIT_AS, RLIMIT_DATA };
	uint64_t least = UINT64_MAX;
	struct rlimit l;

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (getrlimit((__rlimit_resource_t)limits[i], &l) == 0 &&
		    l.rlim_cur != RLIM_INFINITY && l.rlim_cur < least)
			least = l.rlim_cur;
	return least;
}

static inline bool address_space_is_narrow(void)
{
	return address_space_limit() < ADDRESS_SPACE_LEAST;
}
