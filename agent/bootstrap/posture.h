/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Posture: what of the process a bootstrap hook must leave as it was: working directory, umask,
 * signal mask, and the descriptors that were open (those below POSTURE_MOST; new ones may stay).
 */
#pragma once

#include "agent/bootstrap/outcome.h"

#include <signal.h>
#include <sys/types.h>

enum { POSTURE_MOST = 256 };

struct posture {
	dev_t cwd_device;
	ino_t cwd_inode;
	mode_t umask;
	sigset_t mask;
	struct {
		bool open;
		dev_t device;
		ino_t inode;
	} fd[POSTURE_MOST];
};

/* The calling thread's; not while other threads look at the umask. */
void posture_take(struct posture *p);

/* False, with *o, if something is not as it was. */
bool posture_holds(const struct posture *p, struct outcome *o);
