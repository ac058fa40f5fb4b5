/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Place: what lies at a path and is appended to, mostly a file that somebody rotates.
 *
 *     struct place p = { .path = path, .fd = -1 };
 *     r = place_open(&p);                         -errno
 *     if (!place_is_here(&p, &size)) ...          the name leads elsewhere by now
 *     place_close(&p);
 *
 * What isn't a regular file (a pipe, a terminal) is written to as a stream.
 */
#pragma once

#include "base/str.h"

#include <stdatomic.h>

struct place {
	char *path; /* the owner's */
	int fd;	    /* -1: not open */
	bool regular;
	bool torn; /* its last line is cut short */
};

int place_open(struct place *p);
void place_close(struct place *p);

/* Does the name still lead to what is open? `size` (may be NULL) is the file's. */
bool place_is_here(const struct place *p, uint64_t *size);

/* To what isn't a regular file; as stream_put. */
int place_stream(struct place *p, struct str lines, const atomic_bool *stop, uint64_t until_ns);
