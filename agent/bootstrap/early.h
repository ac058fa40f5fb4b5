/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Early: libc, before the dynamic linker has run any constructor.
 *
 * An object that is linked with -z initfirst is initialised before libc. glibc can be used by then
 * (memory, threads, stdio), but doesn't know arguments and environment yet, and the dynamic linker
 * takes everything that has not been initialised for new. This has libc initialised, for good, so
 * that what is done to the environment stays and libraries can be opened.
 */
#pragma once

#include <stdbool.h>

/* True if libc is ready. False: it is not glibc, or one that is put together in another way. */
bool early_libc(int argc, char **argv, char **envp);
