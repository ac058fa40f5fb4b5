/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: which number (trace.no) a trace id has.
 *
 *     trace ids are random: an index of them would put each new trace on another page of the file, and a
 *     table in their order would be written anew, page by page, for each few thousand of them
 *
 *     recent [hash → no ...]          new traces, in the writer's memory; PLACES_MOST of them, then
 *          │  sorted, at once
 *          ▼
 *     place                           a run of rows, one for each slice of the hashes: who looks for a hash
 *                                     reads a row of each run. last.placed is the newest trace that is there
 *     filter                          of nearly all hashes that aren't in the table it says so
 *
 * A place is a hint. Two ids may have one hash, and the row of a trace may be gone, so who finds a
 * number looks whether the trace there has the id. Runs of which all traces are gone are swept, a slice at a time.
 *
 * Guarded by store.writing. Who reads meanwhile asks, in one transaction, for what places_see and places_find
 * say, and the traces that are in neither, which are few or none. `lock` is held by who changes what
 * places_see sees, and by who sees it.
 */
#pragma once

#include "model/telemetry.h"
#include "store/db.h"
#include "store/filter.h"

#include <pthread.h>

enum { PLACES_MOST = 32768, PLACES_ALIKE = 4 };

struct place {
	uint64_t hash, no; /* no 0: free */
};

struct places {
	struct place *recent; /* open addressing by hash */
	size_t n, n_slots;
	struct filter filter;
	uint64_t no, placed; /* what of the file is known; see places_follow */
	bool known;
	unsigned slice, n_slices; /* the next to be swept, and how many are */
	pthread_mutex_t lock;
};

/* Zeros: nothing is known. */
struct places_seen {
	uint64_t no[PLACES_ALIKE]; /* recent traces with the hash */
	uint64_t known, placed;	   /* with so many in the table, no others are up to `known` */
};

void places_see(struct places *p, uint64_t hash, struct places_seen *seen); /* any thread */

uint64_t place_hash(struct trace_id id); /* 63 bits */

/* What the table has, the newest first; returns how many. */
size_t places_find(struct db *db, uint64_t hash, uint64_t no[PLACES_ALIKE]);

/*
 * In a transaction, first: what the file has and we don't, as it is newly opened or another collector
 * writes to it. Errors are the connection's.
 */
void places_follow(struct places *p, struct db *db, uint64_t no, uint64_t placed);

/* Will be asked for soon: asks for the memory, which no cache holds. */
void places_expect(const struct places *p, uint64_t hash);

/* The numbers of recent traces with this hash, one after the other from *at = 0; 0: no more. */
uint64_t places_next(const struct places *p, uint64_t hash, size_t *at);
bool places_may_hold(const struct places *p, uint64_t hash); /* the table */

/* After a commit, with the lock: these are new. What can't be kept is read again from the file. */
void places_add(struct places *p, uint64_t hash, uint64_t no);
void places_known(struct places *p, uint64_t no);

/* After a write, in transactions of their own: what became many, and what was left behind. */
void places_put(struct places *p, struct db *db);
void places_sweep(struct places *p, struct db *db);
void places_left(struct places *p); /* traces were deleted */

void places_init(struct places *p);
void places_fini(struct places *p);

/* An SQL aggregate: place_row(hash, no) is the column `data`, of what was a row each up to form 6. */
void places_functions(sqlite3 *sql);
