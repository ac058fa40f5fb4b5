/* SPDX-License-Identifier: Apache-2.0 */
/* The spans of one trace. */
#include "store/inside.h"

#include "base/err.h"
#include "store/blob.h"
#include "store/pack.h"

#include <errno.h>

/* The reverse of write_span in write-trace.c. */
static int read_span(struct db *db, const struct packed *p, struct trace_id id, struct arena *arena,
		     struct span *span)
{
	struct blob_reader r = { p->data, arena, store_word, db, 0 };
	int what = p->head.what;

	*span = (struct span){ .trace_id = id };
	memcpy(span->span_id.b, &p->head.span_id, sizeof(span->span_id.b));
	memcpy(span->parent_id.b, &p->head.parent_id, sizeof(span->parent_id.b));
	span->start_ns = p->head.start_ns;
	span->end_ns = span->start_ns + p->head.duration_ns;
	span->kind = (enum span_kind)(what & 7);
	span->status = (enum span_status)(what >> 3 & 3);
	span->end = (enum span_end)(what >> 5 & 3);
	return TRACE(blob_read_span(&r, span));
}

static const struct resource nobody;

struct receiver {
	int (*each)(const struct span *, const struct resource *, void *);
	void *you;
};

static int give_pack(struct db *db, struct str left, struct trace_id id, const struct receiver *to)
{
	struct packed p;
	int r = 0;

	while (r == 0 && pack_next(&left, &p)) {
		struct arena arena = { 0 };
		struct span span;
		const struct resource *from = db_resource(db, p.head.resource);

		r = read_span(db, &p, id, &arena, &span);
		if (r == 0)
			r = to->each(&span, from ? from : &nobody, to->you);
		arena_fini(&arena);
	}
	return r == 0 && left.n ? ERR(-EBADMSG) : r;
}

static int give_spans(struct db *db, uint64_t no, struct trace_id id, const struct receiver *to)
{
	sqlite3_stmt *s = db_stmt(db, DB_SPAN_LIST);
	int r = 0;

	db_bind_u64(s, 1, no);
	while (r == 0 && (r = db_step(db, s)) == DB_ROW)
		r = give_pack(db, db_column_text(s, 0), id, to);
	db_reset(s);
	return r;
}

/* Of what memory and table say, and of what neither knows. */
static uint64_t trace_no(struct db *db, struct trace_id id, const struct places_seen *seen)
{
	uint64_t placed[PLACES_ALIKE] = { 0 }, no = 0;
	sqlite3_stmt *s;

	places_find(db, place_hash(id), placed);
	s = db_stmt(db, DB_TRACE_NO);
	db_bind_text(s, 1, (struct str){ (const char *)id.b, sizeof(id.b) });
	db_bind_u64(s, 2, seen->placed);
	db_bind_u64(s, 3, seen->known);
	for (int i = 0; i < PLACES_ALIKE; i++) {
		db_bind_u64(s, 4 + i, seen->no[i]);
		db_bind_u64(s, 4 + PLACES_ALIKE + i, placed[i]);
	}
	if (db_step(db, s) == DB_ROW)
		no = db_column_u64(s, 0);
	db_reset(s);
	return no;
}

uint64_t store_trace_no(struct store *st, struct db *db, struct trace_id id)
{
	struct places_seen seen;
	uint64_t no;

	places_see(&st->places, place_hash(id), &seen);
	if (db_begin(db, DB_BEGIN_READ) < 0)
		return 0;
	no = trace_no(db, id, &seen);
	return db_commit(db) < 0 ? 0 : no;
}

int store_trace_spans(struct store *st, struct trace_id id,
		      int (*each)(const struct span *, const struct resource *, void *), void *you)
{
	struct db *db;
	uint64_t no;
	int r = store_reader_take(st, &db);

	if (r < 0)
		return TRACE(r);
	no = store_trace_no(st, db, id);
	r = no ? give_spans(db, no, id, &(struct receiver){ each, you }) : db->error;
	store_reader_give(st, db);
	return TRACE(r);
}
