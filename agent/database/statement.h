/* SPDX-License-Identifier: Apache-2.0 */
/* Statement: SQL that was read, as a database call. */
#pragma once

#include "agent/database/database.h"
#include "agent/database/sql.h"

/* What database_begin is to know of it; the caller adds the rest. */
static inline struct database_seen statement_seen(const struct sql *s)
{
	return (struct database_seen){
		.operation = s->operation,
		.collection = s->collection,
		.procedure = s->procedure,
		.summary = s->summary,
		.text = s->text,
		.values_out = true,
		.batch = s->statements,
	};
}
