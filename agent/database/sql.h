/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL, as the semantic conventions for databases want it.
 *
 *     sql_read(&s, SQL_SQLITE, STR("SELECT * FROM orders WHERE name = 'Ann' -- mine"));
 *
 *     text        SELECT * FROM orders WHERE name = ?        no literals, no comments
 *     summary     SELECT orders
 *     operation   SELECT
 *     collection  orders                                     empty for none or several
 *
 * A reader, not a parser: it never fails, on any bytes, and does not care whether the statement is
 * valid. What it can't tell apart counts as a literal: SQLite takes "x" for a string where there is
 * no such column, so a double-quoted word in the place of a value goes too; MariaDB's "x" is a
 * string, whatever its mode; PRAGMA and ATTACH keep none of their arguments.
 */
#pragma once

#include "base/str.h"

enum { SQL_TEXT_MOST = 2048, SQL_SUMMARY_MOST = 192 };

enum sql_dialect {
	SQL_SQLITE,
	SQL_POSTGRESQL,
	SQL_POSTGRESQL_ESCAPES, /* with standard_conforming_strings off */
	SQL_MYSQL,		/* and MariaDB */
	SQL_MYSQL_NO_ESCAPES,	/* in its mode NO_BACKSLASH_ESCAPES */
	N_SQL_DIALECTS,
};

struct sql {
	struct str text, summary, operation, collection; /* in the buffers below */
	struct str procedure;				 /* that CALL calls */
	unsigned statements; /* several, parted by semicolons: the operation is "BATCH" */
	size_t end;	     /* of the last statement, before semicolons and what isn't text */
	bool whole;	     /* read to the end; else only as much as the text has room for */
	bool commented;	     /* there was a comment */
	bool open;	     /* something was not closed */
	bool rows;	     /* works on rows: SELECT, INSERT, UPDATE, DELETE and the like */
	char text_room[SQL_TEXT_MOST];
	char summary_room[SQL_SUMMARY_MOST]; /* ends in NUL */
	char batch_room[32];
};

void sql_copy(struct sql *to, const struct sql *from);
void sql_read(struct sql *out, enum sql_dialect dialect, struct str statement);
