/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/server-fields.h"

#include <stdatomic.h>
#include <string.h>

#include "lib/watcher.h"

enum { KNOWN_MOST = 128, PATH_MOST = 64, WORDS = 512, PROBES = 4 };

struct known_fields {
	const char *method; /* a text that stays */
	struct oriel_context context;
	uint8_t path_n;
	char path[PATH_MOST];
};

static struct known_fields known[KNOWN_MOST];
static _Atomic uint32_t n_known;

/* Stored with release once an entry is whole, loaded with acquire. */
static struct known_fields *_Atomic word[WORDS];

static uint32_t hash_of(const char *method, struct str path)
{
	uint64_t hash = (uintptr_t)method;

	for (size_t i = 0; i < path.n; i++)
		hash = (hash ^ (unsigned char)path.p[i]) * 0x100000001b3u;
	return (uint32_t)(hash * 0x9e3779b97f4a7c15u >> 40);
}

static bool is_of(const struct known_fields *k, const char *method, struct str path)
{
	return k->method == method && k->path_n == path.n && memcmp(k->path, path.p, path.n) == 0;
}

static struct known_fields *entry_new(void)
{
	uint32_t n = atomic_load_explicit(&n_known, memory_order_relaxed);

	do {
		if (n == KNOWN_MOST)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&n_known, &n, n + 1, memory_order_relaxed,
							memory_order_relaxed));
	return &known[n];
}

/* Two threads may keep the same at once: one of both entries is found by nobody. */
struct oriel_context server_fields(const char *method, struct str path,
				   void (*make)(struct oriel_context *c, const char *method,
						struct str path))
{
	uint32_t hash = path.n <= PATH_MOST ? hash_of(method, path) : 0;
	struct oriel_context none = { 0 };
	struct known_fields *k = NULL, *is;
	uint32_t i = 0;

	if (path.n > PATH_MOST)
		return none;
	for (; i < PROBES; i++) {
		is = atomic_load_explicit(&word[(hash + i) % WORDS], memory_order_acquire);
		if (!is)
			break;
		if (is_of(is, method, path))
			return is->context;
	}
	if (i < PROBES)
		k = entry_new();
	if (!k)
		return none;
	k->method = method;
	k->path_n = (uint8_t)path.n;
	memcpy(k->path, path.p, path.n);
	make(&k->context, method, path);
	oriel_context_keep(&k->context);
	is = NULL;
	atomic_compare_exchange_strong_explicit(&word[(hash + i) % WORDS], &is, k,
						memory_order_release, memory_order_relaxed);
	return k->context;
}
