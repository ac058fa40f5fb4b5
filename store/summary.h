/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Summary: the row of a trace, as spans and logs are added to it.
 *
 *     summary_read(&sum, statement);            or {0} with its ids for a new trace
 *     summary_add(&sum, span, from);
 *     summary_cells(&sum, cells);               as TRACE_COLUMNS has them; borrowed from it
 *
 * A trace is shown as its root: the earliest span without a parent, or, until one comes, the
 * earliest span. Facts are for filters: every service, run, route and HTTP status in it, each once.
 */
#pragma once

#include "model/telemetry.h"
#include "store/db.h"

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

void summary_read(struct summary *sum, sqlite3_stmt *s);

enum { SUMMARY_CELLS = 20, SUMMARY_TRACE_ID = 1, SUMMARY_FACTS = 18 };
void summary_cells(const struct summary *sum, struct cell to[SUMMARY_CELLS]);
