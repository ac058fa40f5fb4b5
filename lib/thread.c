/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/thread.h"

#include "lib/carry.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/lane.h"
#include "lib/metric.h"
#include "lib/passing.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct thread thread_none;
__thread struct oriel_own *oriel_own = (struct oriel_own *)(void *)&thread_none;

/* Keys below this need no memory of their own in glibc (PTHREAD_KEY_2NDLEVEL_SIZE). */
enum { KEYS_INLINE = 32 };

static pthread_key_t key;
static bool key_made;

static uint64_t mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/*
 * The tid without a system call, which a sandbox may answer with death: glibc keeps it in the
 * thread's control block, at an offset that process_start has verified.
 */
uint32_t thread_tid(void)
{
	uint32_t at = atomic_load_explicit(&process.tid_offset, memory_order_relaxed), tid = 0;

	if (at)
		memcpy(&tid, (const char *)pthread_self() + at, sizeof(tid));
	return tid;
}

static void thread_leave(void *slot)
{
	struct thread *t = slot;

	if (!t->live)
		return;
	for (uint32_t i = 0; i <= t->depth; i++)
		if (t->entry[i].meta & ENTRY_OWNS_CARRY)
			carry_drop(entry_carry(&t->entry[i]));
	if (t->live == THREAD_PASSES) {
		passing_leave(t);
		return;
	}
	t->busy = THREAD_LANES; /* handlers from here on: no lane is theirs */
	atomic_signal_fence(memory_order_seq_cst);
	for (int i = 0; i < THREAD_LANES; i++)
		lane_leave(&t->lane[i]);
	cells_leave(t);
	t->live = 0;
	thread_set_here(&thread_none);
	atomic_fetch_sub_explicit(&process.n_threads, 1, memory_order_relaxed);
	/* Release: whoever claims the slot next must find our stores to it done. */
	atomic_store_explicit(&process.slots[t->slot], 0, memory_order_release);
}

int thread_key_make(void)
{
	if (!key_made && pthread_key_create(&key, thread_leave) == 0)
		key_made = true;
	return key_made ? 0 : -EAGAIN;
}

void thread_clear(struct thread *t, uint32_t slot)
{
	memset(t, 0, sizeof(*t));
	t->slot = slot;
	t->entry[0] = (struct entry){ .meta = ENTRY_META(0, 0, 0, ENTRY_BASE) };
	if (process_has_root())
		t->entry[0] = context_entry(&process.root, ENTRY_BASE);
}

static void thread_init(struct thread *t, uint32_t slot, uint32_t tid)
{
	uint64_t state = process.seed[0] ^ clock_tick_cheap() ^ (uint64_t)(uintptr_t)&state;

	thread_clear(t, slot);
	t->tid = tid;
	state ^= process.seed[1] * (slot + 1);
	t->random = mix(&state) ^ process.seed[1];
	t->step = (mix(&state) ^ process.seed[2]) | 1;
	t->salt = mix(&state) ^ process.seed[3];
	cells_inherit(t);
}

static struct thread *thread_slot(uint32_t slot)
{
	return (struct thread *)((char *)process.threads + (size_t)slot * THREAD_SIZE);
}

/* Acquire: pairs with the release in thread_leave, or with the collector's for a dead thread. */
static struct thread *thread_claim(void)
{
	uint32_t n = process.n_slots, tid = thread_tid();
	uint32_t from =
		atomic_fetch_add_explicit(&process.segment->next_slot, 1, memory_order_relaxed);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = (from + i) % n, free = 0;

		if (atomic_load_explicit(&process.slots[slot], memory_order_relaxed) == 0 &&
		    atomic_compare_exchange_strong_explicit(&process.slots[slot], &free,
							    tid ? tid : UINT32_MAX,
							    memory_order_acquire,
							    memory_order_relaxed)) {
			thread_init(thread_slot(slot), slot, tid);
			return thread_slot(slot);
		}
	}
	return NULL;
}

void thread_enter(struct thread *t, uint32_t live)
{
	atomic_signal_fence(memory_order_seq_cst);
	t->live = live;
	thread_set_here(t);
	if (key_made && key < KEYS_INLINE)
		pthread_setspecific(key, t);
}

static void thread_settle(struct thread *t)
{
	uint32_t n = atomic_fetch_add_explicit(&process.n_threads, 1, memory_order_relaxed) + 1;

	atomic_store_explicit(&process.crowded, n * 4 > process.n_chunks, memory_order_relaxed);
	thread_enter(t, THREAD_LIVE);
}

/*
 * A signal handler may come in here while its thread is: then both claim a slot, and the inner one,
 * which is whole first, is used and the outer one given back.
 */
struct thread *thread_attach(void)
{
	int kept = errno;
	struct thread *t = NULL;

	if (!oriel_recording() || !process.wiped)
		return NULL;
	if (!process_is_ours())
		return NULL;
	t = thread_claim();
	if (t && thread_if_any()) {
		atomic_store_explicit(&process.slots[t->slot], 0, memory_order_release);
		t = thread_here;
	} else if (t) {
		thread_settle(t);
	}
	errno = kept;
	return t;
}

void thread_inherit(struct thread *t, const struct entry *kept, uint32_t depth)
{
	if (!t)
		return;
	memcpy(t->entry, kept, (depth + 1) * sizeof(*kept));
	for (uint32_t i = 1; i <= depth; i++)
		if (entry_kind(&t->entry[i]) == ENTRY_SPAN)
			entry_set_kind(&t->entry[i], ENTRY_SILENT);
	t->depth = depth;
}
