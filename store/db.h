/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Db: one connection to the database file, its prepared statements and the words it has seen.
 *
 *     sqlite3_stmt *s = db_stmt(db, DB_WORD_FIND);
 *     db_bind_text(s, 1, text);
 *     while ((r = db_step(db, s)) == DB_ROW) ...
 *     db_reset(s);                                         always: it ends the read
 *
 * One thread at a time. An error is kept (`error`) until db_begin: a writer may go on and ask once,
 * before it commits. What went wrong is said in words by store_why().
 */
#pragma once

#include "model/resource.h"
#include "store/rows.h"
#include "store/schema.h"
#include "store/squeeze.h"
#include "store/words.h"

#include <sqlite3.h>

enum { DB_DONE = 0, DB_ROW = 1 };

enum { DB_RESOURCES = 256 }; /* kept at hand */

struct db_resource {
	uint64_t no;
	struct resource *resource;
};

struct db {
	sqlite3 *sql;
	sqlite3_stmt *stmt[DB_STATEMENTS];
	struct rows rows[DB_ROWS]; /* the writer's */
	struct words words;
	struct squeeze squeeze;
	struct db_resource resource[DB_RESOURCES]; /* by the number's remainder */
	int error;				   /* the first one since db_begin */
};

enum db_mode { DB_READ, DB_WRITE };

int db_open(struct db *db, const char *path, enum db_mode mode);
void db_close(struct db *db);
void db_forget(struct db *db); /* cached words and resources */

int db_begin(struct db *db, enum db_statement how);
int db_commit(struct db *db); /* or rolls back, if there was an error */
void db_rollback(struct db *db);

/* Prepared once; NULL after an error, which every function here takes in silence. */
sqlite3_stmt *db_stmt(struct db *db, enum db_statement which);
int db_step(struct db *db, sqlite3_stmt *s); /* DB_ROW, DB_DONE or negative */
int db_run(struct db *db, sqlite3_stmt *s);  /* to its end, and reset */
void db_reset(sqlite3_stmt *s);

void db_bind_text(sqlite3_stmt *s, int at, struct str text); /* as bytes; must stay until reset */
void db_bind_u64(sqlite3_stmt *s, int at, uint64_t v);	     /* above INT64_MAX is INT64_MAX */
struct str db_column_text(sqlite3_stmt *s, int at);
uint64_t db_column_u64(sqlite3_stmt *s, int at); /* negative is 0 */

/* The first column of the first row; 0 when there is none. `arg` is for a statement that has a parameter. */
uint64_t db_ask(struct db *db, enum db_statement which, uint64_t arg);

/* Says what failed and returns it as a negative errno. */
int db_failed(struct db *db, int code, const char *doing);
void db_why(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Borrowed until the next call; NULL when there is none of that number. */
const struct resource *db_resource(struct db *db, uint64_t no);
