/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash: a fatal signal's facts, written to the segment's crash block (wire/crash.h) by the handler.
 *
 *     crash_prepare();                                once, before a handler can come
 *     crash_note(signal, info, context, brief);       in the handler
 *     crash_handled(); own handler; crash_survived();
 *
 * Everything in here may run in a signal handler, on a small stack, in a process whose memory is
 * broken: no allocation, no lock, and no system call but what process.may_call allows.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

void crash_prepare(void);

/*
 * With `brief` only the first facts and the registers: of faults that the program handles all the
 * time. Of two threads at once one is noted, and of a signal that the program's own handler for
 * another one raised (it calls abort, say) only that it came.
 */
void crash_note(int signal, const siginfo_t *info, const void *ucontext, bool brief);

/* The program's own handler is called next; it came back. */
void crash_handled(void);
void crash_survived(void);
