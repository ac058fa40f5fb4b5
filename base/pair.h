/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pair: lists of KEY=VALUE,KEY=VALUE, percent-encoded, as OTEL_RESOURCE_ATTRIBUTES has them.
 *
 *     while ((kind = pair_next(&rest, &pair)) != PAIR_END)
 *             PAIR_BAD: pair.whole makes no sense; PAIR_GOOD: pair.key and pair.value, still encoded
 */
#pragma once

#include "base/hex.h"
#include "base/str.h"

enum pair_kind { PAIR_END, PAIR_GOOD, PAIR_BAD };

struct pair {
	struct str whole, key, value;
};

/* Are there two hex digits after each %? */
static inline bool percent_valid(struct str s)
{
	uint8_t byte;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '%' && !hex_read(&byte, 1, str_first(str_from(s, i + 1), 2), true))
			return false;
	return true;
}

/* What is empty but for blanks is no pair, and is passed over. */
static inline enum pair_kind pair_next(struct str *rest, struct pair *out)
{
	while (rest->n) {
		struct cut item = str_cut(*rest, ',');
		struct cut pair = str_cut(item.head, '=');

		*rest = item.tail;
		out->whole = str_trim(item.head);
		out->key = str_trim(pair.head);
		out->value = str_trim(pair.tail);
		if (!out->whole.n)
			continue;
		return pair.found && out->key.n && percent_valid(out->whole) ? PAIR_GOOD : PAIR_BAD;
	}
	return PAIR_END;
}
