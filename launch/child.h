/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child: a program that the launcher runs for what it prints, with a deadline.
 *
 *     r = child_run(argv, timeout_ms, &text, says);
 *
 * It has no standard input, a process group of its own, and our standard error.
 */
#pragma once

#include "base/out.h"

#include <sys/types.h>

enum { CHILD_OUTPUT_MOST = 65536 };

struct child {
	pid_t pid;
	int out; /* the reading end */
};

/* Runs it to its end; "" in `says` if it went well, with what it printed in `text`. */
int child_run(char *const *argv, unsigned timeout_ms, struct out *text, char says[200]);

/*
 * As fork, but for a negative error: the child, in a process group of its own, may write to `*out`, which
 * closes on exec, and the parent reads that.
 */
pid_t child_fork(struct child *c, int *out);

/* All that it writes, at most `most` bytes. -ETIMEDOUT, -EFBIG: there is more. */
int child_read(const struct child *c, struct out *text, size_t most, unsigned timeout_ms);

/* Its status; it can have closed its output, and go on: then it is killed after this long. */
int child_end(const struct child *c, unsigned timeout_ms, bool *late);

/* In a child: a descriptor that leads nowhere. */
void child_silence(int fd, int flags);
