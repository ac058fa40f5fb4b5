/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settle: what has been read, and what has been delivered. The collector may be killed at any
 * moment; what it had read and not delivered is then still in the segment, for the next one.
 *
 *     settle_owe(&o, batch, &places, n_rounds, now);   given away, and the spans' records' places
 *     settle_look(&o, in, n_rounds, now);              what of it has been delivered by now
 *     settle_chunk(in, i);                             tells the segment how far chunk i has come
 *
 * A batch is delivered when nobody but us holds it: written, sent, or dropped and counted; or when
 * it has waited for SETTLE_NS, or many have come since, so that a dead endpoint doesn't hold up everything. Then each START
 * of its spans is marked in the segment, and after it the cursor goes on (struct chunk). Records of
 * spans that are open pin their chunk.
 *
 * A chunk that is full, or idle, is freed when all of it is settled and nothing pins it. But no
 * more than a quarter of the chunks wait for that: the next ones are freed as they are read, and
 * what was in them is in our memory alone. So a service never loses a record for our own death.
 */
#pragma once

#include "collect/intake.h"
#include "model/batch.h"

enum { SETTLE_LAG = 4 }; /* what ended in a round is given so many rounds later, at the latest */

/* As long as a batch is gathered and a request may take, usually: 5 and 10 s. Then it is on disk, or never will be. */
#define SETTLE_NS 16000000000ull

/* Batches that are owed, and places: what a round has to look at, and what is kept for it. */
enum { SETTLE_MOST = 1024, SETTLE_PLACES_MOST = 1 << 20 };

struct owing;

struct owed {
	struct owing *first, **tail;
	size_t n, n_places;
};

/* Takes `places`; `batch` (NULL: nothing came of it) gets one more reference. */
void settle_owe(struct owed *o, struct batch *b, struct places *places, uint64_t n_rounds,
		uint64_t now_ns);

/* Sets round and settled of `in`, for the round after `n_rounds`. */
void settle_look(struct owed *o, struct intake *in, uint64_t n_rounds, uint64_t now_ns);

/* Nobody will deliver any more. */
void settle_all(struct owed *o, struct intake *in, uint64_t n_rounds);
void settle_forget(struct owed *o);

/* intake.c's; find and reset touch the mapping, within a guarded step. */
void settle_find(struct chunk *c, struct intake_told *out);
void settle_reset(struct chunk *c);
void settle_adopt(struct intake_chunk *mine);
void settle_fresh(struct intake *in, uint32_t i);
int settle_chunk(struct intake *in, uint32_t i);
bool settle_may_free(struct intake *in, uint32_t i);
void settle_is_used(struct intake *in, uint32_t i); /* by a thread, again */
