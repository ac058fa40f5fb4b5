/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write, from inside: what came in it, gathered by trace (write.c), what is there of that already (write-found.c),
 * and how a trace becomes rows (write-trace.c). Errors are the connection's, asked for once, before the commit.
 */
#pragma once

#include "store/inside.h"
#include "store/summary.h"

struct source {
	uint32_t resource, service, run;
	bool again;
};

struct span_ref {
	const struct span *span;
	const struct source *from;
	struct span_ref *next;
};

struct group {
	struct trace_id trace_id;
	struct span_ref *first, **last;
	uint64_t n_logs, no, hash;
	bool again, is_new;
};

struct writing {
	struct store *st;
	struct db *db;
	struct arena arena;
	struct source *source; /* one a batch */
	struct group *group;
	uint32_t *slot; /* open addressing: index + 1 into group */
	size_t n_groups, n_slots;
	uint64_t last_no, cursor, last_log;
	uint64_t n_items, n_dropped, n_known;
};

/* A trace's new spans; w->source tells whose they are. Sets its number, for its logs. */
void write_trace(struct writing *w, struct group *g);

/*
 * What the file has of a trace: its summary, and where that is, which says where it goes. What was in a block is no more
 * then, and `spans` are those that it had there. A new one has its id and no number.
 */
enum origin { NOWHERE, ROW, BLOCK };
enum origin write_found(struct writing *w, struct summary *sum, struct group *g, struct str *spans);

/* The span ids of a trace, sorted: of a batch that may have come before, each span is looked for. */
struct known {
	sqlite3_int64 *id;
	size_t n;
};

void known_load(struct writing *w, struct known *k, const struct summary *sum);
bool known_has(const struct known *k, const struct span_ref *ref);

/* What waits in memory for more of its kind, after the last trace; and what a failed write left. */
void write_rest(struct writing *w);
void write_forget(struct writing *w);

sqlite3_int64 span_number(struct span_id id); /* as columns and packs have it */
