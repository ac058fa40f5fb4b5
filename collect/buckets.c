/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/buckets.h"

#include "model/exponential.h"

enum { BUCKETS_IN_A_ROW = 256, COARSE_LOWEST = -2, COARSE = 3 };

struct sum {
	struct metric_point *point;
	struct exponential_memory memory;
};

static void sum_add(struct sum *s, unsigned sign, int32_t scale,
		    const struct exponential_buckets *add)
{
	struct metric_point from = { .kind = METRIC_EXPONENTIAL, .scale = scale };

	*(sign ? &from.negative : &from.positive) = *add;
	exponential_add(s->point, s->memory, &from);
}

/* Whole, and what it says of itself can be; else NULL. */
static const struct buckets *buckets_at(const struct area *a, uint32_t at)
{
	const struct series_entry *e = area_entry(a, at);
	const struct buckets *b = (const void *)e;

	if (!e || entry_kind(e) != SERIES_BUCKETS || e->size < sizeof(*b))
		return NULL;
	if (!b->n || b->n > BUCKETS_MOST || b->n * 8u > e->size - sizeof(*b) ||
	    b->scale < BUCKETS_SCALE_LEAST || b->scale > BUCKETS_SCALE_MOST)
		return NULL;
	return b;
}

static void add_one(struct sum *s, unsigned sign, const struct buckets *b)
{
	const uint64_t *word = (const void *)(b + 1);
	uint64_t range = atomic_load_explicit(&b->range, memory_order_relaxed);
	int32_t low = (int32_t)(uint32_t)range, high = (int32_t)(uint32_t)(range >> 32);
	uint64_t count[BUCKETS_MOST];

	if (low > high || (int64_t)high - low >= b->n)
		return;
	for (int64_t i = low; i <= high; i++)
		count[i - low] = word[buckets_word((int32_t)i, b->n)];
	sum_add(s, sign, b->scale,
		&(struct exponential_buckets){ low, count, (size_t)(high - low) + 1 });
}

static void add_all(struct sum *s, const struct area *a, unsigned sign, const uint64_t *cell)
{
	uint32_t at = (uint32_t)cell[EXPONENTIAL_FIRST + sign];
	const uint64_t *coarse = &cell[EXPONENTIAL_COARSE + COARSE * sign];
	const struct buckets *b;

	for (int i = 0; i < BUCKETS_IN_A_ROW && at && (b = buckets_at(a, at)); i++) {
		add_one(s, sign, b);
		at = atomic_load_explicit(&b->next_at, memory_order_relaxed);
	}
	if (coarse[0] || coarse[1] || coarse[2])
		sum_add(s, sign, BUCKETS_SCALE_LEAST,
			&(struct exponential_buckets){ COARSE_LOWEST, coarse, COARSE });
}

static uint64_t count_of(const struct exponential_buckets *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->count[i];
	return n;
}

bool buckets_point(struct metric_point *p, const struct area *a, const uint64_t *cell,
		   struct arena *arena)
{
	struct sum s = { p, { arena_take_n(arena, uint64_t, 2 * BUCKETS_MOST), BUCKETS_MOST } };

	if (!s.memory.count)
		return false;
	p->scale = BUCKETS_SCALE_MOST;
	exponential_copy(p, s.memory);
	for (unsigned sign = 0; sign < 2; sign++)
		add_all(&s, a, sign, cell);
	p->zero_count = cell[EXPONENTIAL_ZERO];
	p->count = p->zero_count + count_of(&p->positive) + count_of(&p->negative);
	return true;
}
