/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/lane.h"

#include <string.h>

static struct chunk *lane_chunk(uint32_t index)
{
	return (struct chunk *)(process.chunks + (size_t)index * CHUNK_SIZE);
}

static void lane_free_count(int by)
{
	atomic_fetch_add_explicit(&process.segment->n_free, (uint32_t)by, memory_order_relaxed);
}

/* Release: hands the chunk's bytes and cursor to the next owner, or to the collector. */
static void lane_give(struct lane *lane, enum chunk_state as)
{
	_Atomic uint32_t *state = &process.states[lane->index];

	if (as == CHUNK_IDLE)
		lane_free_count(1);
	/* Before the state: a stale owner that has died would make the collector seal the next one's. */
	lane->chunk->owner_tid = 0;
	lane->at = lane->limit = NULL;
	lane->chunk = NULL;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(state, (uint32_t)as, memory_order_release);
}

void lane_leave(struct lane *lane)
{
	if (lane->chunk)
		lane_give(lane, lane->limit - lane->at > END_SIZE * 8 ? CHUNK_IDLE : CHUNK_FULL);
}

void lane_rest_now(struct thread *t)
{
	if (t->busy != 0 ||
	    atomic_load_explicit(&process.segment->n_free, memory_order_relaxed) * 4 >=
		    process.n_chunks)
		return;
	t->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	lane_leave(&t->lane[0]);
	atomic_signal_fence(memory_order_seq_cst);
	t->busy = 0;
}

static void lane_thread(struct lane *lane, uint32_t tid)
{
	struct record_thread r = { { .size = sizeof(r), .type = RECORD_THREAD }, tid };

	memcpy(lane->at, &r, sizeof(r));
	lane->at += sizeof(r);
	lane->chunk->last_tid = tid;
	atomic_store_explicit(&lane->chunk->write,
			      (uint32_t)(lane->at - (unsigned char *)lane->chunk),
			      memory_order_release);
}

/*
 * Try to own chunk `index`. Acquire: pairs with the release of whoever made it FREE or IDLE. An
 * idle one that has too little room left is sealed, and the search goes on.
 */
static bool lane_try(struct lane *lane, uint32_t index, size_t size, uint32_t tid)
{
	_Atomic uint32_t *state = &process.states[index];
	uint32_t was = atomic_load_explicit(state, memory_order_relaxed);
	uint32_t write;
	struct chunk *c;

	if (was != CHUNK_FREE && was != CHUNK_IDLE)
		return false;
	if (!atomic_compare_exchange_strong_explicit(state, &was, CHUNK_OWNED, memory_order_acquire,
						     memory_order_relaxed))
		return false;
	lane_free_count(-1);
	c = lane_chunk(index);
	write = atomic_load_explicit(&c->write, memory_order_relaxed);
	if (write == 0) /* nobody has had it yet */
		write = CHUNK_HEAD;
	if (write < CHUNK_HEAD || write > CHUNK_SIZE ||
	    CHUNK_SIZE - write < size + sizeof(struct record_thread)) {
		atomic_store_explicit(state, CHUNK_FULL, memory_order_release);
		return false;
	}
	lane->chunk = c;
	lane->index = index;
	lane->at = (unsigned char *)c + write;
	lane->limit = (unsigned char *)c + CHUNK_SIZE;
	c->owner_tid = tid;
	if (write == CHUNK_HEAD || c->last_tid != tid)
		lane_thread(lane, tid);
	return true;
}

bool lane_next(struct thread *t, struct lane *lane, size_t size)
{
	struct lane next = { .index = lane->index };
	uint32_t n = process.n_chunks, from;

	process_children_count();
	if (atomic_load_explicit(&process.segment->n_free, memory_order_relaxed) == 0)
		return false;
	/* Where this thread left off first, so that a thread that rests often stays in one chunk. */
	if (lane->chunk || !lane_try(&next, lane->index, size, t->tid)) {
		from = atomic_fetch_add_explicit(&process.segment->next_chunk, 1,
						 memory_order_relaxed);
		for (uint32_t i = 0; i < n && !next.chunk; i++)
			lane_try(&next, (from + i) % n, size, t->tid);
	}
	if (!next.chunk)
		return false;
	if (lane->chunk)
		lane_give(lane, CHUNK_FULL);
	*lane = next;
	return true;
}

struct write write_begin_nested(struct thread *t, size_t size)
{
	uint32_t level = t->busy;
	struct lane *lane = &t->lane[1];

	if (level >= THREAD_LANES) {
		process_lose(LOSS_nested, 1);
		return (struct write){ 0 };
	}
	t->busy = level + 1;
	atomic_signal_fence(memory_order_seq_cst);
	if ((size_t)(lane->limit - lane->at) < size && !lane_next(t, lane, size)) {
		t->busy = level;
		return (struct write){ 0 };
	}
	return (struct write){ t, lane, lane->at, level };
}

/* What a handler wrote must not hold a chunk until the next one comes. */
void write_end_nested(struct write w)
{
	lane_leave(w.lane);
	atomic_signal_fence(memory_order_seq_cst);
	w.thread->busy = w.level;
}
