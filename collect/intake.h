/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intake: a segment (wire/segment.h) seen from the collector's side.
 *
 *     struct intake *in;
 *     r = intake_open(&in, dir_fd, name);     INTAKE_LATER: its maker is not done with it
 *                                             INTAKE_UNMADE: and never will be; it is gone
 *                                             INTAKE_REFUSED: not one of ours; told and counted
 *     r = intake_drain(in, each, you, &d);    every record once; INTAKE_MORE: call again
 *     in = intake_close(in);
 *
 * What was read is not always delivered yet. `round` is the number of this round, and what was read
 * in rounds up to `settled` has been delivered (both 0: all of it always is). The cursors in the
 * segment follow that, not the reading: see collect/settle.h.
 *
 * Everything is copied out under the guard (collect/guard.h) and only the copy is believed. A segment
 * that was cut short is -EFAULT from any call, counted once; it can only be closed then.
 */
#pragma once

#include "collect/open.h"
#include "model/settings.h"
#include "wire/record.h"
#include "wire/segment.h"

#include <stdbool.h>

enum intake_outcome {
	INTAKE_LATER = 1,
	INTAKE_REFUSED = 2,
	INTAKE_MORE = 3,
	INTAKE_UNMADE = 4,
};

enum {
	INTAKE_NAME = 128,
	INTAKE_SETTINGS = 256 * 1024,
	INTAKE_AT_ONCE = 128,
	CRASH_AREA_MOST = 1 << 20
};

/* A point between two records of a chunk, the thread of what follows, and when we were there. */
struct intake_spot {
	uint32_t at, tid;
	uint64_t round;
};

/* What the segment has been told of a chunk. */
struct intake_told {
	uint32_t read, tid, open, open_tid, seen;
};

/* What the collector knows of a chunk; it never asks the segment again. */
struct intake_chunk {
	uint32_t read, tid, bad;
	uint32_t doomed, doomed_write; /* its owner, found dead once, and the cursor then */
	uint32_t gen;		       /* how often it was freed, from 1 */
	uint32_t n_pins; /* its records of spans that are open, or not delivered yet */
	bool waits;	 /* could be freed, but for what isn't delivered */
	struct intake_spot last, mark, done; /* read; waiting to be settled; settled */
	struct intake_spot clear;	     /* nobody needs a START or a detail before it */
	struct intake_told told, found;	     /* now, and what the last collector had left */
};

struct intake {
	int fd;
	char name[INTAKE_NAME];
	unsigned char *map;
	size_t size;
	struct segment_header head; /* a copy; the words that change are not to be read here */
	struct settings settings;   /* a copy too */
	struct intake_chunk *chunk;
	uint32_t *state; /* a copy, per round */
	uint32_t next;	 /* chunk that an unfinished round goes on with */
	uint32_t n_waiting;
	uint64_t round, settled;
	struct place here; /* of the record that `each` is given */
	_Atomic bool cut_short;
	_Alignas(8) unsigned char bytes[CHUNK_SIZE];
};

/* What a round found. */
struct intake_drained {
	uint64_t n_records, n_bytes;
};

typedef void intake_each(const struct record_head *record, uint32_t tid, void *you);

int intake_open(struct intake **out, int dir_fd, const char *name);

/* Anybody's, to look at: what is marked and freed is so in our memory alone. -ENOENT, ...: not there. */
int intake_open_copy(struct intake **out, const char *path);
int intake_drain(struct intake *in, intake_each *each, void *you, struct intake_drained *d);
struct intake *intake_close(struct intake *in);

/* How many of its chunks are free, asked of the segment; 0 if that can't be told. */
uint32_t intake_room(struct intake *in);

static inline struct chunk *intake_chunk_at(const struct intake *in, uint32_t i)
{
	return (struct chunk *)(in->map + in->head.chunks_at + (size_t)i * CHUNK_SIZE);
}

/* Any guarded step on the mapping, with the segment's own error. */
int intake_step(struct intake *in, void (*step)(void *you), void *you);

static inline struct segment_header *intake_words(const struct intake *in)
{
	return (struct segment_header *)in->map;
}
