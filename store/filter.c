/* SPDX-License-Identifier: Apache-2.0 */
#include "store/filter.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

enum {
	LINES_LEAST = 4096, /* 256 KiB */
	LINES_MOST_BITS = 18,
	IN_A_LINE = 32, /* 16 bits each */
	BITS = 5,	/* of a line, told by what of the hash doesn't tell the line */
	BIT_BITS = 9,
};

_Static_assert(LINES_MOST_BITS + BITS * BIT_BITS == 63, "a hash tells both");

int filter_init(struct filter *f, uint64_t n)
{
	size_t lines = LINES_LEAST;

	while (lines * IN_A_LINE < 2 * n && lines < (size_t)1 << LINES_MOST_BITS)
		lines *= 2;
	*f = (struct filter){ .line = calloc(lines, sizeof(*f->line)), .n_lines = lines };
	/* Where there can't be more lines it is more often wrong, and not made anew more often. */
	f->most = lines * IN_A_LINE > 2 * n ? lines * IN_A_LINE : 2 * n;
	if (f->line)
		return 0;
	f->n_lines = 0;
	return ERR(-ENOMEM);
}

void filter_fini(struct filter *f)
{
	free(f->line);
	*f = (struct filter){ 0 };
}

void filter_add(struct filter *f, uint64_t hash)
{
	uint64_t *line = f->line[hash & (f->n_lines - 1)], h = hash >> LINES_MOST_BITS;

	for (int i = 0; i < BITS; i++, h >>= BIT_BITS)
		line[h >> 6 & (FILTER_LINE - 1)] |= (uint64_t)1 << (h & 63);
	f->n++;
}

bool filter_may_hold(const struct filter *f, uint64_t hash)
{
	uint64_t h = hash >> LINES_MOST_BITS, all = 1;
	const uint64_t *line;

	if (!f->n_lines)
		return false;
	line = f->line[hash & (f->n_lines - 1)];
	for (int i = 0; i < BITS; i++, h >>= BIT_BITS)
		all &= line[h >> 6 & (FILTER_LINE - 1)] >> (h & 63);
	return all;
}

bool filter_is_full(const struct filter *f)
{
	return f->n > f->most;
}
