/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/sources.h"

#include "base/fnv.h"

#include <stdlib.h>

void sources_init(struct sources *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
}

static void forget(struct source *of)
{
	resource_free(of->resource);
	free((char *)of->bytes.p);
	*of = (struct source){ 0 };
}

void sources_fini(struct sources *s)
{
	for (size_t i = 0; i < SOURCES; i++)
		forget(&s->source[i]);
	pthread_mutex_destroy(&s->lock);
}

static uint64_t hash_of(struct str bytes, const char run[SOURCE_RUN])
{
	return fnv_add(fnv_add(FNV_START, bytes.p, bytes.n), run, SOURCE_RUN);
}

static void padded(char to[SOURCE_RUN], struct str run)
{
	memset(to, 0, SOURCE_RUN);
	if (run.n)
		memcpy(to, run.p, run.n < SOURCE_RUN ? run.n : SOURCE_RUN);
}

struct resource *sources_find(struct sources *s, struct str bytes, struct str run)
{
	struct resource *found = NULL;
	char id[SOURCE_RUN];
	uint64_t hash;

	padded(id, run);
	hash = hash_of(bytes, id);
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SOURCES && !found; i++) {
		struct source *of = &s->source[i];

		if (!of->resource || of->hash != hash || !str_eq(of->bytes, bytes) ||
		    memcmp(of->run, id, SOURCE_RUN) != 0)
			continue;
		of->used = ++s->turn;
		found = resource_ref(of->resource);
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* A place that is free, or whose turn is longest ago. */
static struct source *oldest(struct sources *s)
{
	struct source *old = &s->source[0];

	for (size_t i = 0; i < SOURCES && old->resource; i++)
		if (!s->source[i].resource || s->source[i].used < old->used)
			old = &s->source[i];
	return old;
}

void sources_keep(struct sources *s, struct str bytes, struct str run, struct resource *r)
{
	char *copy = bytes.n <= SOURCE_BYTES ? malloc(bytes.n + 1) : NULL;
	struct source *of;

	if (!copy)
		return;
	if (bytes.n)
		memcpy(copy, bytes.p, bytes.n);
	pthread_mutex_lock(&s->lock);
	of = oldest(s);
	forget(of);
	padded(of->run, run);
	of->bytes = (struct str){ copy, bytes.n };
	of->hash = hash_of(bytes, of->run);
	of->used = ++s->turn;
	of->resource = resource_ref(r);
	pthread_mutex_unlock(&s->lock);
}
