/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Death: is a process still there, and what did it die of?
 *
 *     struct death d;
 *     death_watch(&d, pid, start_ticks);      0 ticks: whoever has that pid now
 *     if (death_look(&d) == DEATH_TOLD) ...   d.wait_status, d.when_real_ns
 *     death_forget(&d);
 *
 * A pidfd names one process for good; the start time tells whether it names the right one. The
 * status is the zombie's in /proc, or the kernel's from after the reaping (PIDFD_GET_INFO, Linux
 * 6.15). Between the two there is a moment with neither: DEATH_SILENT, ask again a little later.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>
#include <sys/types.h>

enum death_news {
	DEATH_ALIVE,
	DEATH_SILENT, /* gone; of what is not known, or not yet */
	DEATH_TOLD,
	DEATH_UNKNOWN, /* nobody to watch: another pid namespace, or gone before we came */
};

struct death {
	pid_t pid;
	int pidfd; /* -1: not watched */
	uint64_t start_ticks;
	enum death_news news;
	int wait_status; /* -1: not known */
	uint64_t when_real_ns;
};

void death_watch(struct death *d, pid_t pid, uint64_t start_ticks);
enum death_news death_look(struct death *d);
void death_forget(struct death *d);

/* Alive, and with memory: then what it had mapped was let go by exec or by itself, not by its end. */
bool death_has_image(const struct death *d);

/* "process killed by SIGKILL", ...; wait_status -1: cause unknown. Into `text`, cut to fit. */
struct str death_text(int wait_status, char *text, size_t size);

/* Is this a signal that a fault of the program's own raises? */
bool death_is_crash(int signal);
