/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL, in SQLite's dialect, as the semantic conventions for databases want it.
 *
 *     sql_read(&s, STR("SELECT * FROM orders WHERE name = 'Ann' -- mine"));
 *
 *     text        SELECT * FROM orders WHERE name = ?        no literals, no comments
 *     summary     SELECT orders
 *     operation   SELECT
 *     collection  orders                                     empty for none or several
 *
 * A reader, not a parser: it never fails, on any bytes, and does not care whether the statement is
 * valid. What it can't tell apart counts as a literal: SQLite takes "x" for a string where there is
 * no such column, so a double-quoted word in the place of a value goes too; PRAGMA and ATTACH keep
 * none of their arguments.
 */
#pragma once

#include "base/str.h"

enum { SQL_TEXT_MOST = 2048, SQL_SUMMARY_MOST = 192 };

struct sql {
	struct str text, summary, operation, collection; /* in the buffers below */
	char text_room[SQL_TEXT_MOST];
	char summary_room[SQL_SUMMARY_MOST]; /* ends in NUL */
};

void sql_read(struct sql *out, struct str statement);
