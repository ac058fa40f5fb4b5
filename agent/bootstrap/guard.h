/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard: a call that must not take the process with it.
 *
 *     guarded = guard_begin(timeout_ms);
 *     ...the call...
 *     if (it went wrong)
 *             guard_fail(&outcome);              doesn't come back
 *     if (guarded)
 *             guard_end();
 *
 * Between the two, a fatal signal, exit(), or too much time, on any thread, ends in the program being
 * executed anew in its own place: same pid, arguments and environment, with HOOK_FAILED_VARIABLE
 * saying why. Descriptors, working directory, umask and signal mask are those of guard_begin,
 * whatever the call did to them.
 *
 * What it can't help against is SIGKILL and _exit; agent/bootstrap/probe.h is for those. Once in a process, on
 * its first thread.
 */
#pragma once

#include "agent/bootstrap/outcome.h"

/* False: there is no way to do it here, and nothing was done. */
bool guard_begin(unsigned timeout_ms);

/* If nothing guards it just returns. */
void guard_fail(const struct outcome *o);

void guard_end(void);
