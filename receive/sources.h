/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: the resources that requests came from lately, so that the same one is not made anew, nor
 * kept twice, for each request.
 *
 *     r = sources_find(&s, bytes, run);      as it was written then; NULL: not known (any more)
 *     sources_keep(&s, bytes, run, r);
 *
 * Told apart by the very bytes that they were written in. Any thread; what find returns is one
 * reference, the caller's.
 */
#pragma once

#include "model/resource.h"

#include <pthread.h>

enum { SOURCES = 64, SOURCE_BYTES = 16384, SOURCE_RUN = 16 };

struct sources {
	pthread_mutex_t lock;
	uint64_t turn;
	struct source {
		uint64_t hash, used;
		struct str bytes;
		char run[SOURCE_RUN];
		struct resource *resource; /* NULL: a free place */
	} source[SOURCES];
};

void sources_init(struct sources *s);
void sources_fini(struct sources *s);
struct resource *sources_find(struct sources *s, struct str bytes, struct str run);
void sources_keep(struct sources *s, struct str bytes, struct str run, struct resource *r);
