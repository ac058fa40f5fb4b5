/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pool: items of one size in memory of our own, taken and given back by any thread without a lock.
 *
 *     struct request { struct pool_item item; ... };
 *     static struct pool requests = { .item_bytes = sizeof(struct request), .n = 4096 };
 *
 *     pool_open(&requests)              when the library is first used; maps, touches nothing
 *     q = pool_take(&requests);         NULL: none left. Not cleared.
 *     pool_give(&requests, q);
 *
 * Pages are touched as items are first taken, and the last given is the next taken, so a pool costs
 * what was in use at once. Memory is never unmapped: a stale pointer reads a dead item, not a fault.
 *
 * Address space it takes at once, and where that is limited it has fewer items (base/address-space.h).
 *
 * Signal-safe. A fork in the middle of a take may cost the child one item.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool_item {
	_Atomic uint32_t next; /* in the list of free ones: index + 1 */
};

struct pool {
	size_t item_bytes;  /* a multiple of 8 */
	_Atomic uint32_t n; /* only ever less */
	_Atomic(unsigned char *) base;
	_Atomic uint32_t fresh; /* items never taken begin here */
	_Atomic uint64_t free;	/* tag << 32 | index + 1; the tag defeats ABA */
};

/* Before the first is opened: takes note of the limit, which is not asked for in a sandbox then. */
void pools_start(void);

/* The most bytes that one pool, or a table like it, may map. */
size_t pools_share(void);

bool pool_open(struct pool *p);
void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *item);

/* Does this pointer point at an item? */
bool pool_has(const struct pool *p, const void *pointer);
