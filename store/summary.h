/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Summary: the row of a trace, as spans and logs are added to it.
 *
 *     summary_read(&sum, statement);            or {0} with its ids for a new trace
 *     summary_add(&sum, span, from);
 *     summary_cells(&sum, room, cells);         as TRACE_COLUMNS has them
 *
 * A trace is shown as its root: the earliest span without a parent, or, until one comes, the
 * earliest span. Facts are for filters: every service, run, route and HTTP status in it, each once.
 */
#pragma once

#include "model/telemetry.h"
#include "store/db.h"
#include "store/varint.h"

enum { FACTS_MOST = 128, PATH_BYTES = 512 };

enum fact {
	FACT_SERVICE = 1u << 28,
	FACT_RUN = 2u << 28,
	FACT_ROUTE = 3u << 28,
	FACT_STATUS = 4u << 28,
	FACT_KIND = 15u << 28,
};

struct summary {
	uint64_t no, cursor;
	struct trace_id trace_id;
	uint64_t start_ns, end_ns, root_ns;
	uint64_t n_spans, n_errors, n_logs;
	bool root;
	int kind, status, http_status;
	uint32_t service, run, route, method; /* words */
	struct str name, path;		      /* borrowed: from the statement or the span */
	uint32_t fact[FACTS_MOST];
	size_t n_facts;
};

/* Of one span, what queries look at. */
struct summary_span {
	uint32_t service, run, route, method;
	int http_status;
	bool server; /* a server or consumer */
	bool error;
};

void summary_look(struct summary_span *at, const struct span *s, uint32_t service, uint32_t run,
		  struct db *db);
void summary_add(struct summary *sum, const struct span *s, const struct summary_span *at);
void summary_fact(struct summary *sum, enum fact kind, uint32_t what);

/* Its name and path are borrowed from the statement. Of what makes no sense nothing is read. */
void summary_read(struct summary *sum, sqlite3_stmt *s);
void summary_read_facts(struct summary *sum, struct str facts);
void summary_read_shown(struct summary *sum, struct str shown); /* the column; start_ns is there */

/* The column, which needs SUMMARY_SHOWN_ROOM and the path's bytes; returns how many it took. */
enum { SUMMARY_SHOWN_ROOM = 9 * VARINT_MOST };
size_t summary_shown(const struct summary *sum, char *to);

/* They borrow from `room`, which has summary_room bytes, and the summary's name. */
enum { SUMMARY_CELLS = 11 };
size_t summary_room(const struct summary *sum);
void summary_cells(const struct summary *sum, char *room, struct cell to[SUMMARY_CELLS]);
