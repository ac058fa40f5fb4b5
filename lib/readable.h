/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readable: loads from memory that may not be there, such as what a broken stack points to.
 *
 *     if (readable_copy(&word, address, sizeof(word))) ...
 *
 * No system call, which a sandbox might answer with death: a load that faults is known to the
 * fatal-signal handler by its address (section oriel_readable), which has it say no. While that
 * handler isn't installed, or the thread has SIGSEGV or SIGBUS blocked, a fault is a fault.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool readable_copy(void *to, uint64_t at, size_t n);

/* For the handler: was it one of these? Then the context goes on behind it. */
bool readable_was(void *ucontext);
