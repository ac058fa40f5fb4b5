/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock: the time stamp counter where the kernel's own clock is made of it, else CLOCK_MONOTONIC.
 *
 * Reading the counter is fatal under strict seccomp and PR_SET_TSC: the fault handler (lib/fault.c)
 * knows our instructions by the addresses that CLOCK_TSC_READ leaves in the section oriel_tsc, steps
 * over the one that faulted and switches the process to CLOCK_MONOTONIC_COARSE, whose vDSO read
 * touches no counter.
 */
#pragma once

#include "lib/process.h"
#include "wire/record.h"

#include <time.h>

enum clock_source {
	CLOCK_TSC,
	CLOCK_VDSO,   /* CLOCK_MONOTONIC */
	CLOCK_COARSE, /* CLOCK_MONOTONIC_COARSE */
};

/* Which one this machine allows; reads /sys, so only at start. */
enum clock_source clock_choose(void);

uint64_t clock_slow(void);

/* This thread is reading a clock through the vDSO; for the fault handler. */
extern __thread volatile char clock_in_vdso __attribute__((tls_model("initial-exec")));

#if defined(__x86_64__)
#define CLOCK_TSC_READ(low, high) \
	__asm__ __volatile__("1: rdtsc\n\t" \
			     ".pushsection oriel_tsc, \"aR\"\n\t" \
			     ".balign 4\n\t" \
			     ".long 1b - .\n\t" \
			     ".popsection" \
			     : "=a"(low), "=d"(high))

/* Is the counter the clock? Asked again after each reading, which may have faulted. */
static inline bool clock_counts(void)
{
	return __builtin_expect(atomic_load_explicit(&process.clock, memory_order_relaxed) ==
					CLOCK_TSC,
				1);
}

static inline uint64_t clock_count(void)
{
	uint32_t low, high;

	CLOCK_TSC_READ(low, high);
	return (uint64_t)high << 32 | low;
}
#else
static inline bool clock_counts(void)
{
	return false;
}

static inline uint64_t clock_count(void)
{
	return 0;
}
#endif

static inline uint64_t clock_now(uint8_t *flags)
{
	if (clock_counts()) {
		uint64_t time = clock_count();

		if (clock_counts())
			return time;
	}
	*flags |= RECORD_TIME_MONO;
	return clock_slow();
}

/* Seconds from a moment (oriel_moment) to when the counter was at `count`; lib/moment.c. */
double moment_until(uint64_t moment, uint64_t count);

/* Something that differs from call to call, for seeds, and that goes on with time. */
static inline uint64_t clock_tick_cheap(void)
{
	uint8_t flags = 0;

	return clock_now(&flags);
}
