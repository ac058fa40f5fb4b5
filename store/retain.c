/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: what is over the limits goes, oldest first.
 *
 * A step deletes a few thousand rows in a transaction of its own, and a write is followed by only so
 * many steps that they free more than it took; so no write waits long, and readers never. The file
 * doesn't shrink: SQLite gives the freed pages to what comes next.
 */
#include "store/inside.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum { STEP_ROWS = 4096, STEP_TRACES = 1024, STEPS_MOST = 16, TELL_EVERY_S = 600 };

static uint64_t bytes_used(struct db *db)
{
	sqlite3_stmt *s = db_stmt(db, DB_PAGES);
	uint64_t used = 0;

	if (db_step(db, s) == DB_ROW)
		used = (db_column_u64(s, 0) - db_column_u64(s, 1)) * db_column_u64(s, 2);
	db_reset(s);
	return used;
}

static int change(struct db *db, enum db_statement which, uint64_t arg)
{
	sqlite3_stmt *s = db_stmt(db, which);

	db_bind_u64(s, 1, arg);
	db_run(db, s);
	return db->error ? 0 : sqlite3_changes(db->sql);
}

/* Up to which span a step goes: so many traces, but no more than so many rows of long ones. */
static uint64_t old_span(struct db *db)
{
	uint64_t trace = db_ask(db, DB_OLD_TRACE, STEP_TRACES);
	uint64_t span = db_ask(db, DB_OLD_SPAN, STEP_TRACES);

	return !trace || (span && span < trace) ? span : trace;
}

/* The oldest spans, in order of arrival, and what began before them; false when nothing is left. */
static bool retain_spans(struct store *st)
{
	struct db *db = &st->writer;
	uint64_t id = old_span(db), start_ns;

	if (!id)
		return false;
	start_ns = db_ask(db, DB_OLD_START, id);
	if (start_ns > st->retained_ns && start_ns <= clock_real_ns())
		st->retained_ns = start_ns;
	change(db, DB_OLD_SPANS_DELETE, id);
	change(db, DB_OLD_TRACES_DELETE, id >> SPAN_BITS);
	change(db, DB_OLD_BLOCKS_DELETE, id >> SPAN_BITS);
	change(db, DB_OLD_LIFTED_DELETE, id >> SPAN_BITS);
	places_left(&st->places);
	return true;
}

static void retain_step(struct store *st)
{
	struct db *db = &st->writer;

	if (db_begin(db, DB_BEGIN_WRITE) < 0)
		return;

	int logs = change(db, DB_OLD_LOGS_DELETE, st->retained_ns);

	change(db, DB_OLD_REQUESTS_DELETE, st->retained_ns);
	if (logs < STEP_ROWS && !retain_spans(st)) {
		uint64_t time_ns = db_ask(db, DB_OLD_LOG, STEP_ROWS);

		change(db, DB_OLD_LOGS_DELETE, time_ns ? time_ns : UINT64_MAX);
	}
	db_commit(db);
}

static void retain_tell(struct store *st, uint64_t used)
{
	uint64_t now = clock_mono_ns();

	if (st->told_ns && now - st->told_ns < (uint64_t)TELL_EVERY_S * 1000000000u)
		return;
	st->told_ns = now;
	fprintf(stderr,
		"oriel: store: full, the oldest traces and logs go used=%" PRIu64 "MB max=%" PRIu64
		"MB (ORIEL_STORE_MAX_BYTES)\n",
		used >> 20, st->max_bytes >> 20);
}

static void retain_bytes(struct store *st, size_t n_written)
{
	struct db *db = &st->writer;
	size_t steps = 1 + 2 * n_written / STEP_TRACES;
	uint64_t used = st->file_bytes > st->max_bytes ? bytes_used(db) : 0;

	if (used <= st->max_bytes)
		return;
	retain_tell(st, used);
	for (size_t i = 0; i < steps && i < STEPS_MOST && used > st->max_bytes && !db->error; i++) {
		retain_step(st);
		used = bytes_used(db);
	}
	if (db_begin(db, DB_BEGIN_WRITE) == 0) {
		db_run(db, db_stmt(db, DB_RESOURCE_SWEEP));
		db_commit(db);
	}
}

struct old_run {
	char id[64];
	size_t n_id;
	uint64_t started_ns;
	uint32_t word;
};

static bool oldest_run(struct store *st, struct old_run *run)
{
	struct db *db = &st->writer;
	sqlite3_stmt *s = db_stmt(db, DB_RUN_OLDEST);
	bool found = false;

	db_bind_u64(s, 1, st->max_runs);
	if (db_step(db, s) == DB_ROW) {
		struct str id = db_column_text(s, 0);

		run->n_id = id.n < sizeof(run->id) ? id.n : sizeof(run->id);
		memcpy(run->id, id.p, run->n_id);
		run->started_ns = db_column_u64(s, 1);
		found = true;
	}
	db_reset(s);
	if (found)
		run->word = words_find(db, (struct str){ run->id, run->n_id });
	return found;
}

static size_t run_traces_delete(struct db *db, const struct old_run *run)
{
	sqlite3_stmt *s = db_stmt(db, DB_RUN_TRACES);
	uint64_t no[64];
	size_t n = 0;

	db_bind_u64(s, 1, run->started_ns);
	sqlite3_bind_int64(s, 2, run->word);
	while (n < 64 && db_step(db, s) == DB_ROW)
		no[n++] = db_column_u64(s, 0);
	db_reset(s);
	for (size_t i = 0; i < n; i++) {
		s = db_stmt(db, DB_SPAN_DELETE);
		db_bind_u64(s, 1, no[i] << SPAN_BITS);
		db_bind_u64(s, 2, (no[i] + 1) << SPAN_BITS);
		db_run(db, s);
		change(db, DB_TRACE_DELETE, no[i]);
	}
	return n;
}

static int run_rows_delete(struct db *db, enum db_statement which, const struct old_run *run)
{
	sqlite3_stmt *s = db_stmt(db, which);

	db_bind_u64(s, 1, run->started_ns);
	sqlite3_bind_int64(s, 2, run->word);
	db_run(db, s);
	return db->error ? 0 : sqlite3_changes(db->sql);
}

/* One step: the run itself goes when nothing of it is left. */
static void retain_runs(struct store *st)
{
	struct db *db = &st->writer;
	struct old_run run;

	if (!st->runs_due)
		return;
	st->runs_due = oldest_run(st, &run);
	if (!st->runs_due || db_begin(db, DB_BEGIN_WRITE) < 0)
		return;

	places_left(&st->places);
	bool done = !run.word || (!run_traces_delete(db, &run) &&
				  !run_rows_delete(db, DB_RUN_BLOCKS_DELETE, &run) &&
				  !run_rows_delete(db, DB_RUN_LOGS_DELETE, &run));

	if (done) {
		sqlite3_stmt *s;

		if (run.word)
			run_rows_delete(db, DB_RUN_REQUESTS_DELETE, &run);
		db_run(db, db_stmt(db, DB_LIFTED_SWEEP));
		s = db_stmt(db, DB_RUN_DELETE);
		db_bind_text(s, 1, (struct str){ run.id, run.n_id });
		db_run(db, s);
	}
	db_commit(db);
}

void retain(struct store *st, size_t n_written)
{
	st->writer.error = 0;
	retain_bytes(st, n_written);
	st->writer.error = 0;
	retain_runs(st);
	st->writer.error = 0;
	places_sweep(&st->places, &st->writer);
}
