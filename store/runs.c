/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inside.h"

#include "base/err.h"

int store_run_started(struct store *st, const struct store_run *run)
{
	struct db *db = &st->writer;
	int r;

	pthread_mutex_lock(&st->writing);
	r = db_begin(db, DB_BEGIN_WRITE);
	if (r == 0) {
		sqlite3_stmt *s = db_stmt(db, DB_RUN_PUT);

		db_bind_text(s, 1, run->id);
		db_bind_text(s, 2, run->command);
		sqlite3_bind_int(s, 3, run->pid);
		db_bind_u64(s, 4, run->started_ns);
		db_run(db, s);
		r = db_commit(db);
	}
	st->runs_due = true;
	pthread_mutex_unlock(&st->writing);
	return TRACE(r);
}

int store_run_ended(struct store *st, struct str id, uint64_t ended_ns, int32_t wait_status)
{
	struct db *db = &st->writer;
	int r;

	pthread_mutex_lock(&st->writing);
	r = db_begin(db, DB_BEGIN_WRITE);
	if (r == 0) {
		sqlite3_stmt *s = db_stmt(db, DB_RUN_END);

		db_bind_text(s, 1, id);
		db_bind_u64(s, 2, ended_ns);
		sqlite3_bind_int(s, 3, wait_status);
		db_run(db, s);
		r = db_commit(db);
	}
	st->runs_due = true;
	pthread_mutex_unlock(&st->writing);
	return TRACE(r);
}

int store_runs(struct store *st, size_t limit, int (*each)(const struct store_run *, void *),
	       void *you)
{
	struct db *db;
	int r = store_reader_take(st, &db);

	if (r < 0)
		return TRACE(r);

	sqlite3_stmt *s = db_stmt(db, DB_RUN_LIST);

	db_bind_u64(s, 1, limit ? limit : 20);
	while (r == 0 && (r = db_step(db, s)) == DB_ROW) {
		struct store_run run = {
			.id = db_column_text(s, 0),
			.command = db_column_text(s, 1),
			.pid = sqlite3_column_int(s, 2),
			.started_ns = db_column_u64(s, 3),
			.ended_ns = db_column_u64(s, 4),
			.wait_status = sqlite3_column_int(s, 5),
		};

		r = each(&run, you);
	}
	db_reset(s);
	store_reader_give(st, db);
	return TRACE(r);
}
