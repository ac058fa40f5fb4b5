/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log file: lines, appended to a file that is rotated by size, by any number of threads and
 * processes at once.
 *
 *     app.log ──► app.log.1 ──► app.log.2 … app.log.5 ──► gone
 *
 *     struct log_file f;
 *     log_file_init(&f, path, 10 << 20, 5);
 *     r = log_file_put(&f, lines, until_ns);      whole lines; -errno: none of them is in the file
 *     log_file_fini(&f);
 *
 * Who writes or rotates holds the file's lock (flock), and once he has it sees whether the name
 * still leads to this file: what another has rotated, renamed or removed is opened anew. A piece
 * that would make the file larger than its limit goes into the next one; a piece that a full disk
 * cut short is taken back. So no line is lost or torn, as long as all writers are such, or append
 * whole lines in one write. The lock is waited for until `until_ns` only: -EAGAIN.
 *
 * Nothing is made before there is something to write. What isn't a regular file is written to as a
 * stream. Not for several threads at once.
 */
#pragma once

#include "export/place.h"

struct log_file {
	struct place at;
	uint64_t size; /* 0: no limit */
	uint64_t kept; /* 0: it isn't rotated */
	bool fresh;    /* not looked at since it was opened */
	const atomic_bool *stop;
};

/* Copies the path; false: out of memory. `stop` may be NULL. */
bool log_file_init(struct log_file *f, struct str path, uint64_t size, uint64_t kept,
		   const atomic_bool *stop);
void log_file_fini(struct log_file *f);

int log_file_put(struct log_file *f, struct str lines, uint64_t until_ns);
