/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run directory: where segments, collector.pid and collector.sock lie. Ours alone (0700), or it is
 * refused: whoever may write there may be somebody else's collector.
 *
 *     r = rundir_open(&d, path);              -EBUSY: another collector has it
 *     rundir_close(&d);                       gives up the lock
 */
#pragma once

#include "base/str.h"

struct rundir {
	int fd;
	int lock_fd;  /* collector.pid, locked */
	int watch_fd; /* inotify: files that come and are let go */
};

int rundir_open(struct rundir *d, const char *path);
void rundir_close(struct rundir *d);

/* The lock alone, for a moment of doubt; -EBUSY as above. */
void rundir_unlock(struct rundir *d);
int rundir_lock(struct rundir *d);

/* Was it removed, or another put in its place? Then nobody can find us any more. */
bool rundir_is_lost(const struct rundir *d, const char *path);

/* Every segment's name that is there now. */
int rundir_list(const struct rundir *d, void (*each)(const char *name, void *you), void *you);

/* What inotify has to say since the last call. */
struct rundir_news {
	void (*came)(const char *name, void *you);
	void (*let_go)(const char *name, void *you); /* nobody has it open any more, perhaps */
	void (*lost)(void *you);		     /* events were lost: look at everything */
	void *you;
};

void rundir_read(const struct rundir *d, const struct rundir_news *news);
