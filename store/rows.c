/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct table {
	sqlite3_vtab base;
	const struct rows *rows;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct cell *at, *end;
	uint32_t n_columns;
};

static int table_connect(sqlite3 *sql, void *you, int n, const char *const *argument,
			 sqlite3_vtab **out, char **why)
{
	const struct rows *rows = you;
	char declaration[32 + ROWS_COLUMNS_MOST * 8];
	size_t at = (size_t)snprintf(declaration, sizeof(declaration), "CREATE TABLE rows(c0");
	struct table *t;
	int code;

	(void)n;
	(void)argument;
	(void)why;
	for (uint32_t i = 1; i < rows->n_columns; i++)
		at += (size_t)snprintf(declaration + at, sizeof(declaration) - at, ",c%u", i);
	snprintf(declaration + at, sizeof(declaration) - at, ")");
	code = sqlite3_declare_vtab(sql, declaration);
	if (code != SQLITE_OK)
		return code;
	t = calloc(1, sizeof(*t));
	if (!t)
		return SQLITE_NOMEM;
	t->rows = rows;
	*out = &t->base;
	return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

static int table_plan(sqlite3_vtab *t, sqlite3_index_info *plan)
{
	(void)t;
	plan->estimatedCost = ROWS_AT_ONCE;
	return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = calloc(1, sizeof(*c));

	(void)t;
	if (!c)
		return SQLITE_NOMEM;
	*out = &c->base;
	return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int cursor_begin(sqlite3_vtab_cursor *cursor, int plan, const char *text, int n,
			sqlite3_value **value)
{
	struct cursor *c = (struct cursor *)cursor;
	const struct rows *rows = ((struct table *)cursor->pVtab)->rows;

	(void)plan;
	(void)text;
	(void)n;
	(void)value;
	c->at = rows->cell;
	c->end = rows->cell + (size_t)rows->n * rows->n_columns;
	c->n_columns = rows->n_columns;
	return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *cursor)
{
	struct cursor *c = (struct cursor *)cursor;

	c->at += c->n_columns;
	return SQLITE_OK;
}

static int cursor_is_at_end(sqlite3_vtab_cursor *cursor)
{
	struct cursor *c = (struct cursor *)cursor;

	return c->at >= c->end;
}

static int cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int i)
{
	const struct cell *cell = &((struct cursor *)cursor)->at[i];

	if (cell->is_bytes)
		sqlite3_result_blob(to, cell->p, (int)cell->n, SQLITE_STATIC);
	else
		sqlite3_result_int64(to, cell->number);
	return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)(intptr_t)((struct cursor *)cursor)->at;
	return SQLITE_OK;
}

/* Without xCreate it is there by its module's name, and in no schema. */
static const sqlite3_module module = {
	.xConnect = table_connect,
	.xBestIndex = table_plan,
	.xDisconnect = table_disconnect,
	.xOpen = cursor_open,
	.xClose = cursor_close,
	.xFilter = cursor_begin,
	.xNext = cursor_next,
	.xEof = cursor_is_at_end,
	.xColumn = cursor_column,
	.xRowid = cursor_rowid,
};

int rows_open(struct rows *r, sqlite3 *sql, const char *name, uint32_t n_columns)
{
	*r = (struct rows){ .n_columns = n_columns };
	r->cell = calloc(ROWS_AT_ONCE, n_columns * sizeof(*r->cell));
	if (!r->cell)
		return ERR(-ENOMEM);
	return sqlite3_create_module_v2(sql, name, &module, r, NULL) == SQLITE_OK ? 0 : ERR(-EIO);
}

void rows_close(struct rows *r)
{
	free(r->cell);
	*r = (struct rows){ 0 };
}

void cells_bind(sqlite3_stmt *s, const struct cell *cell, int n)
{
	for (int i = 0; i < n; i++)
		if (cell[i].is_bytes)
			sqlite3_bind_blob64(s, i + 1, cell[i].p, cell[i].n, SQLITE_STATIC);
		else
			sqlite3_bind_int64(s, i + 1, cell[i].number);
}
