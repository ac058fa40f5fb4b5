/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread: a thread's lanes, its random numbers and its stack of current contexts.
 *
 *     struct thread *t = thread_self();      NULL: this thread can't record; already counted
 *
 * One slot of the process's private mapping, claimed at a thread's first record by a swap on the
 * slot's word in the segment, given back when the thread ends. Thread-local storage holds only the
 * pointer. `live` is wiped by a fork, so it is what every call checks first.
 *
 * Only the owning thread writes, and signal handlers that interrupt it: they come and go in strict
 * order, so a step is made safe by the order of its stores alone (signal fences, no atomics).
 *
 *     context stack     entry[0] is the base: no span, or the parent from the environment
 *
 *         [0] base  [1] span "GET"  [2] attached  [3] span "query"  <- depth = 3
 *
 * Entries are values, never pointers into a caller's frame, so longjmp and pthread_exit leave a
 * stack that the next outer end repairs. A push counts the entry first and fills it afterwards, its
 * `kind` last: a handler in between pushes above it and sees a hole, which it looks through.
 */
#pragma once

#include "lib/process.h"
#include "wire/record.h"

#include <stdatomic.h>

enum {
	THREAD_SIZE = 2048,
	THREAD_LIVE = 0x4f52494c,
	THREAD_PASSES = 0x50415353, /* nothing but a stack of contexts, lib/passing.h */
	THREAD_LANES = 2,	    /* the thread's own, and its signal handlers' */
	CONTEXT_DEPTH = 54,
};

enum entry_kind {
	ENTRY_HOLE = 0,
	ENTRY_SPAN,   /* recorded here: popping it as an inner one writes its END */
	ENTRY_SILENT, /* a span that is not recorded, or is its parent process's */
	ENTRY_BASE,
	ENTRY_ATTACHED,
};

/*
 * The first 28 bytes are those of struct oriel_context. The rest of the words travel in one, so
 * that a push is four stores and no read waits for a narrower write before it.
 */
struct entry {
	uint64_t trace_id[2]; /* bytes in network order */
	uint64_t span_id;
	/* flags | remote << 8 | carry << 16 | kind << 32 | owns_carry << 40 | share << 48 */
	uint64_t meta;
};

_Static_assert(sizeof(struct entry) == sizeof(struct oriel_context) &&
		       offsetof(struct oriel_context, flags) == offsetof(struct entry, meta) &&
		       offsetof(struct oriel_context, carry) == offsetof(struct entry, meta) + 2,
	       "an entry is a context with two words of ours");

#define ENTRY_META(flags, remote, carry, kind) \
	((uint64_t)(flags) | (uint64_t)(remote) << 8 | (uint64_t)(carry) << 16 | \
	 (uint64_t)(kind) << 32)
#define ENTRY_KIND (0xffull << 32)
#define ENTRY_OWNS_CARRY (1ull << 40)
#define ENTRY_WORK (1ull << 41) /* the span of a struct oriel_work */
#define ENTRY_REMOTE 0xff00ull
#define ENTRY_CARRY 0xffff0000ull
#define ENTRY_NOT_YET 0x7fff0000ull /* a hole's, which passes for carrying something */
#define ENTRY_SHARE (0xffull << 48) /* lib/sampler.h */
#define ENTRY_CONTEXT (ENTRY_SHARE | 0xffffffffull) /* the part that a context has too */

static inline uint8_t entry_share(const struct entry *e)
{
	return (uint8_t)(e->meta >> 48);
}

static inline void entry_set_share(struct entry *e, unsigned share)
{
	e->meta = (e->meta & ~ENTRY_SHARE) | (uint64_t)(share & 0xff) << 48;
}

static inline uint8_t entry_flags(const struct entry *e)
{
	return (uint8_t)e->meta;
}

static inline uint8_t entry_remote(const struct entry *e)
{
	return (uint8_t)(e->meta >> 8);
}

static inline uint16_t entry_carry(const struct entry *e)
{
	return (uint16_t)(e->meta >> 16);
}

static inline enum entry_kind entry_kind(const struct entry *e)
{
	return (enum entry_kind)(uint8_t)(e->meta >> 32);
}

static inline void entry_set_kind(struct entry *e, enum entry_kind kind)
{
	e->meta = (e->meta & ~ENTRY_KIND) | (uint64_t)kind << 32;
}

struct filtered;

struct lane {
	unsigned char *at, *limit; /* the free part of its chunk; both NULL without one */
	struct chunk *chunk;
	uint32_t index;
};

/* What oriel_failed said of a work's span. */
struct failure {
	uint64_t span_id;
	char type[40];
};

enum { FAILURES = 3 }; /* that many works, one in another, can have failed and not ended */

struct thread {
	/* struct oriel_own; `word` is 0 also where the base wants examples */
	uint64_t *cells; /* this thread's block of metric cells, lib/cells.c; or NULL */
	uint32_t word;
	uint32_t depth;
	uint32_t live;
	uint32_t slot;
	uint32_t tid;
	uint32_t
		busy; /* 0; 1: a write is going on, so a handler must use the second lane; 2: both are */
	uint32_t n_open; /* ENTRY_SPANs on the stack: each has room for its END kept in the lane */
	uint64_t random, step, salt; /* thread_random */
	uint32_t cells_generation;   /* process.generation while it has one, else 0 */
	bool no_cells;		     /* nor is there one to be had */
	uint64_t span_count; /* the counter at what the last call about a span wrote; 0: nothing */
	const struct filtered
		*filtered; /* attributes of the measurement that is being taken, lib/views.c */
	struct lane lane[THREAD_LANES];
	struct failure failure[FAILURES];
	struct entry entry[CONTEXT_DEPTH];
};

_Static_assert(sizeof(struct thread) <= THREAD_SIZE, "a thread fits its slot");

_Static_assert(offsetof(struct thread, cells) == offsetof(struct oriel_own, cells) &&
		       offsetof(struct thread, word) == offsetof(struct oriel_own, word) &&
		       offsetof(struct thread, depth) == offsetof(struct oriel_own, word) + 4,
	       "programs look at it themselves");

/* Never NULL: a thread without a slot has `thread_none`, which is not live. */
#define thread_here ((struct thread *)(void *)oriel_own)

static inline void thread_set_here(struct thread *t)
{
	oriel_own = (struct oriel_own *)(void *)t;
}

extern struct thread thread_none __attribute__((visibility("hidden")));

struct thread *thread_attach(void);

/* The calling thread's, without a system call; 0: not known. */
uint32_t thread_tid(void);

static inline struct thread *thread_self(void)
{
	struct thread *t = thread_here;

	return __builtin_expect(t->live == THREAD_LIVE, 1) ? t : thread_attach();
}

/* This thread's slot only if it has one already. */
static inline struct thread *thread_if_any(void)
{
	struct thread *t = thread_here;

	return __builtin_expect(t->live == THREAD_LIVE, 1) ? t : NULL;
}

/* 64 by 64 bits. An __int128 would take two registers more than it needs. */
static inline uint64_t multiply_wide(uint64_t a, uint64_t b, uint64_t *high)
{
#if defined(__x86_64__)
	__asm__("mulq %3" : "=a"(a), "=d"(*high) : "0"(a), "r"(b) : "cc");
	return a;
#else
	unsigned __int128 wide = (unsigned __int128)a * b;

	*high = (uint64_t)(wide >> 64);
	return (uint64_t)wide;
#endif
}

/*
 * Random numbers: a Weyl sequence through a widening multiplication (the construction of wyrand).
 * Start, step and salt are a thread's own, from the process's seed, so that no two threads can run
 * into each other's sequence. Each draw is 128 bits; the lower half is the result.
 */
static inline uint64_t thread_draw(struct thread *t, uint64_t *high)
{
	uint64_t state = t->random + t->step;

	t->random = state;
	return multiply_wide(state ^ t->salt, state, high);
}

/* An id is never zero. A jump that isn't taken is cheaper than a choice. */
static inline uint64_t thread_id_of(uint64_t random)
{
	if (__builtin_expect(random == 0, 0)) {
		__asm__ volatile("" : "+r"(random));
		random = 1;
	}
	return random;
}

static inline uint64_t thread_random(struct thread *t)
{
	uint64_t high, low = thread_draw(t, &high);

	return thread_id_of(low ^ high);
}

/* The ids of a trace and of its first span, from one draw. */
static inline void thread_random_root(struct thread *t, uint64_t trace_id[2], uint64_t *span_id)
{
	uint64_t high, low = thread_draw(t, &high);

	trace_id[0] = high + t->salt;
	trace_id[1] = thread_id_of(low ^ high);
	*span_id = thread_id_of((low << 32 | low >> 32) + high);
}

/* By one address: told where it comes from, gcc computes it anew at every use. */
static inline struct entry *thread_entry(struct thread *t, uint32_t depth)
{
	struct entry *e = &t->entry[depth];

	__asm__("" : "+r"(e));
	return e;
}

/* The nearest whole entry, from the top. */
static inline const struct entry *thread_top(const struct thread *t)
{
	uint32_t i = t->depth;

	while (i && __builtin_expect(entry_kind(&t->entry[i]) == ENTRY_HOLE, 0))
		i--;
	return &t->entry[i];
}

/* At startup, and in a forked child: make the slots' words and seeds usable. */
int thread_key_make(void);

/* A fresh slot: zeros, and the base of its stack. */
void thread_clear(struct thread *t, uint32_t slot);

/* It is the calling thread's from here on. */
void thread_enter(struct thread *t, uint32_t live);

/* In a forked child: this thread's slot gets the stack that `kept` has, its spans silent. NULL: there is none. */
void thread_inherit(struct thread *t, const struct entry *kept, uint32_t depth);
