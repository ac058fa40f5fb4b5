/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe: the bootstrap hook in a child that is thrown away, to see whether it does harm.
 *
 *     probe_run(&(struct probe){ .call = call, .timeout_ms = 2000 }, &outcome);
 *
 * The child is a raw clone without an exit signal, so the program never hears of it, in a session of
 * its own, with /dev/null as standard descriptors and ORIEL_PROBE=1. When the hook has returned, the
 * child looks at what it left behind (agent/bootstrap/posture.h), waits for threads that crash at once, and
 * uses the heap (agent/bootstrap/heap.h). Whatever the hook started in that session is killed with it.
 *
 * Before other threads; blocks for as long as the hook takes, at most `timeout_ms` and a little.
 */
#pragma once

#include "agent/bootstrap/outcome.h"

struct probe {
	/* Runs the hook; OUTCOME_FIRED, or what went wrong in a way that it could return from. */
	void (*call)(struct outcome *o);
	unsigned timeout_ms;
};

/* False if there could be no probe (no process, no memory); *o is then untouched. */
bool probe_run(const struct probe *p, struct outcome *o);
