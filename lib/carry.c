/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/carry.h"

#include "base/hot.h"
#include "lib/process.h"

enum { WORD_UNITS = 64, BLOCK_MOST = 40, TEXTS = 4 /* each with its NUL */ };

struct block {
	_Atomic uint32_t refs;
	uint8_t units;
	uint8_t request_id_n;
	uint16_t trace_state_n;
	uint16_t baggage_n;
	uint16_t fields_n : 14, deferred : 1, debug : 1;
	char bytes[]; /* trace state, baggage, request id, fields */
};

static char *pool;
static _Atomic uint64_t taken[CARRY_UNITS / WORD_UNITS];

void carry_use(void *memory)
{
	pool = memory;
	taken[0] |= 1; /* unit 0: handle 0 means none */
}

static size_t carry_unit(uint16_t handle)
{
	return handle & (CARRY_UNITS - 1);
}

static struct block *carry_block(uint16_t handle)
{
	return (struct block *)(pool + carry_unit(handle) * CARRY_UNIT);
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
	uint64_t mask = (1ull << units) - 1;

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

/* Among the first, where one is free nearly always. */
static uint16_t carry_take_one(void)
{
	uint64_t word = atomic_load_explicit(&taken[0], memory_order_relaxed);

	while (~word) {
		int bit = __builtin_ctzll(~word);

		if (atomic_compare_exchange_weak_explicit(&taken[0], &word, word | 1ull << bit,
							  memory_order_acquire,
							  memory_order_relaxed))
			return (uint16_t)bit;
	}
	return 0;
}

static char *carry_put(char *to, struct str text)
{
	if (text.n && text.p)
		memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	return to + text.n + 1;
}

uint16_t carry_reserve(struct carried c, char **baggage)
{
	size_t bytes;
	unsigned units;
	uint16_t handle;
	struct block *b;

	if (c.trace_state.n > CARRY_TRACESTATE_MOST) {
		c.trace_state.n = 0;
		process_lose(LOSS_contexts_no_room, 1);
	}
	if (!pool || carry_is_empty(&c))
		return 0;
	bytes = sizeof(struct block) + c.trace_state.n + c.baggage.n + c.request_id.n + c.fields.n +
		TEXTS;
	units = (unsigned)((bytes + CARRY_UNIT - 1) / CARRY_UNIT);
	handle = c.baggage.n <= CARRY_BAGGAGE_MOST && units <= BLOCK_MOST ? carry_take(units) : 0;
	if (!handle) {
		process_lose(LOSS_contexts_no_room, 1);
		return 0;
	}
	b = carry_block(handle);
	b->units = (uint8_t)units;
	b->request_id_n = (uint8_t)c.request_id.n;
	b->trace_state_n = (uint16_t)c.trace_state.n;
	b->baggage_n = (uint16_t)c.baggage.n;
	b->fields_n = (uint16_t)c.fields.n & 0x3fff;
	b->deferred = c.deferred;
	b->debug = c.debug;
	*baggage = carry_put(b->bytes, c.trace_state);
	carry_put(carry_put(*baggage + c.baggage.n + 1, c.request_id), c.fields);
	(*baggage)[c.baggage.n] = '\0';
	atomic_store_explicit(&b->refs, 1, memory_order_release);
	return (uint16_t)(handle | (c.trace_state.n ? CARRY_STATE : 0));
}

uint16_t carry_request_open(char **to, char **end)
{
	uint16_t handle = pool ? carry_take_one() : 0;
	struct block *b;

	if (!handle)
		return 0;
	b = carry_block(handle);
	b->units = 1;
	b->trace_state_n = 0;
	b->baggage_n = 0;
	b->deferred = b->debug = 0;
	b->bytes[0] = b->bytes[1] = '\0';
	*to = b->bytes + 2;
	*end = (char *)b + CARRY_UNIT - 1;
	return handle;
}

void carry_request_close(uint16_t handle, size_t id_n, size_t fields_n)
{
	struct block *b = carry_block(handle);

	b->request_id_n = (uint8_t)id_n;
	b->fields_n = (uint16_t)fields_n & 0x3fff;
	b->bytes[2 + id_n] = b->bytes[3 + id_n + fields_n] = '\0';
	atomic_store_explicit(&b->refs, 1, memory_order_release);
}

uint16_t carry_make(struct carried c)
{
	char *baggage = NULL;
	uint16_t handle;

	if (c.baggage.n > CARRY_BAGGAGE_MOST) {
		c.baggage.n = 0;
		process_lose(LOSS_contexts_no_room, 1);
	}
	handle = carry_reserve(c, &baggage);
	if (handle && c.baggage.n)
		memcpy(baggage, c.baggage.p, c.baggage.n);
	return handle;
}

struct carried carry_read(uint16_t handle)
{
	const char *p;
	struct block *b;

	if (!handle || !pool)
		return (struct carried){ { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, false, false };
	b = carry_block(handle);
	p = b->bytes + b->trace_state_n + 1;
	return (struct carried){ { b->bytes, b->trace_state_n },
				 { p, b->baggage_n },
				 { p + b->baggage_n + 1, b->request_id_n },
				 { p + b->baggage_n + b->request_id_n + 2, b->fields_n },
				 b->debug,
				 b->deferred };
}

void carry_hold(uint16_t handle)
{
	if (handle && !(handle & CARRY_KEPT) && pool)
		atomic_fetch_add_explicit(&carry_block(handle)->refs, 1, memory_order_relaxed);
}

/* Release, then acquire by the last: everyone's reads come before the units are free again. */
HOT void carry_drop(uint16_t handle)
{
	size_t unit = carry_unit(handle);
	struct block *b;
	uint64_t mask;

	if (!handle || handle & CARRY_KEPT || !pool)
		return;
	b = carry_block(handle);
	mask = (1ull << b->units) - 1;
	/* The only one to hold it is the last one, too. */
	if (atomic_load_explicit(&b->refs, memory_order_acquire) == 1 ||
	    atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		atomic_fetch_and_explicit(&taken[unit / WORD_UNITS], ~(mask << unit % WORD_UNITS),
					  memory_order_release);
}
