/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: handlers for the fatal signals, in front of what is there (lib/fault.c).
 *
 * What is declared as ORIEL_API is between liboriel and its agent: no other program's.
 */
#pragma once

#include "oriel.h"

#include <signal.h>

/* glibc's sigaction under the name that nobody stands before. */
extern int __sigaction(int signal, const struct sigaction *action, struct sigaction *before);

/* Once; again it does nothing. Not with a sanitizer in the program. */
void fault_install(void);

/* Is a load that may fail survived (lib/readable.h)? */
bool fault_is_installed(void);

/*
 * sigaction(), for a program whose calls come here: what it sets is kept and called, what it asks
 * for is what it has set. Signal-safe.
 */
ORIEL_API int oriel_fault_sigaction(int signal, const struct sigaction *action,
				    struct sigaction *before);

/*
 * Somebody sees the program's calls, and will say so, before it happens, when it enters a sandbox.
 * Until then a handler may ask for its thread's name, and a new thread may get an alternate stack.
 */
ORIEL_API void oriel_fault_watched(void);
ORIEL_API void oriel_fault_sandbox(void);
ORIEL_API bool oriel_fault_may_call(void);
