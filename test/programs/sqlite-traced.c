/* SPDX-License-Identifier: Apache-2.0 */
/* A program that traces SQLite itself, by each of the three interfaces. */
#include <sqlite3.h>
#include <stdio.h>

static int v2(unsigned type, void *arg, void *p, void *x)
{
	printf("v2 %u %s", type, (const char *)arg);
	if (type == SQLITE_TRACE_STMT)
		printf(" %s", (const char *)x);
	if (type == SQLITE_TRACE_ROW)
		printf(" %d", sqlite3_column_int(p, 0));
	puts("");
	return 0;
}

static void legacy(void *arg, const char *sql)
{
	printf("legacy %s %s\n", (const char *)arg, sql);
}

static void profile(void *arg, const char *sql, sqlite3_uint64 ns)
{
	(void)ns;
	printf("profile %s %s\n", (const char *)arg, sql);
}

static void bound(sqlite3 *db)
{
	sqlite3_stmt *s;

	sqlite3_prepare_v2(db, "SELECT a FROM t WHERE a > ?", -1, &s, NULL);
	sqlite3_bind_int(s, 1, 1);
	while (sqlite3_step(s) == SQLITE_ROW)
		;
	sqlite3_finalize(s);
}

int main(void)
{
	static char one[] = "one", two[] = "two", three[] = "three", four[] = "four";
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db))
		return 1;
	sqlite3_exec(db,
		     "CREATE TABLE t(a); CREATE TABLE u(a);"
		     "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO u VALUES(new.a); END;",
		     NULL, NULL, NULL);
	printf("%d\n",
	       sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_ROW | SQLITE_TRACE_CLOSE, v2,
				one));
	sqlite3_exec(db, "INSERT INTO t VALUES(1), (2), (3)", NULL, NULL, NULL);
	bound(db);
	printf("%s\n", (const char *)sqlite3_trace(db, legacy, two));
	printf("%p\n", sqlite3_profile(db, profile, three));
	sqlite3_exec(db, "INSERT INTO t VALUES(4)", NULL, NULL, NULL);
	bound(db);
	printf("%s\n", (const char *)sqlite3_trace(db, NULL, NULL));
	sqlite3_profile(db, NULL, NULL);
	bound(db);
	sqlite3_trace_v2(db, SQLITE_TRACE_CLOSE, v2, four);
	return sqlite3_close(db);
}
