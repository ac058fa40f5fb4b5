/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a statement, the first of which says the dialect: nothing outside the buffers, no
 * string literal comes out, what says that it was read to its end was, and it is recalled as it was
 * read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/database/sql-known.h"

static void recall(const struct sql *s, enum sql_dialect dialect, struct str statement)
{
	static struct sql again;

	for (int i = 0; i < 3; i++)
		sql_recall(&again, dialect, statement);
	if (!str_eq(again.text, s->text) || !str_eq(again.summary, s->summary) ||
	    !str_eq(again.operation, s->operation) || !str_eq(again.collection, s->collection) ||
	    again.end != s->end || again.open != s->open || again.commented != s->commented)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sql s;
	enum sql_dialect dialect = size ? data[0] % N_SQL_DIALECTS : SQL_SQLITE;
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data + 1, --size);
	sql_read(&s, dialect, (struct str){ copy, size });
	recall(&s, dialect, (struct str){ copy, size });
	free(copy);
	if (s.text.n > SQL_TEXT_MOST || s.summary.n > SQL_SUMMARY_MOST ||
	    s.collection.n > s.summary.n || s.end > size || s.operation.n > SQL_SUMMARY_MOST)
		abort();
	if (!s.whole && s.text.n < SQL_TEXT_MOST)
		abort();
	for (size_t i = 0; i < s.text.n; i++)
		if (s.text.p[i] == '\'' && s.text.n < SQL_TEXT_MOST && !memchr(s.text.p, '"', i) &&
		    !memchr(s.text.p, '`', i) && !memchr(s.text.p, '[', i))
			abort();
	return 0;
}
