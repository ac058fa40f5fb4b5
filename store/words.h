/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words: texts that repeat, kept once and numbered from 1. One per database connection.
 *
 * Words are never changed nor deleted, so what a connection has seen stays true. There are at most
 * WORDS_MOST of at most WORD_BYTES, so that a hostile sender's names can't fill memory; what finds
 * no room has no number (0), and its users write it out instead.
 */
#pragma once

#include "base/arena.h"

enum { WORDS_MOST = 65536, WORD_BYTES = 128, WORDS_NEAR = 256 };

struct db;
struct word_slot;

struct words {
	struct arena arena;
	struct word_slot *slot; /* open addressing; `room` is a power of two */
	size_t n, room;
	struct str *text; /* by number */
	size_t n_text;
	uint64_t seed;
	/* What was found last of those that begin and end alike: nearly always what is looked for. */
	struct word_near {
		uint64_t first, last; /* 8 bytes of either end */
		struct str text;
		uint32_t id;
	} near[WORDS_NEAR];
};

void words_fini(struct words *w); /* also forgets what a rolled back transaction added */

/* The number of a text; a new one is written to the database. 0: no number. */
uint32_t words_give(struct db *db, struct str text);

/* The same, but only looks. */
uint32_t words_find(struct db *db, struct str text);

/* "?" for a number that nobody gave. Borrowed from `db`. */
struct str words_text(struct db *db, uint64_t id);
