/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of metrics share: what a segment's series come to, of the entry's cells and all
 * threads' blocks, as a collector adds them up.
 */
#pragma once

#include "lib/test-segment.h"

#include "lib/metric.h"

enum { THREADS = 4, ROUNDS = 20000 };

struct sum {
	unsigned series; /* with something in them */
	int64_t integer;
	double number, sum, min, max;
	uint64_t count, bucket[16];
};

static inline const uint64_t *block_at(size_t i)
{
	size_t chunk = 0;

	for (uint32_t c = 0; c < process.n_chunks; c++)
		if (atomic_load(&process.states[c]) == CHUNK_CELLS && chunk++ == i / CELL_BLOCKS)
			return (const uint64_t *)(const void *)(process.chunks +
								(size_t)c * CHUNK_SIZE +
								CELL_BLOCKS_AT +
								i % CELL_BLOCKS * CELL_BLOCK_SIZE);
	return NULL;
}

static inline void add_cells(struct sum *s, const uint64_t *cell, uint16_t n, bool is_double,
			     bool own)
{
	double min = as_double(own ? cell[HISTOGRAM_MIN] ^ CELLS_INFINITY : cell[HISTOGRAM_MIN]);
	double max =
		as_double(own ? cell[HISTOGRAM_MAX] ^ CELLS_MINUS_INFINITY : cell[HISTOGRAM_MAX]);

	if (n < HISTOGRAM_BUCKETS) {
		if (is_double)
			s->number += as_double(cell[0]);
		else
			s->integer += (int64_t)cell[0];
		return;
	}
	s->sum += as_double(cell[HISTOGRAM_SUM]);
	s->min = min < s->min ? min : s->min;
	s->max = max > s->max ? max : s->max;
	for (int i = HISTOGRAM_BUCKETS; i < n; i++) {
		s->count += cell[i];
		s->bucket[i - HISTOGRAM_BUCKETS] += cell[i];
	}
}

static inline void add_series(struct sum *all, const struct series *s)
{
	const struct instrument *i = (const void *)(series_area() + s->instrument_at);
	struct sum one = { .min = all->min, .max = all->max };

	add_cells(&one, (const uint64_t *)(s + 1), s->n_cells, i->is_double, false);
	for (size_t b = 0; s->entry.flags && block_at(b); b++)
		add_cells(&one, block_at(b) + s->entry.flags, s->n_cells, i->is_double, true);
	all->series += one.integer || one.count;
	all->integer += one.integer;
	all->number += one.number;
	all->count += one.count;
	all->sum += one.sum;
	all->min = one.min;
	all->max = one.max;
	for (int k = 0; k < 16; k++)
		all->bucket[k] += one.bucket[k];
}

static inline void add_page(struct sum *all, const unsigned char *page)
{
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)page)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct series *s = (const void *)(page + at);

		at += s->entry.size;
		if (s->entry.kind == SERIES_POINT)
			add_series(all, s);
	}
}

static inline struct sum sum_of(void)
{
	struct sum all = { .min = 1e300, .max = -1e300 };

	add_page(&all, series_area());
	for (uint32_t c = 0; c < process.n_chunks; c++)
		if (atomic_load(&process.states[c]) == CHUNK_SERIES)
			add_page(&all, process.chunks + (size_t)c * CHUNK_SIZE + CHUNK_HEAD);
	return all;
}

static inline void begin(void)
{
	must(oriel_start(NULL) == 0);
}

static inline void holds(void (*work)(void))
{
	assert_int_equal(in_child(work), 0);
	read_all();
}

/* The words of a slot of the first series that has some; NULL: none has. */
static inline const uint64_t *example(size_t slot)
{
	const unsigned char *area = series_area();
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)area)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct series_entry *e = (const void *)(area + at);
		const struct exemplars *x = (const void *)e;
		const uint64_t *word = (const uint64_t *)(x + 1);

		if (e->kind == SERIES_EXEMPLARS && slot < x->n)
			return word + slot * x->n_words;
		at += e->size;
	}
	return NULL;
}
