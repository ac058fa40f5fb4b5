/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vitals: what the kernel tells of a process from outside, as metrics by OpenTelemetry's conventions
 * (process.cpu.time, process.memory.usage, ...). The process itself has no part in it.
 *
 *     vitals_read(&v, pid, start_ticks);      about once a second, while it lives
 *     vitals_points(&v, batch, now_real_ns);
 *
 * What can't be read (another user's descriptors, a process in another namespace) is left out. Of a
 * process that has died the last that was read stays, and of what waits to be reaped its final times.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

#include <sys/types.h>

struct vitals {
	bool known;
	uint64_t cpu_ticks[2]; /* user, system */
	uint64_t faults[2];    /* major, minor */
	uint64_t switches[2];  /* voluntary, involuntary: of the threads that live; never falls */
	bool has_switches;
	uint64_t resident_bytes, virtual_bytes, n_threads;
	int64_t n_descriptors; /* -1: not known */
	uint64_t uptime_ns;
};

/* Nothing, if the pid is another's by now: one that began at another time (ticks since boot). */
void vitals_read(struct vitals *v, pid_t pid, uint64_t start_ticks);
void vitals_points(const struct vitals *v, struct batch *b, uint64_t now_real_ns);

/* ORIEL_PROCESS_METRICS=false: none of this service. */
bool vitals_are_wanted(const struct settings *s);
