/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reclaim: threads that are gone without having given back their slot and their chunk (killed by a
 * raw exit, or by a debugger) don't keep them.
 *
 * A chunk is taken from its owner only if it was found dead with the same cursor twice, a second
 * apart: a thread that has just taken an idle chunk, and not yet written its own number into it,
 * would look as dead as the one before it.
 */
#pragma once

#include "collect/intake.h"

#include <sys/types.h>

/* Does `tid` of this process live? The real one asks /proc. */
typedef bool reclaim_lives(pid_t pid, uint32_t tid, void *you);

bool reclaim_task_lives(pid_t pid, uint32_t tid, void *you);

/* About once a second, for a process that is alive and in our own pid namespace. */
int reclaim_dead(struct intake *in, reclaim_lives *lives, void *you);
