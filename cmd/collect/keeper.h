/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeper: the store's thread and its bounded queue, so that a slow disk delays only the store.
 *
 *     struct keeper *k;
 *     r = keeper_new(&k, store);             the store is borrowed until keeper_free
 *     keeper_offer(k, batch);                takes a reference of its own; never waits
 *     keeper_flush(k, 2000);                 all that was offered is written or counted?
 *     k = keeper_free(k, 5000);
 *
 * Offers and runs' beginnings and ends are written in the order in which they came. A full queue
 * drops the newest batch and counts its items (store_dropped); the ends of runs are never dropped.
 * Every call accepts a NULL keeper: there is no store, and nothing to do. Any thread.
 */
#pragma once

#include "store/store.h"

struct keeper;

int keeper_new(struct keeper **out, struct store *store);
struct keeper *keeper_free(struct keeper *k, uint32_t timeout_ms);

void keeper_offer(struct keeper *k, struct batch *b);
void keeper_run_started(struct keeper *k, const struct store_run *run);
void keeper_run_ended(struct keeper *k, struct str id, uint64_t ended_ns, int32_t wait_status);

/* Would this many items be taken now? */
bool keeper_has_room(struct keeper *k, size_t items);

/* False: the time was over first. */
bool keeper_flush(struct keeper *k, uint32_t timeout_ms);
size_t keeper_queued(struct keeper *k);
