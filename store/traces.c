/* SPDX-License-Identifier: Apache-2.0 */
/* Traces found: the list by its filters, and the spans of one. */
#include "store/inside.h"

#include "base/err.h"
#include "store/blob.h"
#include "store/pack.h"
#include "store/summary.h"

#include <errno.h>

struct search {
	struct db *db;
	struct str needle; /* lower case */
	size_t rows_left;
	struct arena arena;
};

static bool search_span(struct search *q, struct str data)
{
	struct blob_reader r = { data, &q->arena, store_word, q->db, 0 };
	bool found = blob_span_holds(&r, q->needle);

	arena_fini(&q->arena);
	return found;
}

/* Is the text in one of this trace's spans? Also no when enough rows were looked at. */
static bool search_trace(struct search *q, uint64_t no)
{
	sqlite3_stmt *s;
	bool found = false;

	if (!q->needle.n)
		return true;
	s = db_stmt(q->db, DB_SPAN_LIST);
	db_bind_u64(s, 1, no);
	while (!found && q->rows_left && db_step(q->db, s) == DB_ROW) {
		struct str left = db_column_text(s, 0);
		struct packed span;

		for (; !found && q->rows_left && pack_next(&left, &span); q->rows_left--)
			found = search_span(q, span.data);
	}
	db_reset(s);
	return found;
}

/* A filter's text as a fact: false when nobody ever had it, so that nothing can be found. */
static bool bind_fact(struct db *db, sqlite3_stmt *s, int at, enum fact kind, struct str text)
{
	uint32_t id;

	if (!text.n)
		return true;
	id = words_find(db, text);
	sqlite3_bind_int64(s, at, (sqlite3_int64)((uint32_t)kind | id));
	return id != 0;
}

static bool bind_filter(struct db *db, sqlite3_stmt *s, const struct trace_filter *f)
{
	db_bind_u64(s, 1, f->since_ns);
	db_bind_u64(s, 2, f->until_ns ? f->until_ns : UINT64_MAX);
	db_bind_u64(s, 3, f->min_ns);
	db_bind_u64(s, 4, f->max_ns ? f->max_ns : UINT64_MAX);
	sqlite3_bind_int(s, 5, f->errors_only);
	if (f->name.n)
		db_bind_text(s, 6, f->name);
	if (f->http_status)
		sqlite3_bind_int64(s, 10,
				   (sqlite3_int64)((uint32_t)FACT_STATUS |
						   (uint32_t)f->http_status));
	if (f->after)
		db_bind_u64(s, 11, f->after);
	return bind_fact(db, s, 7, FACT_SERVICE, f->service) &&
	       bind_fact(db, s, 8, FACT_RUN, f->run) && bind_fact(db, s, 9, FACT_ROUTE, f->route);
}

static struct str word_or_none(struct db *db, uint32_t id)
{
	return id ? words_text(db, id) : (struct str){ "", 0 };
}

static int give_trace(struct db *db, const struct summary *sum,
		      int (*each)(const struct trace_summary *, void *), void *you)
{
	struct str service[FACTS_MOST];
	struct trace_summary t = {
		.trace_id = sum->trace_id,
		.run = word_or_none(db, sum->run),
		.service = word_or_none(db, sum->service),
		.name = sum->name,
		.path = sum->path,
		.route = word_or_none(db, sum->route),
		.method = word_or_none(db, sum->method),
		.http_status = sum->http_status,
		.kind = (enum span_kind)sum->kind,
		.status = (enum span_status)sum->status,
		.start_ns = sum->start_ns,
		.duration_ns = sum->end_ns - sum->start_ns,
		.n_spans = (uint32_t)sum->n_spans,
		.n_errors = (uint32_t)sum->n_errors,
		.n_logs = (uint32_t)sum->n_logs,
		.services = service,
		.has_root = sum->root,
		.cursor = sum->cursor,
	};

	for (size_t i = 0; i < sum->n_facts; i++)
		if ((sum->fact[i] & FACT_KIND) == FACT_SERVICE)
			service[t.n_services++] = words_text(db, sum->fact[i] & ~FACT_KIND);
	return each(&t, you);
}

/* One or two statements with rows in the order of their cursors, read as one. */
struct heads {
	sqlite3_stmt *s[2];
	struct summary sum[2];
	bool more[2];
};

static int heads_step(struct heads *h, struct db *db, int i)
{
	int r = h->s[i] ? db_step(db, h->s[i]) : DB_DONE;

	h->more[i] = r == DB_ROW;
	if (h->more[i])
		summary_read(&h->sum[i], h->s[i]);
	return r < 0 ? r : 0;
}

/* The one whose row is next; -1: there are none. */
static int heads_next(const struct heads *h)
{
	if (h->more[0] && h->more[1])
		return h->sum[1].cursor < h->sum[0].cursor;
	return h->more[0] ? 0 : h->more[1] ? 1 : -1;
}

static int find_traces(struct db *db, const struct trace_filter *f, struct search *q,
		       int (*each)(const struct trace_summary *, void *), void *you)
{
	struct heads h = { .s = { db_stmt(db, f->after	       ? DB_TRACE_CAME
					      : f->errors_only ? DB_TRACE_ERRORS
							       : DB_TRACE_NEWEST),
				  f->after ? db_stmt(db, DB_TRACE_CHANGED) : NULL } };
	size_t left = f->limit ? f->limit : 50;
	int r = 0, i;

	for (i = 0; i < 2 && r == 0 && h.s[i]; i++)
		if (bind_filter(db, h.s[i], f))
			r = heads_step(&h, db, i);
	while (r == 0 && left && (i = heads_next(&h)) >= 0) {
		if (search_trace(q, h.sum[i].no)) {
			r = give_trace(db, &h.sum[i], each, you);
			left--;
		}
		if (q->needle.n && !q->rows_left)
			break;
		if (r == 0 && left)
			r = heads_step(&h, db, i);
	}
	for (i = 0; i < 2; i++)
		db_reset(h.s[i]);
	return r ? r : db->error;
}

int store_traces(struct store *st, const struct trace_filter *f,
		 int (*each)(const struct trace_summary *, void *), void *you)
{
	char needle[256];
	struct search q = { .rows_left = STORE_TEXT_ROWS };
	struct db *db;
	int r = store_reader_take(st, &db);

	if (r < 0)
		return TRACE(r);
	q.db = db;
	q.needle = (struct str){ needle, f->text.n < sizeof(needle) ? f->text.n : sizeof(needle) };
	for (size_t i = 0; i < q.needle.n; i++)
		needle[i] = str_lower(f->text.p[i]);
	r = find_traces(db, f, &q, each, you);
	store_reader_give(st, db);
	return TRACE(r);
}

/* The reverse of write_span in write.c. */
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

uint64_t store_trace_no(struct store *st, struct db *db, struct trace_id id)
{
	sqlite3_stmt *s = db_stmt(db, DB_TRACE_NO);
	uint64_t hash = place_hash(id), no = 0;
	struct places_seen seen;

	places_see(&st->places, hash, &seen);

	db_bind_text(s, 1, (struct str){ (const char *)id.b, sizeof(id.b) });
	db_bind_u64(s, 2, hash);
	db_bind_u64(s, 3, seen.placed);
	db_bind_u64(s, 4, seen.known);
	for (int i = 0; i < PLACES_ALIKE; i++)
		db_bind_u64(s, 5 + i, seen.no[i]);
	if (db_step(db, s) == DB_ROW)
		no = db_column_u64(s, 0);
	db_reset(s);
	return no;
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
