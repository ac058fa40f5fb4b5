/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control: what can be changed in a process from outside while it runs, without touching it.
 *
 * The process fills in what its configuration says before it publishes its segment; from then on the
 * collector may change it, and the process too (oriel_logger_level). Each word is read where it
 * decides, each time, and stands for itself: relaxed loads, no order among them. Values that make no
 * sense let less through, and harm nothing.
 *
 *     passing    how many of the 24 severities a logger lets pass, counted from the top; 0: none
 *     own        the same as the process itself wants it; CONTROL_FOLLOWS: as [0], the program's own
 *     logger     the loggers' names, numbers in wire/names.h; [0] has none
 *     sampler    of spans without a parent, enum sampler; threshold by base/ratio.h
 *     strategy   for SAMPLER_STRATEGY: shares by names, all others having the usual threshold; of what they take
 *                one trace in limit_ns on average; of each name one in lower_ns whatever its share is
 *     excluded   a list of patterns that goes before the process's own, unless it is empty, under a
 *                number: 0 until there is one, odd while it is being changed
 */
#pragma once

#include "base/fnv.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONTROL_LOGGERS = 64,
	CONTROL_SEVERITY_MOST = 24,
	CONTROL_FOLLOWS = 0xff,
	CONTROL_EXCLUDED = 956,	    /* bytes of the list */
	CONTROL_PATTERNS_MOST = 16, /* in it */
	CONTROL_OPERATIONS = 64,
};

enum sampler {
	SAMPLER_ON,
	SAMPLER_OFF,
	SAMPLER_RATIO, /* a share of the traces (base/ratio.h) */
	SAMPLER_STRATEGY,
};

/* A share of the traces whose first span has this name; control_name of it. */
struct control_operation {
	_Atomic uint64_t name, threshold;
};

struct control_strategy {
	_Atomic uint64_t limit_ns, lower_ns; /* 0: none */
	_Atomic uint32_t n;
	struct control_operation operation[CONTROL_OPERATIONS];
};

/* Who looks for two names of one number finds them, and has two operations of one share. */
static inline uint64_t control_name(const char *name, size_t n)
{
	return fnv_add(FNV_START, name, n);
}

struct control {
	_Alignas(64) _Atomic uint8_t passing[CONTROL_LOGGERS];
	_Atomic uint8_t own[CONTROL_LOGGERS];
	_Atomic uint16_t logger[CONTROL_LOGGERS];

	_Alignas(64) _Atomic uint32_t sampler;
	_Atomic uint32_t own_sampler;
	_Atomic uint64_t threshold, own_threshold;
	struct control_strategy strategy;

	_Alignas(64) _Atomic uint32_t excluded_seq;
	uint32_t excluded_n;
	char excluded[CONTROL_EXCLUDED];
};
