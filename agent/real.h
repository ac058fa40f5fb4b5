/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real: how the function behind a hook is reached.
 *
 *     static struct real_library library;
 *     static struct real real_step = { .name = "sqlite3_step", .library = &library };
 *     real_of(&real_step)                                 its address, or NULL
 *
 * The first loaded object after the agent that defines the name (in this version, if one is given,
 * so that two libcurls in one process stay apart) has it. That finds libraries of RTLD_LOCAL
 * plugins too, which dlsym(RTLD_NEXT) does not, never finds the agent itself, and leaves dlerror()
 * and the loader's lock alone. What came by dlopen is kept loaded from its first call on, since its
 * address is remembered; that one time a pending dlerror() of the calling thread is lost.
 *
 * Any thread; two that ask at once find the same.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct real_library {
	_Atomic uintptr_t text, text_end;
};

struct real {
	const char *name;
	const char *version; /* NULL: any */
	bool or_plain;	     /* a definition without any version will do as well */
	struct real_library *library;
	_Atomic(void *) address;
};

void *real_find(struct real *r);

static inline void *real_of(struct real *r)
{
	void *p = atomic_load_explicit(&r->address, memory_order_relaxed);

	return __builtin_expect(p != NULL, 1) ? p : real_find(r);
}

/*
 * A file's calls: from a list CALLS(X) of X(call), the table and REAL(call), the real one or NULL.
 *
 *     static struct real_library library;          or #define REAL_LIBRARY before this is included
 *     REAL_TABLE(CALLS);                           CALL_call, N_CALLS, real[]
 */
#define REAL_TABLE(calls) \
	enum { calls(REAL_INDEX) N_CALLS }; \
	static struct real real[] = { calls(REAL_ROW) }
#define REAL_INDEX(call) CALL_##call,
#define REAL_ROW(call) { .name = #call, .library = &REAL_LIBRARY },
#ifndef REAL_LIBRARY
#define REAL_LIBRARY library
#endif
#define REAL(call) ((__typeof__(call) *)real_of(&real[CALL_##call]))

/* Look for all n; false, after the first, if it is not loaded. */
bool real_find_all(struct real *r, size_t n);

/* From here on, what is found may have come by dlopen. */
void real_started(void);

/*
 * Is this return address inside the library itself? Libraries call their own exported functions
 * through the PLT, and those calls come here as well; they are not the program's.
 */
static inline bool real_calls_itself(const struct real_library *l, const void *return_address)
{
	uintptr_t at = (uintptr_t)return_address;

	return at >= atomic_load_explicit(&l->text, memory_order_relaxed) &&
	       at < atomic_load_explicit(&l->text_end, memory_order_relaxed);
}
