/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folder: where a spool's files are, and who has it.
 *
 *     if (spool_folder_take(&f, dir, "otlp 1 http://localhost:4318", 1, true) == FOLDER_OURS)
 *             ...files in f.dir, until spool_folder_leave(&f)
 *
 *     DIR/NAME-HASH/lock        the first of its name; who has it holds a lock (flock), which a kill ends, too
 *     DIR/NAME-HASH.2/lock      the second, for who comes while the first is taken
 *
 * Nothing is kept in memory; any thread.
 */
#pragma once

#include <stdbool.h>

enum { SPOOL_FOLDERS = 16 }; /* of one name */

struct spool_folder {
	int dir, lock; /* -1: none */
};

enum folder_outcome {
	FOLDER_OURS,
	FOLDER_TAKEN, /* by somebody else */
	FOLDER_NONE,  /* it isn't there, or can't be made: errno */
};

/* The `nth` of this name, from 1; `make`: it is made if it isn't there. */
enum folder_outcome spool_folder_take(struct spool_folder *out, const char *dir, const char *name,
				      unsigned nth, bool make);
void spool_folder_leave(struct spool_folder *f);
