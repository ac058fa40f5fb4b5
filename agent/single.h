/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single: has this process one thread? Then what orders threads is no locked instruction, of which each costs as
 * much as twenty others: a load and a store will do. A signal handler that comes between them has ended,
 * with all that it took, before the store. libc knows, and takes the same way; where it doesn't tell, nobody
 * is alone.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define SINGLE_IS_KNOWN 1
#endif
#endif

static inline bool single_threaded(void)
{
#ifdef SINGLE_IS_KNOWN
	return __libc_single_threaded;
#else
	return false;
#endif
}

/* atomic_fetch_sub, acquire and release. */
static inline uint32_t single_fetch_sub(_Atomic uint32_t *at, uint32_t n)
{
	uint32_t was;

	if (!single_threaded())
		return atomic_fetch_sub_explicit(at, n, memory_order_acq_rel);
	was = atomic_load_explicit(at, memory_order_relaxed);
	atomic_store_explicit(at, was - n, memory_order_relaxed);
	return was;
}
