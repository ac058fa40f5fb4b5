/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal: a double as the fewest digits that read back the same, by exact integers.
 *
 *     struct decimal d;
 *     if (decimal_of(0.25, &d))              d.digits 25, d.scale 2: 25 / 10^2
 *
 * Fifteen digits are tried, then sixteen; seventeen are always enough. A candidate's distance from
 * the value is compared with half the distance to the next double in 128 bits, so nothing is rounded
 * and nothing is read back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct decimal {
	uint64_t digits;
	unsigned scale;
};

/* False outside [0.0001, 1e15): what printf would write with an exponent, or isn't finite. */
bool decimal_of(double v, struct decimal *out);
