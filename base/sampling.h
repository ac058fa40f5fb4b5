/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampling rules: which traces are taken by what their first span is, as ORIEL_SAMPLING_RULES has it:
 *
 *     url.path=/health*,ratio=0; http.request.method=POST,ratio=1; name=GET /cart*,limit=10
 *
 * Rules are parted by ';' or ends of lines, their parts by ','. ratio (0 to 1) and limit (traces a
 * second) say what becomes of it, together if both are there; all other parts are conditions, which all
 * must hold: `name` and `kind` are the span's, the rest are attributes that it begins with. Values may have
 * `*` and `?`. The first rule that holds decides.
 *
 *     while ((r = sampling_next(&text, &rule, &error)) != SAMPLING_END)
 *             r is SAMPLING_BAD: the whole rule is left out
 *
 * Borrows from the text. Guests and home alike use it: no allocation, no locale.
 */
#pragma once

#include "base/str.h"

enum { SAMPLING_CONDITIONS = 6 };

struct sampling_rule {
	struct {
		struct str key, pattern;
	} condition[SAMPLING_CONDITIONS];
	size_t n;
	uint64_t threshold; /* base/ratio.h */
	uint32_t limit;	    /* traces a second; 0: any number */
};

enum sampling_outcome {
	SAMPLING_END,
	SAMPLING_FOUND,
	SAMPLING_BAD,
};

struct sampling_error {
	struct str what; /* the part, or the rule */
	const char *says;
};

enum sampling_outcome sampling_next(struct str *text, struct sampling_rule *out,
				    struct sampling_error *error);
