/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "agent/real.h"

/*
 * The table of a file's calls (agent/real.h), all found before anything else runs: a first call of
 * libc may come from a signal handler or a vfork child, where nothing may be looked for.
 */
#define PRELOAD_TABLE(calls) \
	static struct real_library library; \
	REAL_TABLE(calls); \
	__attribute__((constructor(101))) static void find_all(void) \
	{ \
		real_find_all(real, N_CALLS); \
	} \
	_Static_assert(N_CALLS > 0, "a table has calls")

#define REAL_OR_FAIL(call) \
	do { \
		if (__builtin_expect(!REAL(call), 0)) { \
			errno = ENOSYS; \
			return -1; \
		} \
	} while (0)

/* libc itself has written `r` bytes to a descriptor that is watched; these are the first n of them. */
void sockets_printed(int fd, const char *p, size_t n, ssize_t r);
