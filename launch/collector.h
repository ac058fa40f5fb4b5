/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collector, from the side of the commands: is one there, start one, tell it things.
 *
 *     struct control_reply hello;
 *     r = collector_summon(run_dir, &hello);        there is one now; hello.address is the page's
 *     r = collector_tell_run(run_dir, run, argv, &hello);   a run begins in this process
 *
 * A collector is started as a process of its own (own session, no descriptors, no signals, no
 * terminal of ours), detached by a double fork. Two that are started at once agree by the lock on
 * collector.pid: one goes on, the other leaves; both callers find the one. Nothing that a killed
 * collector left behind is in the way. Every wait is bounded.
 */
#pragma once

#include "collect/control.h"

enum {
	COLLECTOR_NONE = 1,	  /* positive outcome: none is running */
	COLLECTOR_WAIT_MS = 2000, /* for one that starts */
};

int collector_hello(const char *run_dir, struct control_reply *reply);

/* Starts one if need be. -ESRCH: it ended at once; its log says why. */
int collector_summon(const char *run_dir, struct control_reply *reply);

/* From the process that execs next; hands over its standard output and error. */
int collector_tell_run(const char *run_dir, const char *run, char *const *argv,
		       struct control_reply *reply);

/* All that was recorded is delivered or counted, or the time is over. */
int collector_flush(const char *run_dir, unsigned timeout_ms);

/*
 * Changes (base/change.h) for a service's name, a pid or *, as one; `n` processes have them now.
 * -ESRCH: nothing that runs is called so; -EINVAL: no changes that it knows.
 */
int collector_set(const char *run_dir, const char *target, char *const *changes, uint32_t *n);
