/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells: a thread's own block of metric cells (wire/series.h), so that two threads that count the
 * same thing don't wait for each other's cache lines.
 *
 * A block is half of a chunk, taken from the segment's pool for good: at most an eighth of the chunks.
 * It has a holder, a thread slot's number + 1; a thread that ends leaves it to the next. One that was
 * killed can't: its block waits for whoever claims its slot. Threads beyond the last block add to the
 * shared cells.
 */
#include "lib/metric.h"

enum { BLOCKS_MOST = 64, CHUNK_SHARE = 8 };

static struct {
	_Atomic uint32_t n;
	struct {
		_Atomic uint32_t holder;
		uint64_t *cells;
	} block[BLOCKS_MOST];
	_Atomic uint32_t taking; /* a try-lock for new chunks */
	_Atomic uint32_t n_cells;
} blocks = { .n_cells = 1 };

void cells_forked(void)
{
	memset((void *)&blocks, 0, sizeof(blocks));
	atomic_store_explicit(&blocks.n_cells, 1, memory_order_relaxed);
}

uint16_t cells_reserve(size_t n)
{
	uint32_t at = atomic_load_explicit(&blocks.n_cells, memory_order_relaxed);

	/* Under register_begin: one at a time. */
	if (at + n > CELL_BLOCK_MEMO)
		return 0;
	atomic_store_explicit(&blocks.n_cells, at + (uint32_t)n, memory_order_relaxed);
	return (uint16_t)at;
}

/* Acquire: pairs with the collector's release that freed the chunk. */
unsigned char *chunk_take(enum chunk_state state)
{
	for (uint32_t i = process.n_chunks; i--;) {
		uint32_t was = CHUNK_FREE;

		if (atomic_load_explicit(&process.states[i], memory_order_relaxed) == CHUNK_FREE &&
		    atomic_compare_exchange_strong_explicit(&process.states[i], &was, CHUNK_MAKING,
							    memory_order_acquire,
							    memory_order_relaxed)) {
			unsigned char *chunk = process.chunks + (size_t)i * CHUNK_SIZE;

			atomic_fetch_sub_explicit(&process.segment->n_free, 1,
						  memory_order_relaxed);
			memset(chunk + CELL_BLOCKS_AT, 0, CHUNK_SIZE - CELL_BLOCKS_AT);
			/* Release: a reader that sees the state sees the zeros. */
			atomic_store_explicit(&process.states[i], (uint32_t)state,
					      memory_order_release);
			return chunk;
		}
	}
	return NULL;
}

/* False: there are none to be had. Somebody else at it may well leave one for us. */
static bool blocks_add(void)
{
	uint32_t n = atomic_load_explicit(&blocks.n, memory_order_relaxed);
	unsigned char *chunk = NULL;
	bool added;

	if (n + CELL_BLOCKS > BLOCKS_MOST || n / CELL_BLOCKS >= process.n_chunks / CHUNK_SHARE)
		return false;
	if (atomic_exchange_explicit(&blocks.taking, 1, memory_order_acquire))
		return true;
	added = n != atomic_load_explicit(&blocks.n, memory_order_relaxed);
	if (!added)
		chunk = chunk_take(CHUNK_CELLS);
	for (uint32_t i = 0; chunk && i < CELL_BLOCKS; i++)
		blocks.block[n + i].cells =
			(uint64_t *)(void *)(chunk + CELL_BLOCKS_AT + i * CELL_BLOCK_SIZE);
	/* Release: pairs with the acquire in block_claim; the addresses come before the count. */
	if (chunk)
		atomic_store_explicit(&blocks.n, n + CELL_BLOCKS, memory_order_release);
	atomic_store_explicit(&blocks.taking, 0, memory_order_release);
	return added || chunk;
}

/* Acquire: pairs with the release of the thread that left it; its last sums are there. */
static uint64_t *block_claim(uint32_t holder)
{
	uint32_t n = atomic_load_explicit(&blocks.n, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t nobody = 0;

		if (atomic_load_explicit(&blocks.block[i].holder, memory_order_relaxed) == 0 &&
		    atomic_compare_exchange_strong_explicit(&blocks.block[i].holder, &nobody,
							    holder, memory_order_acquire,
							    memory_order_relaxed))
			return blocks.block[i].cells;
	}
	return NULL;
}

/* Last, as it is what the quick paths look at. */
static void cells_begin(struct thread *t)
{
	atomic_signal_fence(memory_order_seq_cst);
	if (!t->cells)
		return;
	t->cells_generation = atomic_load_explicit(&process.generation, memory_order_relaxed);
	t->word = t->entry[0].meta & ORIEL_SAMPLED ? 0 : t->cells_generation;
}

/* Who meets another at it has none this time, and asks again with the next measurement. */
uint64_t *cells_take(struct thread *t)
{
	bool none = false;

	if (t->cells || t->no_cells)
		return t->cells;
	t->no_cells = true; /* for a handler that comes in here meanwhile */
	t->cells = block_claim(t->slot + 1);
	if (!t->cells) {
		none = !blocks_add();
		t->cells = block_claim(t->slot + 1);
	}
	t->no_cells =
		t->cells || none; /* none for good: blocks only become free by a thread's end */
	cells_begin(t);
	return t->cells;
}

void cells_leave(struct thread *t)
{
	uint32_t n = atomic_load_explicit(&blocks.n, memory_order_acquire);

	t->no_cells = true;
	t->word = t->cells_generation = 0;
	t->cells = NULL;
	atomic_signal_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < n; i++)
		if (atomic_load_explicit(&blocks.block[i].holder, memory_order_relaxed) ==
		    t->slot + 1)
			atomic_store_explicit(&blocks.block[i].holder, 0, memory_order_release);
}

/* The slot is ours, so nobody else can hold a block in its name: its holder is dead. */
void cells_inherit(struct thread *t)
{
	uint32_t n = atomic_load_explicit(&blocks.n, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++)
		if (atomic_load_explicit(&blocks.block[i].holder, memory_order_relaxed) ==
		    t->slot + 1)
			t->cells = blocks.block[i].cells;
	cells_begin(t);
}
