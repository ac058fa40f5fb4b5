/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdlib.h>

enum { ARENA_FIRST = 4096, ARENA_MOST = 262144 };

struct arena_block {
	struct arena_block *next;
	size_t room;
};

void *arena_grow(struct arena *a, size_t n)
{
	size_t room = a->head ? a->head->room * 2 : ARENA_FIRST;

	if (room > ARENA_MOST)
		room = ARENA_MOST;
	if (room < n)
		room = n;
	if (room > SIZE_MAX / 2)
		return NULL;

	struct arena_block *b = malloc(sizeof(*b) + room);

	if (!b)
		return NULL;
	*b = (struct arena_block){ a->head, room };
	a->head = b;
	a->at = (char *)(b + 1) + n;
	a->end = (char *)(b + 1) + room;
	a->total += room;
	return b + 1;
}

void arena_reserve(struct arena *a, size_t n)
{
	if ((size_t)(a->end - a->at) < n && arena_grow(a, n))
		a->at -= n;
}

void arena_fini(struct arena *a)
{
	while (a->head) {
		struct arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}
