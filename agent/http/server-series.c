/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/server-series.h"

#include <stdatomic.h>
#include <string.h>

enum { KNOWN_MOST = 128, WORDS = 512, PROBES = 4 };

struct known_series {
	const char *method, *version; /* texts that stay: the same ones are the same pointers */
	struct oriel_series *series;
	uint16_t status;
	bool https;
	uint8_t route_n;
	char route[SERVER_ROUTE_MOST];
};

static struct known_series known[KNOWN_MOST];
static _Atomic uint32_t n_known;

/* Stored with release once an entry is whole, loaded with acquire. */
static struct known_series *_Atomic word[WORDS];
static __thread const struct known_series *found_last __attribute__((tls_model("initial-exec")));

static uint32_t hash_of(const struct server_request *q, unsigned status)
{
	uint64_t hash = (uintptr_t)q->method * 31 + (uintptr_t)q->version;
	uint64_t route = 0;
	size_t n = q->route_n < 8 ? q->route_n : 8;

	if (n)
		memcpy(&route, q->route + q->route_n - n, n);
	hash = (hash ^ route ^ (uint64_t)status << 32 ^ q->route_n ^ q->https) *
	       0x9e3779b97f4a7c15u;
	return (uint32_t)(hash >> 40);
}

static bool is_of(const struct known_series *k, const struct server_request *q, unsigned status)
{
	return k->method == q->method && k->version == q->version && k->status == status &&
	       k->https == q->https && k->route_n == q->route_n &&
	       (!k->route_n || memcmp(k->route, q->route, k->route_n) == 0);
}

struct oriel_series *server_series_find(const struct server_request *q, unsigned status)
{
	uint32_t hash;

	if (found_last && is_of(found_last, q, status))
		return found_last->series;
	hash = hash_of(q, status);

	for (uint32_t i = 0; i < PROBES; i++) {
		const struct known_series *k =
			atomic_load_explicit(&word[(hash + i) % WORDS], memory_order_acquire);

		if (!k)
			return NULL;
		if (!is_of(k, q, status))
			continue;
		found_last = k;
		return k->series;
	}
	return NULL;
}

/* Two threads may keep the same at once: it is the same series. */
void server_series_keep(const struct server_request *q, unsigned status,
			struct oriel_series *series)
{
	uint32_t n = atomic_load_explicit(&n_known, memory_order_relaxed),
		 hash = hash_of(q, status);
	struct known_series *k;

	do {
		if (n == KNOWN_MOST)
			return;
	} while (!atomic_compare_exchange_weak_explicit(&n_known, &n, n + 1, memory_order_relaxed,
							memory_order_relaxed));
	k = &known[n];
	k->method = q->method;
	k->version = q->version;
	k->series = series;
	k->status = (uint16_t)status;
	k->https = q->https;
	k->route_n = q->route_n;
	memcpy(k->route, q->route, q->route_n);
	for (uint32_t i = 0; i < PROBES; i++) {
		struct known_series *none = NULL;

		if (atomic_compare_exchange_strong_explicit(&word[(hash + i) % WORDS], &none, k,
							    memory_order_release,
							    memory_order_relaxed))
			return;
	}
}
