/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single: has this process one thread? Then the processor need not lock what orders threads, and a locked
 * instruction costs as much as twenty others. A signal handler may still come in between two instructions, so
 * each of these is one, without the lock. libc knows, and takes the same way; where it doesn't tell, or the
 * processor is another, nobody is alone.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__has_include) && !defined(__SANITIZE_THREAD__)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define SINGLE_IS_KNOWN 1
#endif
#endif

/* atomic_fetch_sub, acquire and release. */
static inline uint32_t single_fetch_sub(_Atomic uint32_t *at, uint32_t n)
{
#ifdef SINGLE_IS_KNOWN
	uint32_t was = -n;

	if (__libc_single_threaded) {
		__asm__ volatile("xaddl %0, %1" : "+r"(was), "+m"(*at) : : "memory", "cc");
		return was;
	}
#endif
	return atomic_fetch_sub_explicit(at, n, memory_order_acq_rel);
}

/* atomic_compare_exchange, acquire; it may fail for nothing. */
static inline bool single_exchange(_Atomic uint32_t *at, uint32_t *expected, uint32_t value)
{
#ifdef SINGLE_IS_KNOWN
	bool done;

	if (__libc_single_threaded) {
		__asm__ volatile("cmpxchgl %3, %1"
				 : "=@cce"(done), "+m"(*at), "+a"(*expected)
				 : "r"(value)
				 : "memory");
		return done;
	}
#endif
	return atomic_compare_exchange_weak_explicit(at, expected, value, memory_order_acquire,
						     memory_order_relaxed);
}
