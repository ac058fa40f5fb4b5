/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/audit/heap.h"

#include <stdbool.h>

/* An array has an element of four words for each function that the linker itself calls by name: 4. */
enum { CALLS_MOST = 64, WORDS = 4 };

static uintptr_t array[CALLS_MOST * WORDS];
static size_t linker_calls;
static bool given;
static void *(*libc_calloc)(size_t n, size_t size);

void heap_linker(const struct link_map *map)
{
	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_PLTRELSZ)
			linker_calls = d->d_un.d_val / sizeof(ElfW(Rela));
}

/*
 * The linker's own calloc from then on. Only the very first call, and only if it is for that array,
 * gets ours: it is never given back. The process has one thread then.
 */
static void *first_calloc(size_t n, size_t size)
{
	bool first = !given;

	given = true;
	if (first && n == WORDS * sizeof(*array) && size == linker_calls && size <= CALLS_MOST)
		return array;
	return libc_calloc(n, size);
}

uintptr_t heap_calloc(uintptr_t found)
{
	if (libc_calloc || !linker_calls)
		return found;
	libc_calloc = (void *(*)(size_t, size_t))found;
	return (uintptr_t)first_calloc;
}
