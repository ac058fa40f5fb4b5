/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shape: what messages of one kind of error have in common, so that they count as one.
 *
 *     n = shape_of(text, out, sizeof(out));
 *
 *     order 4711 refused by "bank 7"              order <n> refused by <text>
 *     no user 3f2504e0-4f89-11d3-9a0c-0305e82c3301  no user <id>
 *     at 0x7ffe1c in 3.5 ms                       at <n> in <n> ms
 *
 * Numbers, hexadecimal digits, UUIDs and what stands in quotes go; words stay. Cut at `room`.
 */
#pragma once

#include "base/str.h"

enum { SHAPE_MOST = 200 };

size_t shape_of(struct str text, char *out, size_t room);
