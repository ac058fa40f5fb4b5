/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of errors found. */
#include "store/inside.h"

#include "base/err.h"
#include "store/blob.h"

#include <errno.h>

static struct store_problem problem_read(struct db *db, sqlite3_stmt *s)
{
	return (struct store_problem){
		.id = db_column_u64(s, 0),
		.service = words_text(db, db_column_u64(s, 1)),
		.type = db_column_text(s, 2),
		.message = db_column_text(s, 3),
		.place = db_column_text(s, 4),
		.crash = sqlite3_column_int(s, 5) != 0,
		.first_ns = db_column_u64(s, 6),
		.last_ns = db_column_u64(s, 7),
		.n = db_column_u64(s, 8),
	};
}

static bool contains(struct str text, struct str needle)
{
	for (size_t i = 0; i + needle.n <= text.n; i++)
		if (str_eq_nocase((struct str){ text.p + i, needle.n }, needle))
			return true;
	return false;
}

static bool matches(const struct store_problem *p, struct str text)
{
	return !text.n || contains(p->type, text) || contains(p->message, text) ||
	       contains(p->place, text);
}

/* Releases and traces of one; `room` items of each at most. */
static void releases_read(struct db *db, struct store_problem *p, struct store_release *to,
			  size_t room)
{
	sqlite3_stmt *s = db_stmt(db, DB_PROBLEM_RELEASES);

	db_bind_u64(s, 1, p->id);
	for (p->n_releases = 0; p->n_releases < room && db_step(db, s) == DB_ROW; p->n_releases++)
		to[p->n_releases] =
			(struct store_release){ words_text(db, db_column_u64(s, 0)),
						db_column_u64(s, 1), db_column_u64(s, 2),
						db_column_u64(s, 3) };
	db_reset(s);
	p->releases = to;
}

int store_problems(struct store *st, const struct problem_filter *f,
		   int (*each)(const struct store_problem *, void *), void *you)
{
	struct store_release release[STORE_RELEASES];
	size_t left = f->limit ? f->limit : 50;
	uint32_t service, run;
	struct db *db;
	int r = store_reader_take(st, &db);
	sqlite3_stmt *s;

	if (r < 0)
		return TRACE(r);
	service = f->service.n ? words_find(db, f->service) : 0;
	run = f->run.n ? words_find(db, f->run) : 0;
	s = db_stmt(db, DB_PROBLEM_LIST);
	db_bind_u64(s, 1, f->since_ns);
	if (f->service.n)
		sqlite3_bind_int64(s, 2, service);
	if (f->run.n)
		sqlite3_bind_int64(s, 3, run);
	while (r == 0 && left && (r = db_step(db, s)) == DB_ROW) {
		struct store_problem p = problem_read(db, s);

		r = 0;
		if (!matches(&p, f->text))
			continue;
		releases_read(db, &p, release, STORE_RELEASES);
		left--;
		r = each(&p, you);
	}
	r = r == DB_DONE ? 0 : r;
	db_reset(s);
	r = r ? r : db->error;
	store_reader_give(st, db);
	return TRACE(r);
}

static size_t traces_read(struct db *db, uint64_t id, struct arena *arena,
			  struct store_occurrence *to, size_t room)
{
	sqlite3_stmt *s = db_stmt(db, DB_PROBLEM_TRACES);
	size_t n = 0;

	db_bind_u64(s, 1, id);
	for (; n < room && db_step(db, s) == DB_ROW; n++) {
		struct str trace = db_column_text(s, 1);
		sqlite3_int64 span = sqlite3_column_int64(s, 2);

		to[n] = (struct store_occurrence){ .time_ns = db_column_u64(s, 0) };
		if (trace.n == sizeof(to[n].trace_id.b))
			memcpy(to[n].trace_id.b, trace.p, trace.n);
		memcpy(to[n].span_id.b, &span, sizeof(span));
		to[n].run = words_text(db, db_column_u64(s, 3));
		to[n].message = arena_copy(arena, db_column_text(s, 4));
	}
	db_reset(s);
	return n;
}

static int detail_read(struct db *db, sqlite3_stmt *s, struct arena *arena,
		       struct store_problem_detail *d, struct log_record *record)
{
	struct blob_reader blob = { db_column_text(s, 12), arena, store_word, db, 0 };

	d->problem = problem_read(db, s);
	if (!blob.left.n)
		return 0;
	record->time_ns = db_column_u64(s, 10);
	record->severity = sqlite3_column_int(s, 11);
	d->record = record;
	d->from = db_resource(db, db_column_u64(s, 9));
	return TRACE(blob_read_log(&blob, record));
}

int store_problem(struct store *st, uint64_t id,
		  void (*use)(const struct store_problem_detail *, void *), void *you)
{
	struct store_problem_detail d = { 0 };
	struct store_occurrence seen[STORE_OCCURRENCES];
	struct store_release release[STORE_RELEASES];
	struct log_record record = { 0 };
	struct arena arena = { 0 };
	struct db *db;
	int r = store_reader_take(st, &db);
	sqlite3_stmt *s;

	if (r < 0)
		return TRACE(r);
	s = db_stmt(db, DB_PROBLEM_GET);
	db_bind_u64(s, 1, id);
	r = db_step(db, s);
	if (r == DB_ROW) {
		r = detail_read(db, s, &arena, &d, &record);
		releases_read(db, &d.problem, release, STORE_RELEASES);
		d.n_seen = traces_read(db, id, &arena, seen, STORE_OCCURRENCES);
		d.seen = seen;
		if (r == 0)
			use(&d, you);
	} else if (r == DB_DONE) {
		r = 0;
	}
	db_reset(s);
	r = r ? r : db->error;
	store_reader_give(st, db);
	arena_fini(&arena);
	return TRACE(r);
}
