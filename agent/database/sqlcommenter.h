/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL commenter: the trace context at the end of a statement, where the database's own log shows it.
 *
 *     SELECT a FROM t;  ->  SELECT a FROM t /+traceparent='00-...-01',tracestate='a%3D1'+/;
 *
 * (with asterisks). Off unless ORIEL_SQLCOMMENTER says yes, or names the database system. Only a
 * text that is one whole SELECT, INSERT, UPDATE, DELETE, REPLACE or MERGE without any comment gets
 * one, and none that is prepared, as its text is shared by its runs.
 */
#pragma once

#include "agent/database/database.h"
#include "agent/pool.h"
#include "agent/database/sql.h"

enum { COMMENTED_MOST = 16384 };

struct commented {
	struct pool_item item;
	size_t n;
	char text[COMMENTED_MOST]; /* ends in NUL */
};

bool sqlcommenter_wants(const char *system);

/* The statement with the call's context, to be given back; NULL: leave it as it is. */
struct commented *sqlcommenter_write(const struct sql *s, struct str statement,
				     const struct database_call *call);
void sqlcommenter_give(struct commented *c); /* or NULL */
