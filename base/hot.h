/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hot: what each request comes through. The linker lays these functions side by side: what a program's own
 * work and the kernel's have left no room for in the caches comes back in few lines and pages. Cold: what
 * they rarely need, which is not to lie between.
 */
#pragma once

#define HOT __attribute__((hot))
#define COLD __attribute__((cold, noinline))
