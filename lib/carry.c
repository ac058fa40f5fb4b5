/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/carry.h"

#include "lib/process.h"

enum { WORD_UNITS = 64, BLOCK_MOST = 18 };

struct block {
	_Atomic uint32_t refs;
	uint16_t units;
	uint16_t trace_state_n;
	uint32_t baggage_n;
	char bytes[];
};

static char *pool;
static _Atomic uint64_t taken[CARRY_UNITS / WORD_UNITS];

void carry_use(void *memory)
{
	pool = memory;
	taken[0] |= 1; /* unit 0: handle 0 means none */
}

static struct block *carry_block(uint16_t handle)
{
	return (struct block *)(pool + (size_t)handle * CARRY_UNIT);
}

/* The lowest run of `units` zero bits in `word`, or -1. */
static int carry_gap(uint64_t word, unsigned units)
{
	uint64_t free = ~word, run = free;

	for (unsigned i = 1; i < units; i++)
		run &= free >> i;
	return run ? __builtin_ctzll(run) : -1;
}

/* Acquire: pairs with carry_drop's release; the block's last reader is done. */
static uint16_t carry_take(unsigned units)
{
	uint64_t mask = units == WORD_UNITS ? UINT64_MAX : (1ull << units) - 1;

	for (size_t w = 0; w < CARRY_UNITS / WORD_UNITS; w++) {
		uint64_t word = atomic_load_explicit(&taken[w], memory_order_relaxed);

		for (int bit; (bit = carry_gap(word, units)) >= 0 && bit + units <= WORD_UNITS;)
			if (atomic_compare_exchange_weak_explicit(&taken[w], &word,
								  word | mask << bit,
								  memory_order_acquire,
								  memory_order_relaxed))
				return (uint16_t)(w * WORD_UNITS + (size_t)bit);
	}
	return 0;
}

uint16_t carry_reserve(struct str trace_state, size_t baggage_n, char **baggage)
{
	size_t bytes;
	unsigned units;
	uint16_t handle;
	struct block *b;

	if (trace_state.n > CARRY_TRACESTATE_MOST) {
		trace_state.n = 0;
		process_lose(LOSS_contexts_no_room, 1);
	}
	if (!pool || (!trace_state.n && !baggage_n))
		return 0;
	bytes = sizeof(struct block) + trace_state.n + 1 + baggage_n + 1;
	units = (unsigned)((bytes + CARRY_UNIT - 1) / CARRY_UNIT);
	handle = baggage_n <= CARRY_BAGGAGE_MOST && units <= BLOCK_MOST ? carry_take(units) : 0;
	if (!handle) {
		process_lose(LOSS_contexts_no_room, 1);
		return 0;
	}
	b = carry_block(handle);
	b->units = (uint16_t)units;
	b->trace_state_n = (uint16_t)trace_state.n;
	b->baggage_n = (uint32_t)baggage_n;
	if (trace_state.n)
		memcpy(b->bytes, trace_state.p, trace_state.n);
	b->bytes[trace_state.n] = '\0';
	*baggage = b->bytes + trace_state.n + 1;
	(*baggage)[baggage_n] = '\0';
	atomic_store_explicit(&b->refs, 1, memory_order_release);
	return handle;
}

uint16_t carry_make(struct carried c)
{
	char *baggage = NULL;
	uint16_t handle;

	if (c.baggage.n > CARRY_BAGGAGE_MOST) {
		c.baggage.n = 0;
		process_lose(LOSS_contexts_no_room, 1);
	}
	handle = carry_reserve(c.trace_state, c.baggage.n, &baggage);
	if (handle && c.baggage.n)
		memcpy(baggage, c.baggage.p, c.baggage.n);
	return handle;
}

struct carried carry_read(uint16_t handle)
{
	struct block *b;

	if (!handle || !pool || handle >= CARRY_UNITS)
		return (struct carried){ { "", 0 }, { "", 0 } };
	b = carry_block(handle);
	return (struct carried){ { b->bytes, b->trace_state_n },
				 { b->bytes + b->trace_state_n + 1, b->baggage_n } };
}

void carry_hold(uint16_t handle)
{
	if (handle && pool && handle < CARRY_UNITS)
		atomic_fetch_add_explicit(&carry_block(handle)->refs, 1, memory_order_relaxed);
}

/* Release, then acquire by the last: everyone's reads come before the units are free again. */
void carry_drop(uint16_t handle)
{
	struct block *b;
	uint64_t mask;

	if (!handle || !pool || handle >= CARRY_UNITS)
		return;
	b = carry_block(handle);
	mask = (1ull << b->units) - 1;
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		atomic_fetch_and_explicit(&taken[handle / WORD_UNITS],
					  ~(mask << handle % WORD_UNITS), memory_order_release);
}
