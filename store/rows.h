/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: what a write is going to insert, as a table that SQLite reads by itself.
 *
 *     rows_open(&rows, sql, "rows_span", 8);                   SELECT * FROM rows_span gives them
 *     struct cell *to = rows_next(&rows);                      one more; NULL: that were ROWS_AT_ONCE
 *     to[0] = cell_u64(id); ...
 *     run "INSERT INTO span SELECT * FROM rows_span";          then rows.n = 0
 *
 * One statement for many rows has its cursors where the last row went, and is neither stepped, reset
 * nor bound for each of them: that is a third of what an insert costs.
 *
 * What cells point at must stay until the statement has run. One connection's, one thread at a time.
 */
#pragma once

#include "base/str.h"

#include <sqlite3.h>

enum { ROWS_AT_ONCE = 512, ROWS_COLUMNS_MOST = 24 };

struct cell {
	union {
		sqlite3_int64 number;
		const void *p;
	};
	uint32_t n; /* of bytes */
	bool is_bytes;
};

struct rows {
	struct cell *cell; /* n_columns a row */
	uint32_t n_columns, n;
};

int rows_open(struct rows *r, sqlite3 *sql, const char *name, uint32_t n_columns); /* or -errno */
void rows_close(struct rows *r);

static inline struct cell *rows_next(struct rows *r)
{
	if (r->n == ROWS_AT_ONCE)
		return NULL;
	return &r->cell[(size_t)r->n++ * r->n_columns];
}

static inline struct cell cell_number(sqlite3_int64 v)
{
	return (struct cell){ .number = v };
}

/* Above INT64_MAX is INT64_MAX. */
static inline struct cell cell_u64(uint64_t v)
{
	return cell_number(v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

static inline struct cell cell_text(struct str text)
{
	return (struct cell){ .p = text.n ? text.p : "", .n = (uint32_t)text.n, .is_bytes = true };
}

/* The same as parameters 1 to n. */
void cells_bind(sqlite3_stmt *s, const struct cell *cell, int n);
