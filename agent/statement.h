/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statement: SQL that was read once and is run later, by a name on its connection (libpq) or by a
 * handle (libmariadb). The pool is both libraries' own.
 */
#pragma once

#include "agent/database.h"
#include "agent/pool.h"
#include "agent/sql.h"

struct statement {
	struct pool_item item;
	struct statement *next;
	uint64_t key; /* of its name */
	struct sql sql;
};

enum { STATEMENTS_MOST = 8192 };

#define STATEMENT_POOL \
	{ \
		.item_bytes = sizeof(struct statement), .n = STATEMENTS_MOST \
	}

/* What database_begin is to know of it; the caller adds the rest. */
static inline struct database_seen statement_seen(const struct sql *s)
{
	return (struct database_seen){
		.operation = s->operation,
		.collection = s->collection,
		.procedure = s->procedure,
		.summary = s->summary,
		.text = s->text,
		.batch = s->statements,
	};
}
