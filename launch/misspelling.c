/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/misspelling.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein over three rows; long words are as far apart as can be. */
unsigned misspelling_distance(const char *a, const char *b)
{
	unsigned row[3][MISSPELLING_MOST + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > MISSPELLING_MOST || m > MISSPELLING_MOST)
		return MISSPELLING_MOST;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned change = last[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = least(change, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}
