/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream: a descriptor that isn't ours alone, such as the run's standard output, and lines for it.
 *
 *     struct stream s;
 *     stream_init(&s, fd, stop);
 *     r = stream_put(&s, lines, clock_mono_ns() + 2000 * MS);
 *     stream_fini(&s);
 *
 * The descriptor belongs to the run, most likely to the service as well. It must not be switched to
 * non-blocking (the service would see that), and nobody may be reading at its other end: so text
 * goes out in pieces that a pipe takes as a whole, each after asking whether there is room. Pipes
 * and terminals are opened once more through /proc, for a non-blocking description of our own;
 * where that fails, asking must do.
 */
#pragma once

#include "base/str.h"

#include <limits.h>
#include <stdatomic.h>

enum { STREAM_PIECE_MOST = PIPE_BUF };

struct stream {
	int fd;
	bool own; /* fd is our own description of it */
	bool socket;
	bool torn; /* the last line went out in part */
	const atomic_bool *stop;
};

/* Both are borrowed; `stop` may be NULL. */
void stream_init(struct stream *s, int fd, const atomic_bool *stop);
void stream_fini(struct stream *s);

/*
 * Whole lines; what an earlier call left unfinished is ended first. -ETIME: there was no room before
 * `until_ns` of the monotonic clock, or *stop turned true; else -errno of the write.
 */
int stream_put(struct stream *s, struct str lines, uint64_t until_ns);
