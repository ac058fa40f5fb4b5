/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store from inside: one connection that writes, a few that read.
 *
 *     struct db *db;
 *     r = store_reader_take(st, &db);       waits while all are out
 *     ...
 *     store_reader_give(st, db);
 *
 * The writer's connection is guarded by `writing`; a reader belongs to who took it. In memory there
 * is one connection, so a reader is the writer's and holds `writing`.
 */
#pragma once

#include "base/out.h"
#include "store/block.h"
#include "store/db.h"
#include "store/places.h"
#include "store/requests.h"
#include "store/store.h"

#include <pthread.h>

enum {
	STORE_READERS = 4,
	STORE_SOURCES = 8,
	STORE_TEXT_ROWS = 200000,
	STORE_REQUESTS = 4,
	STORE_BLOCKS = 4
};

struct store_reader {
	struct db db;
	bool open, out;
};

/* What a resource is in the file, while it isn't forgotten. */
struct store_source {
	struct resource *resource; /* a reference; NULL: none */
	uint32_t no, service, run;
	uint64_t used_span, used_log; /* up to these the file says that it is used */
};

struct store {
	char *path;
	bool memory;
	pthread_mutex_t writing;
	struct db writer;
	struct places places;			      /* the writer's */
	struct out blob, blob_resource;		      /* the writer's */
	struct out heads, squeezed;		      /* likewise: of a block */
	struct requests_row requests[STORE_REQUESTS]; /* likewise */
	struct store_source source[STORE_SOURCES];    /* likewise, by the resource's address */
	struct block block[STORE_BLOCKS];	      /* likewise */
	pthread_mutex_t pool;
	pthread_cond_t given;
	struct store_reader reader[STORE_READERS];
	_Atomic uint64_t max_bytes, max_runs;
	_Atomic int state;
	uint64_t file_bytes;   /* after the last write; also what deleted rows left free */
	_Atomic bool runs_due; /* there may be more than so many */
	uint64_t retained_ns;  /* what began before it is on its way out */
	uint64_t told_ns;      /* when retention last said so */
};

int store_reader_take(struct store *st, struct db **out);
void store_reader_give(struct store *st, struct db *db);

/* The number of the trace; 0: there is none. */
uint64_t store_trace_no(struct store *st, struct db *db, struct trace_id id);

/* After a write, with `writing` held: delete what is over the limits, a little at a time. */
void retain(struct store *st, size_t n_written);

struct str store_word(uint64_t id, void *db); /* for blob readers */
uint32_t store_word_give(struct str text, void *db);
