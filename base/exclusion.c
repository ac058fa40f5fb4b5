/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exclusion.h"

struct holding {
	const char *variable;
	unsigned holds_for;
};

/*
 * From the most specific on; who is set takes what those before it have left. Equals stand side by
 * side: they share.
 */
static const struct holding order[][3] = {
	{ { "ORIEL_EXCLUDED_URLS_TRACES", EXCLUSION_TRACES },
	  { "ORIEL_EXCLUDED_URLS_METRICS", EXCLUSION_METRICS },
	  { "ORIEL_EXCLUDED_URLS_ACCESS_LOG", EXCLUSION_ACCESS_LOG } },
	{ { "ORIEL_EXCLUDED_URLS", EXCLUSION_ALL } },
	{ { "OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS", EXCLUSION_TRACES | EXCLUSION_METRICS },
	  { "OTEL_PYTHON_AIOHTTP_EXCLUDED_URLS", EXCLUSION_TRACES | EXCLUSION_METRICS } },
	{ { "OTEL_PYTHON_EXCLUDED_URLS", EXCLUSION_TRACES | EXCLUSION_METRICS } },
};

size_t exclusion_lists(char *(*get)(const char *variable),
		       struct exclusion_list out[EXCLUSION_LISTS_MOST])
{
	unsigned left = EXCLUSION_ALL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		unsigned taken = 0;

		for (int j = 0; j < 3 && order[i][j].variable; j++) {
			const char *text = get(order[i][j].variable);
			unsigned here = order[i][j].holds_for & left;

			if (text && here)
				out[n++] = (struct exclusion_list){ order[i][j].variable,
								    str_of(text), here };
			taken |= text ? here : 0;
		}
		left &= ~taken;
	}
	return n;
}

bool exclusion_next(struct str *list, struct str *pattern)
{
	while (list->n) {
		size_t n = 0;

		while (n < list->n && list->p[n] != ',')
			n += list->p[n] == '\\' && n + 1 < list->n ? 2 : 1;
		*pattern = str_trim(str_first(*list, n));
		*list = str_from(*list, n + 1);
		if (pattern->n)
			return true;
	}
	return false;
}
