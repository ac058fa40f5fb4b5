/* SPDX-License-Identifier: Apache-2.0 */
/* Proc-stat: /proc/PID/stat, which is there as long as the process, or what is left of it, has its pid. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* As proc(5) numbers them. */
enum {
	STAT_MINOR_FAULTS = 10,
	STAT_MAJOR_FAULTS = 12,
	STAT_USER = 14, /* clock ticks, like the next */
	STAT_SYSTEM = 15,
	STAT_THREADS = 20,
	STAT_START = 22, /* clock ticks since boot */
	STAT_VIRTUAL = 23,
	STAT_RESIDENT = 24, /* pages */
	STAT_EXIT = 52,
	STAT_FIELDS = 53,
};

struct proc_stat {
	char state;
	uint64_t field[STAT_FIELDS]; /* 0: not there, or no number from 0 */
};

bool proc_stat_read(struct proc_stat *s, pid_t pid);
