/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept: what was made once for requests that are often the same. A table from a hash to the user's own
 * entries, of which there are KEPT_MOST.
 *
 *     for (uint32_t i = 0; (one = kept_at(&kept, hash, i)); i++)
 *             if (it is of this request)
 *                     return one;
 *     i = kept_new(&kept, hash);             KEPT_MOST: there is no more room
 *     ...fill entry[i]...
 *     kept_show(&kept, hash, &entry[i]);
 *
 * Any thread, without a lock, and for ever. An entry is stored with release once it is whole, and loaded with
 * acquire. Two threads may keep the same at once: one of both entries is found by nobody.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEPT_MOST = 128, KEPT_WORDS = 512, KEPT_PROBES = 4 };

struct kept {
	_Atomic uint32_t n;
	_Atomic(const void *) word[KEPT_WORDS];
};

/* The i-th that may be it; NULL: there is none from here on. */
static inline const void *kept_at(const struct kept *k, uint32_t hash, uint32_t i)
{
	if (i == KEPT_PROBES)
		return NULL;
	return atomic_load_explicit(&k->word[(hash + i) % KEPT_WORDS], memory_order_acquire);
}

static inline uint32_t kept_new(struct kept *k, uint32_t hash)
{
	uint32_t n = atomic_load_explicit(&k->n, memory_order_relaxed), i = 0;

	while (kept_at(k, hash, i))
		i++;
	if (i == KEPT_PROBES)
		return KEPT_MOST;
	while (n < KEPT_MOST &&
	       !atomic_compare_exchange_weak_explicit(&k->n, &n, n + 1, memory_order_relaxed,
						      memory_order_relaxed))
		;
	return n;
}

static inline void kept_show(struct kept *k, uint32_t hash, const void *entry)
{
	bool shown = false;

	for (uint32_t i = 0; i < KEPT_PROBES && !shown; i++) {
		const void *none = NULL;

		shown = atomic_compare_exchange_strong_explicit(&k->word[(hash + i) % KEPT_WORDS],
								&none, entry, memory_order_release,
								memory_order_relaxed);
	}
}
