/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/server-series.h"

#include <string.h>

#include "agent/http/kept.h"
#include "base/hot.h"

struct known_series {
	const char *method, *version; /* texts that stay: the same ones are the same pointers */
	struct oriel_series *series;
	uint16_t status;
	bool https;
	uint8_t route_n;
	char route[SERVER_ROUTE_MOST];
};

static struct known_series known[KEPT_MOST];
static struct kept kept;
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

HOT struct oriel_series *server_series_find(const struct server_request *q, unsigned status)
{
	const struct known_series *k;
	uint32_t hash;

	if (found_last && is_of(found_last, q, status))
		return found_last->series;
	hash = hash_of(q, status);
	for (uint32_t i = 0; (k = kept_at(&kept, hash, i)); i++)
		if (is_of(k, q, status)) {
			found_last = k;
			return k->series;
		}
	return NULL;
}

void server_series_keep(const struct server_request *q, unsigned status,
			struct oriel_series *series)
{
	uint32_t hash = hash_of(q, status), n = kept_new(&kept, hash);

	if (n == KEPT_MOST)
		return;
	known[n] = (struct known_series){ .method = q->method,
					  .version = q->version,
					  .series = series,
					  .status = (uint16_t)status,
					  .https = q->https,
					  .route_n = q->route_n };
	memcpy(known[n].route, q->route, q->route_n);
	kept_show(&kept, hash, &known[n]);
}
