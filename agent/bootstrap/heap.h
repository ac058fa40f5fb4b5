/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap: is it whole? Walks it, and uses it so thoroughly that one that is not gives itself away, by
 * the allocator's own checks (abort) or by a fault. For a child that is thrown away.
 *
 *     known = heap_find(&row);
 *     ...
 *     if (known && !heap_is_in_order(&row))      damaged in between
 *     heap_exercise();
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct heap_row {
	uintptr_t from, to;
};

/* False: there is none that can be walked; the allocator is of another make, or it is damaged. */
bool heap_find(struct heap_row *row);

/* Do its chunks still follow upon each other? */
bool heap_is_in_order(const struct heap_row *row);

void heap_exercise(void);
