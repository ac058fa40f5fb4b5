/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratio: a probability in [0, 1] as a threshold, that share of 2^64, without strtod, whose decimal
 * point is the locale's. UINT64_MAX is 1: all of them.
 *
 * Who takes a share of the traces takes those whose random part, the last 56 bits of the trace id, is
 * the highest ("TraceIdRatioBased", "Probability Sampling"): with the same ids everybody who takes less
 * takes some of those that others take, too.
 */
#pragma once

#include "base/str.h"

/* False: no probability, and nothing is written. */
static inline bool ratio_read(struct str text, uint64_t *threshold)
{
	double v = 0, unit = 1;
	bool point = false, digits = false;
	uint64_t exponent = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '.' && !point) {
			point = true;
		} else if (c >= '0' && c <= '9') {
			digits = true;
			if (point)
				v += (unit /= 10) * (c - '0');
			else
				v = v * 10 + (c - '0');
		} else if ((c == 'e' || c == 'E') && i + 1 < text.n && text.p[i + 1] == '-' &&
			   str_to_u64(str_from(text, i + 2), &exponent)) {
			break;
		} else {
			return false;
		}
	}
	for (; exponent && v > 0; exponent--)
		v /= 10;
	if (!digits || v > 1)
		return false;
	*threshold = v >= 1 ? UINT64_MAX : (uint64_t)(v * 18446744073709551616.0);
	return true;
}

enum { RATIO_BITS = 56 };

/* The random part must be at least this to be taken: what a trace state says as `th`. */
static inline uint64_t ratio_least(uint64_t threshold)
{
	return (1ull << RATIO_BITS) - (threshold >> (64 - RATIO_BITS));
}

/* `random`: the trace id's last 8 bytes as a big-endian number; its upper 8 bits don't count. */
static inline bool ratio_takes(uint64_t random, uint64_t threshold)
{
	return (random & ((1ull << RATIO_BITS) - 1)) >= ratio_least(threshold);
}
