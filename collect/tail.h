/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tail: which finished traces are kept, when it is known how they went.
 *
 *     struct tail *t = tail_new(rules);            NULL rules.on: NULL, and everything passes
 *     tail_give(t, batch, now_ns, pass, you);      passes what is decided: batches that borrow
 *     tail_end(t, pass, you);                      the rest is decided by what is known of it
 *     t = tail_free(t);
 *
 * A trace is decided when its local root ends: the span here that has no parent, or one elsewhere. With
 * an error anywhere in it, or a root that took too long, it is kept whole; of all others a share by
 * trace id is. What comes later of the same trace follows, unless it is an error: from then on it is kept
 * again. Log records and points always pass. What waits is bounded: the oldest trace is decided early by
 * what is known, as is one whose root doesn't end. Spans that are not kept are counted (tail_dropped).
 *
 * Any thread; it has a lock of its own, held while `pass` is called.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

struct tail_rules {
	bool on;
	uint64_t threshold; /* the share: base/ratio.h */
	uint64_t slow_ns;   /* 0: nothing is slow */
};

/* ORIEL_TAIL_RATIO turns it on, if it makes sense; ORIEL_TAIL_SLOW_MS. */
struct tail_rules tail_rules_of(const struct settings *settings);

struct tail *tail_new(struct tail_rules rules);
struct tail *tail_free(struct tail *t);

typedef void tail_pass(struct batch *b, void *you); /* takes references of its own */

void tail_give(struct tail *t, struct batch *b, uint64_t now_ns, tail_pass *pass, void *you);
void tail_end(struct tail *t, tail_pass *pass, void *you);
