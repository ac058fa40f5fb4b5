/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard: touching a mapping of a file that somebody may cut short at any moment.
 *
 *     r = guard_copy(mine, theirs, n);       0, or -EFAULT: the memory behind `theirs` went away
 *     r = guard_run(step, you);              the same for a few loads and stores
 *
 * Such an access raises SIGBUS; the guard's handler comes back out of the step that did it. So a
 * step must hold nothing that needs giving back (no lock, no allocation) and may be left half done.
 * Any thread, but not one guard inside another. A SIGBUS outside of a step is what it was before.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Takes over SIGBUS, again if somebody took it from us. From one thread at a time. */
int guard_init(void);

int guard_run(void (*step)(void *you), void *you);
int guard_copy(void *to, const void *from, size_t n);
