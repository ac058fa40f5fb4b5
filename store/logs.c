/* SPDX-License-Identifier: Apache-2.0 */
/* Log records found. */
#include "store/inside.h"

#include "base/err.h"
#include "store/blob.h"

#include <errno.h>

struct log_search {
	struct db *db;
	const struct log_filter *filter;
	struct str needle; /* lower case */
	size_t rows_left, left;
	int (*each)(const struct log_record *, const struct resource *, uint64_t, void *);
	void *you;
};

static const struct resource nobody;

static bool log_matches(struct log_search *q, sqlite3_stmt *s, struct arena *arena)
{
	struct blob_reader r = { db_column_text(s, 5), arena, store_word, q->db, 0 };

	return !q->needle.n || blob_log_holds(&r, q->needle);
}

static int give_log(struct log_search *q, sqlite3_stmt *s, struct arena *arena)
{
	struct blob_reader reader = { db_column_text(s, 5), arena, store_word, q->db, 0 };
	struct log_record l = { .time_ns = db_column_u64(s, 1) };
	const struct resource *from = db_resource(q->db, db_column_u64(s, 4));
	sqlite3_int64 span = sqlite3_column_int64(s, 2);
	int r = blob_read_log(&reader, &l);

	if (r < 0)
		return TRACE(r);
	l.severity = sqlite3_column_int(s, 3);
	memcpy(l.span_id.b, &span, sizeof(l.span_id.b));
	q->left--;
	return q->each(&l, from ? from : &nobody, db_column_u64(s, 0), q->you);
}

static int find_logs(struct log_search *q, sqlite3_stmt *s)
{
	int r = 0;

	while (r == 0 && q->left && q->rows_left && (r = db_step(q->db, s)) == DB_ROW) {
		struct arena arena = { 0 };

		r = 0;
		q->rows_left -= q->needle.n != 0;
		if (log_matches(q, s, &arena))
			r = give_log(q, s, &arena);
		arena_fini(&arena);
	}
	db_reset(s);
	return r ? r : q->db->error;
}

static bool bind_word(struct db *db, sqlite3_stmt *s, int at, struct str text)
{
	uint32_t id;

	if (!text.n)
		return true;
	id = words_find(db, text);
	sqlite3_bind_int64(s, at, id);
	return id != 0;
}

static bool bind_trace(struct store *st, struct db *db, sqlite3_stmt *s, struct trace_id id)
{
	uint64_t no = store_trace_no(st, db, id);

	if (no)
		db_bind_u64(s, 6, no);
	return no != 0;
}

static sqlite3_stmt *log_query(struct store *st, struct db *db, const struct log_filter *f)
{
	bool of_trace = trace_id_is_set(f->trace_id);
	sqlite3_stmt *s = db_stmt(db, of_trace	 ? DB_LOG_OF_TRACE
				      : f->after ? DB_LOG_AFTER
						 : DB_LOG_NEWEST);

	db_bind_u64(s, 1, f->since_ns);
	db_bind_u64(s, 2, f->until_ns ? f->until_ns : UINT64_MAX);
	sqlite3_bind_int(s, 3, f->min_severity);
	if (!of_trace && f->after)
		db_bind_u64(s, 6, f->after);
	if (bind_word(db, s, 4, f->service) && bind_word(db, s, 5, f->run) &&
	    (!of_trace || bind_trace(st, db, s, f->trace_id)))
		return s;
	db_reset(s);
	return NULL;
}

int store_logs(struct store *st, const struct log_filter *f,
	       int (*each)(const struct log_record *, const struct resource *, uint64_t, void *),
	       void *you)
{
	char needle[256];
	struct log_search q = { .filter = f,
				.rows_left = STORE_TEXT_ROWS,
				.left = f->limit ? f->limit : 200,
				.each = each,
				.you = you };
	int r = store_reader_take(st, &q.db);

	if (r < 0)
		return TRACE(r);
	q.needle = (struct str){ needle, f->text.n < sizeof(needle) ? f->text.n : sizeof(needle) };
	for (size_t i = 0; i < q.needle.n; i++)
		needle[i] = str_lower(f->text.p[i]);

	sqlite3_stmt *s = log_query(st, q.db, f);

	r = s ? find_logs(&q, s) : q.db->error;
	store_reader_give(st, q.db);
	return TRACE(r);
}
