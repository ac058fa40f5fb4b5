/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap: is it whole? Uses it so thoroughly that one that is not gives itself away, by the allocator's
 * own checks (abort) or by a fault. For a child that is thrown away.
 */
#pragma once

#include <stdbool.h>

/*
 * Once before and once after: false if the chunks of glibc's main heap, which followed upon each
 * other before, don't any more. A heap of another allocator is not walked, only used.
 */
bool heap_is_in_order(void);

void heap_exercise(void);
