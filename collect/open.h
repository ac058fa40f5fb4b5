/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open: the spans of one process that have begun and not ended, by span id.
 *
 *     struct open_table t = { 0 };
 *     struct open_span *o = open_add(&t, id);         NULL: too many, or no memory
 *     open_keep(&t, o, record, tid);                  a copy of the record, chained to the span
 *     open_remove(&t, o);
 *     open_fini(&t);
 *
 * Nothing here is allocated per span: entries and record copies come from recycled slabs. A burst's
 * memory goes back once the table is empty again. What was used a round ago is in nobody's cache any
 * more, so the next one of a list is fetched while this one is used.
 *
 * Each copy knows the place in the segment that it was made of (`here`, if its gen isn't 0). The
 * places of a span that is removed are added to `gone`, which is for the table's owner to take.
 */
#pragma once

#include "base/arena.h"
#include "collect/time.h"
#include "wire/record.h"

enum {
	OPEN_MOST = 65536,
	OPEN_MEMORY = 64 * 1024 * 1024, /* of record copies, a process */
	OPEN_SPAN_MEMORY = 1024 * 1024, /* of record copies, a span */
	PIECE_SMALL = 1024,
	PIECE_CLASSES = PIECE_SMALL / 64 + 4,
};

/* Where a record lies; `gen` counts how often its chunk has been freed, from 1. */
struct place {
	uint32_t chunk, gen;
	uint32_t at; /* 0: not a START, nobody needs to know */
};

struct places {
	struct place *item;
	size_t n, room;
};

/* A copy of a record; `bytes` is aligned as records are. */
struct piece {
	struct piece *next;
	uint32_t tid;
	uint32_t slab;
	struct place place;
	_Alignas(8) unsigned char bytes[];
};

struct open_span {
	uint64_t id;
	struct open_span *next; /* in the assembler's list of ended, or of unstarted */
	struct piece *start;	/* NULL while its START has not been seen */
	struct piece *detail, **tail;
	struct instant begun, ended;
	uint32_t round; /* when it came onto the list */
	uint32_t memory, n_details, n_events, n_links;
	uint32_t dropped_events, dropped_links;
	bool has_end, listed;
	bool was_seen; /* its first record had been looked at by a collector before us */
	uint8_t end_flags, end_code;
};

struct open_slot {
	uint64_t id;
	struct open_span *span;
};

struct open_table {
	struct open_slot *slot;
	size_t n, room; /* room is a power of two, or 0 */
	size_t most;	/* n, lately */
	uint64_t seed;
	struct arena arena;
	struct open_span *spare;
	struct piece *spare_piece[PIECE_CLASSES];
	struct place here;
	uint64_t n_copies; /* ever made */
	struct places gone;
};

struct open_span *open_find(const struct open_table *t, uint64_t id);
struct open_span *open_add(struct open_table *t, uint64_t id);
void open_remove(struct open_table *t, struct open_span *o);

/* A copy, not yet chained to anything; NULL: over the limit. */
struct piece *open_copy(struct open_table *t, struct open_span *o, const struct record_head *h,
			uint32_t tid);
bool open_keep(struct open_table *t, struct open_span *o, const struct record_head *h,
	       uint32_t tid);
void open_fini(struct open_table *t);
