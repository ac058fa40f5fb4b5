/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent adds to an SQL statement, whatever library sends it: its text is read, a span and a
 * measurement are made of it. Prepared, it has been read before.
 *
 *     sql-statement [sql_read|sql_recall|sql_text|sql_prepared]     name, ns per statement (median of 31 bursts)
 */
#include "bench/bursts.h"

#include "agent/database/database.h"
#include "agent/database/sql-known.h"
#include "agent/database/statement.h"

static const char *volatile text =
	"SELECT o.id, o.placed, c.name FROM orders o JOIN customers c ON c.id = o.customer "
	"WHERE o.state = 'open' AND o.total > 100 ORDER BY o.placed LIMIT 20";

static struct database_server server;
static struct sql sql;

static void statement(void)
{
	struct database_seen seen = statement_seen(&sql);
	struct database_call call;

	seen.system = "postgresql";
	seen.server = &server;
	database_begin(&call, &seen);
	database_end(&call, &(struct database_outcome){ .rows = 20 });
}

static void read_only(int turns)
{
	for (int i = 0; i < turns; i++)
		sql_read(&sql, SQL_POSTGRESQL, str_of(text));
}

static void recall_only(int turns)
{
	for (int i = 0; i < turns; i++)
		sql_recall(&sql, SQL_POSTGRESQL, str_of(text));
}

static void of_text(int turns)
{
	for (int i = 0; i < turns; i++) {
		sql_recall(&sql, SQL_POSTGRESQL, str_of(text));
		statement();
	}
}

static void of_prepared(int turns)
{
	for (int i = 0; i < turns; i++)
		statement();
}

int main(int argc, char **argv)
{
	static const struct bursts_case cases[] = {
		{ "sql_read", read_only },
		{ "sql_recall", recall_only },
		{ "sql_text", of_text },
		{ "sql_prepared", of_prepared },
	};
	struct recycle r;
	bool ok;

	recycle_prepare();
	if (oriel_start(NULL))
		return 1;
	recycle_open(&r);
	database_ready();
	database_server_set(&server, "db.example.com", 5432, "shop");
	sql_read(&sql, SQL_POSTGRESQL, str_of(text));
	ok = bursts_time(&r, cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : NULL);
	recycle_close(&r);
	oriel_stop();
	return !ok;
}
