/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap: glibc's malloc, kept as it is without auditing.
 *
 * Before libc is set up, the dynamic linker takes one array for each auditing library's sake, by
 * libc's calloc: to relocate itself once more. The heap that is made then believes to be another
 * namespace's, since nobody has said yet that this is the first libc. It never uses brk, for as long
 * as the process lives, and gives back no memory from its end: a service that was large once stays
 * large. (glibc 2.36: `__libc_initial`, ptmalloc_init.) So that one array is given by us, and the heap
 * is made by whoever comes after.
 */
#pragma once

#include <link.h>
#include <stdint.h>

/* The dynamic linker is this object. */
void heap_linker(const struct link_map *map);

/* What the linker asks for at its start; `found` leads to libc's own. */
uintptr_t heap_calloc(uintptr_t found);
