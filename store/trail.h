/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trail: audit records on disk. Lines of JSON, a file a day (of UTC), appended to and never changed;
 * each line has the hash of the one before it, so that a line that was changed, put in or taken out
 * shows.
 *
 *     DIR/audit-2026-11-21.jsonl    {"time":..,..,"prev":"HASH","hash":"HASH"}
 *
 *     r = trail_open(&t, dir, days);         days 0: kept for good
 *     trail_add(t, members);                 "a":1,"b":2 without braces: what a line says
 *     r = trail_sync(t);                     0: all that was added is on disk
 *     t = trail_free(t);
 *
 * `hash` is SHA-256 of the line up to the comma before it, and so includes `prev`; the first line of all
 * has zeros there. What can't be written stays, for the next sync. Several collectors may write to
 * one trail: the directory's lock is held while one does. One thread each.
 */
#pragma once

#include "base/str.h"

struct trail;

/* The directory is made when the first line is written. */
int trail_open(struct trail **out, const char *dir, unsigned days);
struct trail *trail_free(struct trail *t); /* what is not on disk is lost */

int trail_add(struct trail *t, struct str members);
int trail_sync(struct trail *t);

/* Does the end of the newest file have this text? For records that may have been given twice. */
bool trail_has(struct trail *t, struct str text);

struct trail_check {
	uint64_t n_lines, n_broken;
	char last[65];	/* the hash of the last line, "" without one */
	char where[80]; /* FILE:LINE of the first that is broken */
};

/* All lines, oldest first, as they are; `each` may be NULL. -ENOENT: there are none. */
int trail_read(const char *dir, struct trail_check *check, void (*each)(struct str line, void *you),
	       void *you);
