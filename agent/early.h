/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Early: libc, before the dynamic linker has run any constructor.
 *
 * An object that is linked with -z initfirst is initialised before libc. glibc can be used by then
 * (memory, threads, stdio), but doesn't know arguments and environment yet. This tells it, by running
 * its constructors ahead of time; the first dlopen then has the dynamic linker run them once more
 * with the same arguments, and for good, so that what is done to the environment stays.
 */
#pragma once

#include <stdbool.h>

/* True if libc knows its environment now. */
bool early_libc(int argc, char **argv, char **envp);
