/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent: watches libraries from inside a program that knows nothing of it, by LD_PRELOAD. It
 * exports some of their functions, so that the program's calls come here first, and passes each on
 * to the real one (agent/real.h). What it sees goes to liboriel.
 *
 * A guest. It is inert until its constructor ran, and for good if recording is off; but see agent_passes. State lives in
 * pools that are mapped when a library is first used (agent/pool.h), or in the caller's frame.
 *
 * A watched library is one file in agent/libraries/ that ends with a `struct watched`, and a row in
 * agent/list.c:
 *
 *     static struct watch watch;                               its switch
 *     if (!watches(&watch)) return REAL(call)(...);            each hook asks: two loads
 *     const struct watched watched_sqlite = { .name = "sqlite", .aliases = "sqlite3,sql",
 *                                             .summary = "...", .watch = &watch };
 *
 * A library costs nothing until it is used: real_of finds a function at its first call, pools and
 * instruments are made by the first hook that needs them.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/watcher.h"
#include "oriel.h"

/* A function that the program is to find here instead of in its library. */
#define HOOK __attribute__((visibility("default")))

/* Is this library watched? agent.c sets it, at any time. */
struct watch {
	_Atomic bool on;
	bool started; /* agent.c's */
};

struct watched {
	const char *name;
	const char *summary;
	const char *aliases; /* other names in lists of libraries: "a,b"; may be NULL */
	void (*start)(void); /* once, before it is first on; searches for nothing. May be NULL */
	struct watch *watch; /* NULL: hooks ask agent_watches, and it can't be off on its own */
	/* Is it also watched where contexts are all that passes (agent_passes)? NULL: no. */
	bool (*passes)(void);
};

static inline bool contexts_pass(void)
{
	return true;
}

extern const struct watched *const watched[]; /* ends with NULL */

/*
 * agent_passes: nothing is recorded (OTEL_SDK_DISABLED=true), but contexts that come in go out again. Hooks then do
 * all that they always do; what they tell liboriel goes nowhere, and their spans have their parents' contexts.
 */
extern _Atomic bool agent_on, agent_passes;

static inline bool agent_has_work(void)
{
	return oriel_recording() || atomic_load_explicit(&agent_passes, memory_order_relaxed);
}

/* Anything to do? Every hook asks this, or `watches`, first, and passes through if not. */
static inline bool agent_watches(void)
{
	return atomic_load_explicit(&agent_on, memory_order_relaxed) && agent_has_work();
}

/* The same for a library with a switch of its own. */
static inline bool watches(const struct watch *w)
{
	return atomic_load_explicit(&w->on, memory_order_relaxed) && agent_has_work();
}

/* Something was not watched for want of room in a pool or table: counted, never silent. */
void agent_missed(const char *library);

/* A message that is sent without the fields that we should have put into it, counted. */
void agent_unedited(void);

/* Monotonic, from the vDSO. For durations oriel_moment costs less (lib/watcher.h). */
static inline uint64_t agent_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double agent_seconds_since(uint64_t begin_ns)
{
	return (double)(agent_now_ns() - begin_ns) / 1e9;
}

/* Attributes that are gathered one by one; what is beyond the last is left out. */
struct gathered {
	size_t n;
	struct oriel_attribute item[20];
};

static inline void gather(struct gathered *g, struct oriel_attribute a)
{
	if (g->n < sizeof(g->item) / sizeof(g->item[0]))
		g->item[g->n++] = a;
}

static inline struct oriel_attributes gathered_all(const struct gathered *g)
{
	return (struct oriel_attributes){ g->item, g->n };
}
