/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change: POST /api/control, which does what `oriel set` does (doc/control.md).
 *
 *     {"target": "shop", "set": ["level=debug", "level.db="]}
 *
 * The only request that changes anything, so the only one that isn't for everybody who reaches the
 * page: it must come over loopback, from a process of our user or of root (the kernel's table of
 * connections says whose it is), as application/json, and if a browser sent it, from our own page.
 */
#pragma once

#include "view/reply.h"

#include <microhttpd.h>

enum { CHANGE_BODY_MOST = 4096 };

struct change_post {
	bool begun;
	size_t n; /* beyond the most: too much */
	char body[CHANGE_BODY_MOST];
};

/* A piece of the body. */
void change_gather(struct change_post *post, const char *data, size_t n);

/* Why this caller may not; NULL: it may. */
const char *change_refusal(struct MHD_Connection *c);

void change_answer(const struct view_facts *v, const struct change_post *post, struct reply *r);
