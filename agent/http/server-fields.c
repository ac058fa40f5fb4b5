/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/server-fields.h"

#include <string.h>

#include "agent/http/kept.h"
#include "lib/watcher.h"

enum { PATH_MOST = 64 };

struct known_fields {
	const char *method; /* a text that stays */
	struct oriel_context context;
	uint8_t path_n;
	char path[PATH_MOST];
};

static struct known_fields known[KEPT_MOST];
static struct kept kept;

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

struct oriel_context server_fields(const char *method, struct str path,
				   void (*make)(struct oriel_context *c, const char *method,
						struct str path))
{
	const struct known_fields *is;
	struct known_fields *k;
	uint32_t hash, i;

	if (path.n > PATH_MOST)
		return (struct oriel_context){ 0 };
	hash = hash_of(method, path);
	for (i = 0; (is = kept_at(&kept, hash, i)); i++)
		if (is_of(is, method, path))
			return is->context;
	i = kept_new(&kept, hash);
	if (i == KEPT_MOST)
		return (struct oriel_context){ 0 };
	k = &known[i];
	k->method = method;
	k->path_n = (uint8_t)path.n;
	memcpy(k->path, path.p, path.n);
	make(&k->context, method, path);
	oriel_context_keep(&k->context);
	kept_show(&kept, hash, k);
	return k->context;
}
