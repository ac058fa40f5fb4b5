/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetch: asks for memory that is about to be written and that no cache holds any more, while
 * something else is done. A hint: any address will do, and nothing is lost when it was wrong.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FETCH_LINE = 64, FETCH_MOST = 1024 /* more than that is not worth asking for */ };

static inline void fetch_to_write(const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p;

	for (size_t i = 0; i < n && i < FETCH_MOST; i += FETCH_LINE)
		__builtin_prefetch((const void *)(at + i), 1);
}
