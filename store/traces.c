/* SPDX-License-Identifier: Apache-2.0 */
/* Traces found: the list by its filters. */
#include "store/inside.h"

#include "base/err.h"
#include "store/blob.h"
#include "store/block.h"
#include "store/pack.h"
#include "store/summary.h"

#include <errno.h>
#include <stdlib.h>

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

/* A filter as it is put to rows and blocks. Facts: service, run, route, HTTP status; 0: any. */
enum { WANTED_FACTS = 4 };

struct wanted {
	const struct trace_filter *f;
	uint64_t until_ns, max_ns;
	uint32_t fact[WANTED_FACTS];
	bool nobody; /* a text that nobody ever had */
};

static uint32_t wanted_fact(struct wanted *w, struct db *db, enum fact kind, struct str text)
{
	uint32_t id = text.n ? words_find(db, text) : 0;

	w->nobody |= text.n && !id;
	return id ? (uint32_t)kind | id : 0;
}

static struct wanted wanted_of(struct db *db, const struct trace_filter *f)
{
	struct wanted w = { .f = f,
			    .until_ns = f->until_ns ? f->until_ns : UINT64_MAX,
			    .max_ns = f->max_ns ? f->max_ns : UINT64_MAX };

	w.fact[0] = wanted_fact(&w, db, FACT_SERVICE, f->service);
	w.fact[1] = wanted_fact(&w, db, FACT_RUN, f->run);
	w.fact[2] = wanted_fact(&w, db, FACT_ROUTE, f->route);
	if (f->http_status)
		w.fact[3] = (uint32_t)FACT_STATUS | (uint32_t)f->http_status;
	return w;
}

/* See TRACE_FILTER and BLOCK_FILTER. */
static void wanted_bind(const struct wanted *w, sqlite3_stmt *s)
{
	db_bind_u64(s, 1, w->f->since_ns);
	db_bind_u64(s, 2, w->until_ns);
	for (int i = 0; i < WANTED_FACTS; i++)
		if (w->fact[i])
			sqlite3_bind_int64(s, 7 + i, w->fact[i]);
	if (w->f->after)
		db_bind_u64(s, 11, w->f->after);
}

static void wanted_bind_row(const struct wanted *w, sqlite3_stmt *s)
{
	wanted_bind(w, s);
	db_bind_u64(s, 3, w->f->min_ns);
	db_bind_u64(s, 4, w->max_ns);
	sqlite3_bind_int(s, 5, w->f->errors_only);
	if (w->f->name.n)
		db_bind_text(s, 6, w->f->name);
}

static bool summary_has(const struct summary *sum, uint32_t fact)
{
	for (size_t i = 0; i < sum->n_facts; i++)
		if (sum->fact[i] == fact)
			return true;
	return !fact;
}

/* What TRACE_FILTER says of a row. */
static bool is_wanted(const struct wanted *w, const struct summary *sum)
{
	uint64_t took = sum->end_ns - sum->start_ns;

	if (sum->start_ns < w->f->since_ns || sum->start_ns >= w->until_ns || took < w->f->min_ns ||
	    took > w->max_ns || sum->cursor <= w->f->after)
		return false;
	if (w->f->name.n && !str_eq(sum->name, w->f->name))
		return false;
	for (int i = 0; i < WANTED_FACTS; i++)
		if (!summary_has(sum, w->fact[i]))
			return false;
	return true;
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

/* ---- in order: rows by one or two statements, and traces in blocks, read as one list --------------- */

/* A block's heads, as long as one of its traces waits. */
struct held {
	struct block_view view;
	size_t n_waiting;
	char bytes[];
};

struct waiting {
	uint64_t no, start_ns;
	struct held *held;
};

struct heads {
	struct db *db;
	const struct wanted *wanted;
	sqlite3_stmt *row[2], *block;
	struct summary sum[3]; /* the next of each row, and of the blocks */
	bool more[3], more_blocks;
	struct waiting *waiting; /* of the blocks that were read; the next one last */
	size_t n_waiting, room;
	struct held *given; /* of sum[2] */
};

/* Oldest change first: a new trace's cursor goes with its number. */
static bool is_before(const struct heads *h, const struct waiting *a, const struct waiting *b)
{
	if (h->wanted->f->after)
		return a->no < b->no;
	return a->start_ns != b->start_ns ? a->start_ns > b->start_ns : a->no > b->no;
}

/* To its place, found from the end: blocks come nearly in order. */
static int waiting_add(struct heads *h, struct waiting one)
{
	size_t i = h->n_waiting;

	if (h->n_waiting == h->room) {
		size_t room = h->room ? h->room * 2 : (size_t)BLOCK_TRACES * 2;
		struct waiting *larger = reallocarray(h->waiting, room, sizeof(*larger));

		if (!larger)
			return ERR(-ENOMEM);
		h->waiting = larger;
		h->room = room;
	}
	for (; i && is_before(h, &h->waiting[i - 1], &one); i--)
		h->waiting[i] = h->waiting[i - 1];
	h->waiting[i] = one;
	h->n_waiting++;
	one.held->n_waiting++;
	return 0;
}

static void held_leave(struct held *held)
{
	if (held && !--held->n_waiting)
		free(held);
}

static int block_hold(struct heads *h, const struct block_view *v)
{
	struct held *held = malloc(sizeof(*held) + v->heads.n);
	struct summary sum;
	int r = 0;

	if (!held)
		return ERR(-ENOMEM);
	*held = (struct held){ .view = *v, .n_waiting = 1 };
	memcpy(held->bytes, v->heads.p, v->heads.n);
	held->view.heads.p = held->bytes;
	for (size_t i = 0; i < v->n && r == 0; i++)
		if (block_trace(&held->view, i, &sum) && is_wanted(h->wanted, &sum))
			r = waiting_add(h, (struct waiting){ sum.no, sum.start_ns, held });
	held_leave(held);
	return r;
}

static int blocks_step(struct heads *h)
{
	int r = h->block ? db_step(h->db, h->block) : DB_DONE;

	h->more_blocks = r == DB_ROW;
	return r < 0 ? r : 0;
}

/* May a trace of the next block come before what waits? */
static bool blocks_may_be_next(const struct heads *h)
{
	struct waiting least = { .no = db_column_u64(h->block, 0),
				 .start_ns = db_column_u64(h->block, BLOCK_VIEW_COLUMNS) };

	if (!h->n_waiting)
		return true;
	if (!h->wanted->f->after)
		least.no = UINT64_MAX;
	return is_before(h, &least, &h->waiting[h->n_waiting - 1]);
}

static int heads_step_block(struct heads *h)
{
	struct waiting next;
	int r = 0;

	held_leave(h->given);
	h->given = NULL;
	while (r == 0 && h->more_blocks && blocks_may_be_next(h)) {
		struct block_view v = block_read(h->block);

		r = block_hold(h, &v);
		if (r == 0)
			r = blocks_step(h);
	}
	h->more[2] = r == 0 && h->n_waiting;
	if (!h->more[2])
		return r;
	next = h->waiting[--h->n_waiting];
	h->given = next.held;
	block_trace(&next.held->view, next.no - next.held->view.no, &h->sum[2]);
	return 0;
}

static int heads_step(struct heads *h, int i)
{
	int r;

	if (i == 2)
		return heads_step_block(h);
	r = h->row[i] ? db_step(h->db, h->row[i]) : DB_DONE;
	h->more[i] = r == DB_ROW;
	if (h->more[i])
		summary_read(&h->sum[i], h->row[i]);
	return r < 0 ? r : 0;
}

/* The one that is next; -1: there are none. */
static int heads_next(const struct heads *h)
{
	bool after = h->wanted->f->after;
	int next = -1;

	for (int i = 0; i < 3; i++) {
		const struct summary *a = &h->sum[i], *b = &h->sum[next < 0 ? 0 : next];

		if (!h->more[i])
			continue;
		if (next < 0 || (after			      ? a->cursor < b->cursor
				 : a->start_ns != b->start_ns ? a->start_ns > b->start_ns
							      : a->no > b->no))
			next = i;
	}
	return next;
}

static int heads_begin(struct heads *h)
{
	const struct trace_filter *f = h->wanted->f;
	int r = 0;

	if (h->wanted->nobody)
		return 0;
	h->row[0] = db_stmt(h->db, f->after	    ? DB_TRACE_CAME
				   : f->errors_only ? DB_TRACE_ERRORS
						    : DB_TRACE_NEWEST);
	h->row[1] = f->after ? db_stmt(h->db, DB_TRACE_CHANGED) : NULL;
	h->block = f->errors_only ? NULL
				  : db_stmt(h->db, f->after ? DB_BLOCKS_CAME : DB_BLOCKS_NEWEST);
	if (h->block) {
		wanted_bind(h->wanted, h->block);
		r = blocks_step(h);
	}
	for (int i = 0; i < 2 && r == 0; i++)
		if (h->row[i])
			wanted_bind_row(h->wanted, h->row[i]);
	for (int i = 0; i < 3 && r == 0; i++)
		r = heads_step(h, i);
	return r;
}

static void heads_end(struct heads *h)
{
	db_reset(h->row[0]);
	db_reset(h->row[1]);
	db_reset(h->block);
	held_leave(h->given);
	while (h->n_waiting)
		held_leave(h->waiting[--h->n_waiting].held);
	free(h->waiting);
}

static int find_traces(struct db *db, const struct trace_filter *f, struct search *q,
		       int (*each)(const struct trace_summary *, void *), void *you)
{
	struct wanted wanted = wanted_of(db, f);
	struct heads h = { .db = db, .wanted = &wanted };
	size_t left = f->limit ? f->limit : 50;
	int r = heads_begin(&h), i;

	while (r == 0 && left && (i = heads_next(&h)) >= 0) {
		if (search_trace(q, h.sum[i].no)) {
			r = give_trace(db, &h.sum[i], each, you);
			left--;
		}
		if (q->needle.n && !q->rows_left)
			break;
		if (r == 0 && left)
			r = heads_step(&h, i);
	}
	heads_end(&h);
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
