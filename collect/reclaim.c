/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/reclaim.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS_AT_ONCE = 1024 };

bool reclaim_task_lives(pid_t pid, uint32_t tid, void *you)
{
	char path[64];

	(void)you;
	snprintf(path, sizeof(path), "/proc/%d/task/%u", (int)pid, tid);
	return access(path, F_OK) == 0;
}

struct slot_step {
	struct intake *in;
	uint32_t from, n;
	uint32_t tid[SLOTS_AT_ONCE];
};

static _Atomic uint32_t *slot_at(const struct intake *in, uint32_t i)
{
	return (_Atomic uint32_t *)(in->map + in->head.slots_at) + i;
}

static void slots_step(void *you)
{
	struct slot_step *s = you;

	for (uint32_t i = 0; i < s->n; i++)
		s->tid[i] = atomic_load_explicit(slot_at(s->in, s->from + i), memory_order_relaxed);
}

struct give_step {
	struct intake *in;
	uint32_t i, was;
};

/* Release: pairs with the acquire of the thread that takes the slot next. */
static void slot_give_step(void *you)
{
	struct give_step *s = you;
	uint32_t was = s->was;

	atomic_compare_exchange_strong_explicit(slot_at(s->in, s->i), &was, 0, memory_order_acq_rel,
						memory_order_relaxed);
}

static int slots_reclaim(struct intake *in, uint32_t from, reclaim_lives *lives, void *you)
{
	uint32_t left = in->head.n_slots - from;
	struct slot_step s = { .in = in,
			       .from = from,
			       .n = left < SLOTS_AT_ONCE ? left : SLOTS_AT_ONCE };
	int r = intake_step(in, slots_step, &s);

	for (uint32_t i = 0; !r && i < s.n; i++)
		if (s.tid[i] && s.tid[i] != UINT32_MAX && !lives(in->head.pid, s.tid[i], you))
			r = intake_step(in, slot_give_step,
					&(struct give_step){ in, from + i, s.tid[i] });
	return r;
}

struct owner_step {
	struct intake *in;
	uint32_t i, state, tid, write;
};

static _Atomic uint32_t *state_at(const struct intake *in, uint32_t i)
{
	return (_Atomic uint32_t *)(in->map + in->head.states_at) + i;
}

static void owner_step(void *you)
{
	struct owner_step *s = you;
	struct chunk *c = (void *)(s->in->map + s->in->head.chunks_at + (size_t)s->i * CHUNK_SIZE);

	s->state = atomic_load_explicit(state_at(s->in, s->i), memory_order_acquire);
	s->tid = __atomic_load_n(&c->owner_tid, __ATOMIC_RELAXED);
	s->write = atomic_load_explicit(&c->write, memory_order_acquire);
}

static void seal_step(void *you)
{
	struct give_step *s = you;
	uint32_t was = CHUNK_OWNED;

	atomic_compare_exchange_strong_explicit(state_at(s->in, s->i), &was, CHUNK_FULL,
						memory_order_acq_rel, memory_order_relaxed);
}

static int chunk_reclaim(struct intake *in, uint32_t i, reclaim_lives *lives, void *you)
{
	struct owner_step s = { .in = in, .i = i };
	struct intake_chunk *mine = &in->chunk[i];
	bool again;
	int r = intake_step(in, owner_step, &s);

	if (r || s.state != CHUNK_OWNED || !s.tid || lives(in->head.pid, s.tid, you)) {
		mine->doomed = 0;
		return r;
	}
	again = mine->doomed == s.tid && mine->doomed_write == s.write;
	mine->doomed = s.tid;
	mine->doomed_write = s.write;
	return again ? intake_step(in, seal_step, &(struct give_step){ in, i, 0 }) : 0;
}

int reclaim_dead(struct intake *in, reclaim_lives *lives, void *you)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < in->head.n_slots; i += SLOTS_AT_ONCE)
		r = slots_reclaim(in, i, lives, you);
	for (uint32_t i = 0; !r && i < in->head.n_chunks; i++)
		r = chunk_reclaim(in, i, lives, you);
	return r;
}
