/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter: of most hashes that were never added it says that they weren't. One line of memory for each question.
 *
 *     filter_init(&f, n);                     room for n and as many more; -ENOMEM
 *     filter_add(&f, hash);                   hashes are well mixed, of 63 bits
 *     filter_may_hold(&f, hash)               wrong for one in 500 when it is full, for fewer before
 *     filter_is_full(&f)                      time to make another, of what is still there
 *
 * Nothing is taken out of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_LINE = 8 };

struct filter {
	uint64_t (*line)[FILTER_LINE];
	size_t n_lines, n; /* lines: a power of two, or 0 */
	size_t most;	   /* n with which it is full */
};

int filter_init(struct filter *f, uint64_t n);
void filter_fini(struct filter *f);
void filter_add(struct filter *f, uint64_t hash);
bool filter_may_hold(const struct filter *f, uint64_t hash);
bool filter_is_full(const struct filter *f);

static inline void filter_expect(const struct filter *f, uint64_t hash)
{
	if (f->n_lines)
		__builtin_prefetch(&f->line[hash & (f->n_lines - 1)]);
}
