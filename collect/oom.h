/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OOM: was a SIGKILL the kernel's, for want of memory? It says so in the control group alone:
 * memory.events counts what it killed there (version 2), memory.oom_control (version 1).
 *
 *     oom_watch(&o, pid);                     while the process lives
 *     if (killed by SIGKILL && oom_happened(&o)) ...
 *
 * Somebody else of the same group may have been the one that was killed; but then this one was
 * killed by SIGKILL at the same time by another, which is rare.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct oom {
	char path[512]; /* of the file that counts; empty: there is none to be seen */
	uint64_t before;
};

void oom_watch(struct oom *o, pid_t pid);
bool oom_happened(const struct oom *o);

/* The same by what /proc/PID/cgroup says, and where control groups are mounted. */
void oom_watch_text(struct oom *o, const char *groups, const char *mount);
