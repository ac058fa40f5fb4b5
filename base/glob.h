/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Glob: names with `*` for any characters and `?` for one, in any case of letters. Goes back to the
 * last star only, so it takes the pattern's length times the text's at most. Guest-safe.
 */
#pragma once

#include "base/str.h"

static inline bool glob(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.n && (pattern.p[p] == '?' ||
					     str_lower(pattern.p[p]) == str_lower(text.p[t]))) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
