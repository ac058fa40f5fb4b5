/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger file: the ledger as it is in the run directory, so that a collector that takes over goes on
 * where the last one was killed, and no total goes back.
 *
 *     ledger_save(&l, dir_fd, names, n);           written beside it, then put in its place
 *     ledger_load(&l, dir_fd, boot_id, &folded);   0: nothing was there, or nothing that makes sense
 *     folded_free(&folded);
 *
 * With it are the names of segments whose counts are in it already and whose files may still be there: to
 * fold them once more would count them twice.
 *
 *     "ORLEDGR2" | boot id, 16 bytes | size and hash of the rest, 8 each | names | accounts
 *     account:   place | attributes | run | points | n, and n times: pid | points
 *
 * Numbers are in the machine's own form, texts have their length before them. Whatever is read is foreign:
 * a file that was cut short, is of another boot or isn't ours counts as none, and what is in it is
 * no more than a ledger may have. Exemplars aren't kept.
 */
#pragma once

#include "base/out.h"
#include "collect/ledger.h"

enum { LEDGER_BOOT = 16, LEDGER_FILE_MOST = 256 << 20 };

/* Names, as a list. */
struct folded {
	struct folded *next;
	char name[128];
};

struct ledger_file {
	int dir_fd;
	uint8_t boot_id[LEDGER_BOOT];
};

/* Adds `folded` (borrowed); 0 or a negative error, after which the file that was there still is. */
int ledger_save(const struct ledger *l, const struct ledger_file *f, const struct folded *folded);

/* Into an empty ledger; `*folded` are the caller's. */
int ledger_load(struct ledger *l, const struct ledger_file *f, struct folded **folded);

/* Nothing is worth being kept. */
void ledger_discard(const struct ledger_file *f);

bool folded_add(struct folded **list, const char *name);
bool folded_take(struct folded **list, const char *name); /* true: it was there */
struct folded *folded_free(struct folded *list);

/* The bytes alone. False: they make no sense; what made sense before is in the ledger. */
void ledger_write(struct out *o, const struct ledger *l, const uint8_t boot_id[LEDGER_BOOT],
		  const struct folded *folded);
bool ledger_read(struct ledger *l, struct str bytes, const uint8_t boot_id[LEDGER_BOOT],
		 struct folded **folded);

/* What the head has of the rest. Of damage, not of malice: who may write here may write anything. */
uint64_t ledger_hash(struct str bytes);
