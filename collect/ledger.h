/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger: what processes had counted that are dead, by service and place, so that a service's totals
 * never go back however many processes it uses up.
 *
 *     ledger_fold(&l, place, batch);            a process's last points
 *     account = ledger_find(&l, place, resource);
 *     ledger_fini(&l);
 *
 * Constant space: an account has at most so many series, of dead processes' own gauges (mode `all`) it
 * has the last hundred, and there are so many accounts; then the one that was used longest ago goes,
 * and is counted. It survives the collector in a file (collect/ledger-file.h).
 *
 * Not locked: whoever uses it sees to that.
 */
#pragma once

#include "collect/tally.h"

enum { LEDGER_ACCOUNTS = 256, LEDGER_SERIES = 20000, LEDGER_DEAD = 100, LEDGER_PLACE = 224 };

struct account {
	struct account *next;
	char *place;
	struct resource *common; /* what all of them had in common */
	struct tally dead;
	struct batch *gauges[LEDGER_DEAD]; /* a ring */
	size_t next_gauges;
};

struct ledger {
	struct account *account; /* the one that was used last is the first */
	size_t n;
};

void ledger_fini(struct ledger *l);
void ledger_fold(struct ledger *l, const char *place, const struct batch *b);

/* Of the same service (name and namespace) in that place; NULL: none. */
struct account *ledger_find(const struct ledger *l, const char *place, const struct resource *r);

/* One more, behind all others; NULL: no memory, or there are too many. */
struct account *ledger_append(struct ledger *l, struct str place, struct resource *r);

/* Each dead process's own: the last hundred processes'. */
void account_keep_gauges(struct account *a, const struct batch *b);

/* Adds all of it. */
void account_tally(const struct account *a, struct tally *t);

/* Are they of one service? */
bool resource_is_service(const struct resource *a, const struct resource *b);

/* Attributes that are the same in both; a new reference, `a` itself if it is all of it. NULL: no memory. */
struct resource *resource_common(struct resource *a, const struct resource *b);
