/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: which number (trace.no) a trace id has.
 *
 *     trace ids are random: an index of them would put each new trace on another page of the file
 *
 *     recent [hash → no ...]          new traces, in the writer's memory; PLACES_MOST of them, then
 *          │  sorted, at once
 *          ▼
 *     place (hash, no)                a table; last.placed is the newest trace that it has
 *     bits                            of each hash in the table one: no bit, not there
 *
 * A place is a hint. Two ids may have one hash, and the row of a trace may be gone, so who finds a
 * number looks whether the row has the id. Places of rows that are gone are swept a slice of the
 * hashes at a time.
 *
 * Guarded by store.writing. Who reads meanwhile asks by DB_TRACE_NO what places_see says: recent ones, the
 * table, and the rows that are in neither, which are few or none. `lock` is held by who changes what is
 * seen so, and by who sees it.
 */
#pragma once

#include "model/telemetry.h"
#include "store/db.h"

#include <pthread.h>

enum { PLACES_MOST = 32768, PLACES_ALIKE = 4 };

struct place {
	uint64_t hash, no; /* no 0: free */
};

struct places {
	struct place *recent; /* open addressing by hash */
	size_t n, n_slots;
	uint64_t *bits;
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
