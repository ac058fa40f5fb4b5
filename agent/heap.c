/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's main heap is a row of chunks from the first break to the last, each with its size in front:
 *
 *     | previous size | size, 3 flag bits | the user's bytes ... | previous size | size | ...
 *
 * A hook that wrote beyond its memory most often overwrote such a size, or a link within a free chunk.
 * The first shows when the row is walked, the second when all free chunks are taken from their lists.
 */
#include "agent/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CLASS_STEP = 16,
	CLASS_MOST = 1040, /* what is cached by thread, and what is not */
	EACH = 9,	   /* more than the cache of a class holds */
	LARGE_EACH = 2,
	LARGE_MOST = 1 << 18, /* beyond it each has a mapping of its own */
	FENCE = 16,	      /* where somebody else moved the break */
};

static bool heap_bounds(uintptr_t *from, uintptr_t *to)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	bool found = false;

	while (maps && !found && fgets(line, sizeof(line), maps)) {
		unsigned long a, b;

		if (strstr(line, "[heap]") && sscanf(line, "%lx-%lx", &a, &b) == 2) {
			*from = a;
			*to = b;
			found = true;
		}
	}
	if (maps)
		fclose(maps);
	return found && (uintptr_t)sbrk(0) == *to;
}

bool heap_is_in_order(void)
{
	uintptr_t at, end;

	if (!heap_bounds(&at, &end))
		return false;
	while (at + 2 * sizeof(size_t) <= end) {
		size_t size = ((const size_t *)at)[1] & ~(size_t)7;

		if (size == FENCE)
			return true;
		if (size < 2 * CLASS_STEP || size % CLASS_STEP || size > end - at)
			return false;
		at += size;
	}
	return at == end;
}

/* Only the ends are written to: every page would cost the child a fault. */
static void exercise_size(size_t size, int n)
{
	unsigned char *p[EACH];

	for (int i = 0; i < n; i++) {
		p[i] = malloc(size);
		if (p[i])
			p[i][0] = p[i][size - 1] = 0x5a;
	}
	for (int i = 0; i < n; i += 2)
		free(p[i]);
	for (int i = 1; i < n; i += 2)
		free(p[i]);
}

void heap_exercise(void)
{
	for (int round = 0; round < 2; round++) {
		for (size_t size = 8; size < CLASS_MOST; size += CLASS_STEP)
			exercise_size(size, EACH);
		for (size_t size = CLASS_MOST; size <= LARGE_MOST; size *= 2)
			exercise_size(size, LARGE_EACH);
	}
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
