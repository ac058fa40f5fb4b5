/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap: is it whole? Uses it so thoroughly that one that is not gives itself away, by the allocator's
 * own checks (abort) or by a fault. For a child that is thrown away.
 */
#pragma once

#include <stdbool.h>

/*
 * Do the chunks of glibc's main heap follow upon each other? Asked before and after: only what was in
 * order before can have been damaged since. False for an allocator of another make, or no heap at all.
 */
bool heap_is_in_order(void);

void heap_exercise(void);
