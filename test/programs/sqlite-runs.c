/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in every way they can end. Takes the database's file; prints what SQLite answered. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int row(void *arg, int n, char **value, char **name)
{
	(void)arg;
	for (int i = 0; i < n; i++)
		printf("%s=%s%s", name[i], value[i] ? value[i] : "NULL", i + 1 < n ? " " : "\n");
	return 0;
}

static void run(sqlite3 *db, const char *sql)
{
	int r = sqlite3_exec(db, sql, row, NULL, NULL);

	if (r)
		printf("%s: %d %s\n", sql, r, sqlite3_errmsg(db));
}

int main(int argc, char **argv)
{
	sqlite3 *db, *other;
	sqlite3_stmt *a, *b;

	if (argc < 2 || sqlite3_open(argv[1], &db) || sqlite3_open(argv[1], &other))
		return 1;
	run(db, "CREATE TABLE orders(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
	run(db, "CREATE TABLE audit(id INTEGER)");
	run(db,
	    "CREATE TRIGGER t AFTER INSERT ON orders BEGIN INSERT INTO audit VALUES(new.id); END");
	run(db,
	    "BEGIN; INSERT INTO orders(name) VALUES('Ann'); INSERT INTO orders(name) VALUES('Bob'), "
	    "('Eve'); COMMIT");
	run(db, "INSERT INTO orders(name) VALUES('Ann')");
	run(db, "SELECT count(*) AS n FROM audit -- 42 is a secret");

	/* Two at once; one is reset half-way, one finalised. */
	sqlite3_prepare_v2(db, "SELECT name FROM orders WHERE id > 0 ORDER BY id", -1, &a, NULL);
	sqlite3_prepare_v2(db, "SELECT id FROM audit WHERE id < ?1", -1, &b, NULL);
	sqlite3_bind_int(b, 1, 100);
	printf("%d %d\n", sqlite3_step(a), sqlite3_step(b));
	printf("%d %d\n", sqlite3_step(a), sqlite3_step(b));
	sqlite3_reset(a);
	sqlite3_finalize(b);

	/* The schema changes under a prepared statement. */
	run(other, "ALTER TABLE orders ADD COLUMN price INT");
	while (sqlite3_step(a) == SQLITE_ROW)
		printf("%s\n", sqlite3_column_text(a, 0));
	sqlite3_finalize(a);

	/* Locked out, and a connection closed under its statements. */
	run(other, "BEGIN IMMEDIATE");
	run(db, "DELETE FROM orders");
	run(other, "ROLLBACK");
	sqlite3_prepare_v2(db, "SELECT id FROM orders", -1, &a, NULL);
	printf("%d\n", sqlite3_step(a));
	printf("%d\n", sqlite3_close(db));
	printf("%d\n", sqlite3_close_v2(db));
	sqlite3_finalize(a);
	printf("%d\n", sqlite3_close(other));
	return 0;
}
