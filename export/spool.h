/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spool: requests that could not be sent, in files, until they can be: a first-in, first-out queue that
 * outlives the collector.
 *
 *     struct spool *s = spool_open(dir, "localhost:4318 traces", most);    NULL: no disk
 *     spool_put(s, which, n_items, body);
 *     while (spool_take(s, true, &body, &item)) { send item.body; spool_done(s, &item); }   or spool_back
 *     s = spool_close(s);                            what is in it stays
 *
 *     DIR/NAME-HASH/lock                who has it
 *     DIR/NAME-HASH/00000001.queue      head: magic, how far it was read; then records: head, body
 *
 * A file is 4 MiB, a record more if it must be. Where there are more bytes than `most` the oldest file goes,
 * and its items are counted (spool_dropped). Nothing is synced: what a power cut takes is lost, what a kill
 * takes isn't, and a record that is half there, or isn't what its checksum says, ends its file.
 *
 * Several may be taken before the first of them is done; what comes back is the next that is taken. How far it was
 * read says the oldest that isn't done, and what was done behind that one is marked.
 *
 * Several may have one of the same name, each a folder of its own (export/spool-folder.h): two services that send to the
 * same address, or one that begins while the one before it is being closed. What the one leaves the other may adopt.
 * One thread at a time uses a spool.
 */
#pragma once

#include "base/out.h"

struct spool;

struct spool_item {
	uint32_t which;	  /* the sender's own, but the lowest two bits: the place in n_done */
	uint32_t n_items; /* it stands for so many */
	struct str body;  /* in the `body` that it was taken with */
	uint64_t ticket;  /* which one it is */
};

enum { SPOOL_TAKEN_MOST = 64 };

/* The first of this name that nobody has, or one that was left with something in it. NULL: errno says why. */
struct spool *spool_open(const char *dir, const char *name, uint64_t most);
struct spool *spool_close(struct spool *s);

/*
 * Where there is nothing of ours: was anything left in another one of this name? Then that is ours. Looks once, and
 * again when one has been closed in this process with something in it: else it costs next to nothing.
 */
bool spool_adopt(struct spool *s);

/* 0, or a negative errno: the disk is full, or gone. */
int spool_put(struct spool *s, uint32_t which, uint32_t n_items, struct str body);

/*
 * False: there is none, or SPOOL_TAKEN_MOST of them are out; or it is of points, and those aren't wanted; or it can't
 * be read just now, for want of descriptors or memory, which is said by spool_is_short.
 */
bool spool_take(struct spool *s, bool points, struct out *body, struct spool_item *item);
bool spool_is_short(const struct spool *s);

/* Each once. done: false: it had to give way since it was taken, and is counted as dropped. */
bool spool_done(struct spool *s, const struct spool_item *item);
void spool_back(struct spool *s, const struct spool_item *item);

uint64_t spool_items(const struct spool *s); /* that aren't done */
uint64_t spool_held(const struct spool *s);  /* with those that are done behind one that isn't */
uint64_t spool_came(
	const struct spool *s); /* items that were put, or adopted, since it was opened */
uint64_t spool_bytes(const struct spool *s);
uint64_t spool_dropped(struct spool *s); /* items, since this was asked last */
