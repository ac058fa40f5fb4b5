/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control, the service's side: what wire/control.h begins with, and what is read of it.
 *
 *     process.control      this segment's; before the first start one that nobody changes
 *
 * Like the rest of the segment it isn't there in a child that nobody told of: read it behind a
 * thread's liveness, or process_is_ours().
 */
#pragma once

#include "lib/process.h"

/* What process_prepare keeps for a child. */
struct control_kept {
	bool there;
	uint8_t passing[CONTROL_LOGGERS];
	uint32_t sampler, excluded_seq, excluded_n;
	uint64_t threshold;
	struct {
		uint64_t limit_ns, lower_ns;
		uint32_t n;
		struct {
			uint64_t name, threshold;
		} operation[CONTROL_OPERATIONS];
	} strategy;
	char excluded[CONTROL_EXCLUDED];
};

void control_keep(struct control_kept *out);

/* Fills this segment's, if nobody did, and opens the gate for log records. After WIPE_MARK is set. */
void control_open(const struct control_kept *kept);
void control_close(void);

/* What is excluded by now, if its number isn't `known` and nobody is changing it; else 0. */
uint32_t control_excluded(uint32_t known, char *out, size_t *n);

static inline enum sampler control_sampler(void)
{
	return (enum sampler)atomic_load_explicit(&process.control->sampler, memory_order_relaxed);
}

static inline uint64_t control_threshold(void)
{
	return atomic_load_explicit(&process.control->threshold, memory_order_relaxed);
}
