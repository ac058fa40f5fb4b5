/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lane: where a thread writes its records, a chunk at a time.
 *
 *     struct write w = write_begin(t, size, LOSS_logs_no_room);
 *     if (!w.p)
 *             return;                        no room: counted
 *     ... exactly `size` bytes at w.p ...
 *     write_end(w, size);
 *
 * One writer, one reader, different processes. The writer never waits: with no chunk left it drops
 * the record and counts it, so a reader that dies costs records, never time. `size` is a multiple
 * of 8. Room for the END of every span that is open in this thread is kept back in its chunk, so
 * that a span whose START was recorded can be ended whatever happens.
 *
 * A handler that interrupts a write finds `busy` set and writes to the second lane, whose chunk is
 * left for others after each record; one that interrupts that too drops its record.
 */
#pragma once

#include "lib/thread.h"

#include <string.h>

/* Passed by value, so that it stays in registers. */
struct write {
	struct thread *thread;
	struct lane *lane;
	unsigned char *p; /* NULL: no room */
	uint32_t level;
};

enum { END_SIZE = sizeof(struct record_end) };

/* A record's head in one store. */
#define RECORD_HEAD(size, type, flags, text_n, pad_n, code) \
	((uint64_t)(size) | (uint64_t)(type) << 16 | (uint64_t)(flags) << 24 | \
	 (uint64_t)(text_n) << 32 | (uint64_t)(pad_n) << 48 | (uint64_t)(code) << 56)

static inline void record_head(struct record_head *head, uint64_t word)
{
	_Static_assert(offsetof(struct record_head, code) == 7, "as RECORD_HEAD has it");
	memcpy(head, &word, sizeof(word));
}

/* Takes a chunk with room for `size` more than what is kept back; false: there is none. */
bool lane_next(struct thread *t, struct lane *lane, size_t size);

/* Leaves its chunk to whoever needs one. */
void lane_leave(struct lane *lane);

/* In a handler that interrupted a write; counts what it can't take. */
struct write write_begin_nested(struct thread *t, size_t size);
void write_end_nested(struct write w);

static inline struct write write_begin_keeping(struct thread *t, size_t size, size_t keep)
{
	struct lane *lane = &t->lane[0];

	if (__builtin_expect(t->busy != 0, 0))
		return write_begin_nested(t, size + keep);
	t->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	if (__builtin_expect((size_t)(lane->limit - lane->at) < size + keep, 0) &&
	    !lane_next(t, lane, size + keep)) {
		t->busy = 0;
		return (struct write){ 0 };
	}
	return (struct write){ t, lane, lane->at, 0 };
}

static inline struct write write_begin(struct thread *t, size_t size, enum segment_loss loss)
{
	struct write w = write_begin_keeping(t, size, (size_t)END_SIZE * (t->n_open + 1));

	if (__builtin_expect(!w.p, 0))
		process_lose(loss, 1);
	return w;
}

/*
 * The usual case in fewer steps: `room` bytes are left in the thread's own chunk, and no write was
 * interrupted. What is written there counts from write_keep on; write_leave forgets it.
 *
 *     if (write_try(t, room))
 *             ... at t->lane[0].at, before write_end_of(t, keep) ...
 *             write_keep(t, end);
 */
static inline bool write_try(struct thread *t, size_t room)
{
	const struct lane *lane = &t->lane[0];

	if (__builtin_expect(t->busy != 0, 0))
		return false;
	t->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	if (__builtin_expect((size_t)(lane->limit - lane->at) >= room, 1))
		return true;
	t->busy = 0;
	return false;
}

/* Where a record must end, if `keep` bytes are kept back. */
static inline const unsigned char *write_end_of(const struct thread *t, size_t keep)
{
	const struct lane *lane = &t->lane[0];
	size_t room = (size_t)(lane->limit - lane->at) - keep;

	return lane->at + (room < RECORD_MOST ? room : RECORD_MOST);
}

static inline void write_leave(struct thread *t)
{
	atomic_signal_fence(memory_order_seq_cst);
	t->busy = 0;
}

/* Up to `end`. Release: as in write_end. */
static inline void write_keep(struct thread *t, unsigned char *end)
{
	struct lane *lane = &t->lane[0];

	lane->at = end;
	atomic_store_explicit(&lane->chunk->write, (uint32_t)(end - (unsigned char *)lane->chunk),
			      memory_order_release);
	write_leave(t);
}

/* Release: pairs with the reader's acquire of `write`; the record's bytes come before it. */
static inline void write_end(struct write w, size_t size)
{
	w.lane->at = w.p + size;
	atomic_store_explicit(&w.lane->chunk->write,
			      (uint32_t)(w.p + size - (unsigned char *)w.lane->chunk),
			      memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	if (__builtin_expect(w.level != 0, 0))
		write_end_nested(w);
	else
		w.thread->busy = 0;
}

/*
 * Many threads share few chunks: leave ours for another. The thread that comes back goes on in it if
 * nobody did. With a span open this gives up the room for its END too, which then needs luck; holding
 * on would cost other threads whole requests.
 */
__attribute__((cold)) void lane_rest_now(struct thread *t);

static inline void lane_rest(struct thread *t)
{
	if (__builtin_expect(atomic_load_explicit(&process.crowded, memory_order_relaxed) != 0, 0))
		lane_rest_now(t);
}
