/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judged: which keys and texts have nothing to redact (base/redact.h), remembered, so that most cost
 * a comparison.
 *
 *     if (!judged_key(key, n))         ... it has an action ...
 *     if (!judged_text(text, n))       ... there may be a secret in it ...
 *
 * What lies in the executable's read-only memory never changes and never goes away: literals, which is
 * what nearly all keys and names are. For those the address says all, and a table of addresses holds
 * the ones that are harmless. Other keys are compared as a whole with those that were judged before.
 *
 * A word of the table is written whole, so any thread and signal handler may use it without a lock.
 */
#pragma once

#include "base/redact.h"
#include "wire/keys.h"

#include <stdatomic.h>

enum { JUDGED = 1024, JUDGED_LENGTH_SHIFT = 48 };

extern _Atomic uint64_t judged_keys[JUDGED] __attribute__((visibility("hidden")));
extern _Atomic uint64_t judged_texts[JUDGED] __attribute__((visibility("hidden")));

/*
 * What is to be done with an attribute whose key is a number: an enum redact_action; and
 * JUDGED_CLEAN if whoever writes it sees to it that its text has no secrets.
 */
enum { JUDGED_CLEAN = 0x10 };
extern uint8_t judged_known[N_KEYS] __attribute__((visibility("hidden")));

/* Once, at the first start: from now on these rules hold (process.redact). */
void judged_begin(void);

bool judged_key_slow(const char *key, size_t n);
bool judged_text_slow(const char *text, size_t n);

/* Relaxed: a word says something about its own bits only. */
static inline uint64_t judged_at(const _Atomic uint64_t table[JUDGED], const char *p)
{
	return atomic_load_explicit(&table[(uintptr_t)p % JUDGED], memory_order_relaxed);
}

/* A whole key, as the NUL behind it says. */
static inline __attribute__((always_inline)) bool judged_key(const char *key, size_t n)
{
	return __builtin_expect(judged_at(judged_keys, key) == (uintptr_t)key, 1) ||
	       judged_key_slow(key, n);
}

/* Less than 64 KiB. */
static inline __attribute__((always_inline)) bool judged_text(const char *text, size_t n)
{
	return n < REDACT_LEAST ||
	       judged_at(judged_texts, text) == ((uintptr_t)text | n << JUDGED_LENGTH_SHIFT) ||
	       judged_text_slow(text, n);
}
