/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing: batches become rows, in one transaction.
 *
 * Spans are gathered by trace first, whatever batch they came in: a trace's row is then read and
 * written once per write, and its spans get numbers side by side. A batch that may have been given
 * before (`again`) is looked at span by span; others are not.
 */
#include "store/inside.h"

#include "base/err.h"
#include "model/stats.h"
#include "store/blob.h"
#include "store/pack.h"
#include "store/problem.h"
#include "store/summary.h"

#include <errno.h>
#include <stdlib.h>

struct source {
	uint32_t resource, service, run;
	bool again;
};

struct span_ref {
	const struct span *span;
	const struct source *from;
	struct span_ref *next;
};

struct group {
	struct trace_id trace_id;
	struct span_ref *first, **last;
	uint64_t n_logs, no, hash;
	bool again, is_new;
};

struct writing {
	struct store *st;
	struct db *db;
	struct arena arena;
	struct source *source; /* one a batch */
	struct group *group;
	uint32_t *slot; /* open addressing: index + 1 into group */
	size_t n_groups, n_slots;
	uint64_t last_no, cursor, last_log;
	uint64_t n_items, n_dropped, n_known;
};

static struct group *group_of(struct writing *w, struct trace_id id)
{
	uint64_t h;

	memcpy(&h, id.b + 8, sizeof(h));
	h = (h ^ w->db->words.seed) * 0x9e3779b97f4a7c15u;
	for (size_t i = (h >> 32) & (w->n_slots - 1);; i = (i + 1) & (w->n_slots - 1)) {
		struct group *g = &w->group[w->slot[i] - (w->slot[i] != 0)];

		if (w->slot[i] && memcmp(&g->trace_id, &id, sizeof(id)) == 0)
			return g;
		if (w->slot[i])
			continue;
		g = &w->group[w->n_groups++];
		*g = (struct group){ .trace_id = id, .hash = place_hash(id) };
		places_expect(&w->st->places, g->hash);
		g->last = &g->first;
		w->slot[i] = (uint32_t)w->n_groups;
		return g;
	}
}

static bool writing_room(struct writing *w, struct batch *const *batches, size_t n)
{
	size_t items = 0;

	for (size_t i = 0; i < n; i++)
		items += batches[i]->n_spans + batches[i]->n_logs;
	w->n_slots = 64;
	while (w->n_slots < items * 2)
		w->n_slots *= 2;
	w->source = arena_take_n(&w->arena, struct source, n);
	w->group = arena_take_n(&w->arena, struct group, items + 1);
	w->slot = arena_take_n(&w->arena, uint32_t, w->n_slots);
	if (!w->source || !w->group || !w->slot)
		return false;
	memset(w->slot, 0, w->n_slots * sizeof(*w->slot));
	return true;
}

static uint32_t write_resource(struct writing *w, const struct resource *r)
{
	struct out *o = &w->st->blob_resource;
	struct blob_writer blob = { o, store_word_give, w->db };
	sqlite3_stmt *s = db_stmt(w->db, DB_RESOURCE_FIND);
	uint32_t no = 0;

	out_clear(o);
	blob_write_resource(&blob, r);
	db_bind_text(s, 1, out_all(o));
	if (db_step(w->db, s) == DB_ROW)
		no = (uint32_t)sqlite3_column_int64(s, 0);
	db_reset(s);
	if (no || w->db->error)
		return no;
	s = db_stmt(w->db, DB_RESOURCE_ADD);
	db_bind_text(s, 1, out_all(o));
	db_run(w->db, s);
	return (uint32_t)sqlite3_last_insert_rowid(w->db->sql);
}

static void write_source(struct writing *w, const struct resource *r, struct source *to)
{
	to->resource = write_resource(w, r);
	to->service = words_give(w->db, r->service);
	to->run = words_give(w->db, r->run);
}

static void write_gather(struct writing *w, const struct batch *b, const struct source *from)
{
	for (size_t i = 0; i < b->n_spans; i++) {
		struct group *g = group_of(w, b->span[i].trace_id);
		struct span_ref *ref = arena_take_n(&w->arena, struct span_ref, 1);

		if (!ref) {
			w->db->error = ERR(-ENOMEM);
			return;
		}
		*ref = (struct span_ref){ &b->span[i], from, NULL };
		*g->last = ref;
		g->last = &ref->next;
		g->again |= b->again;
	}
	for (size_t i = 0; i < b->n_logs; i++)
		if (trace_id_is_set(b->log[i].trace_id))
			group_of(w, b->log[i].trace_id)->n_logs++;
	w->n_items += b->n_spans + b->n_logs;
}

static sqlite3_int64 id_number(struct span_id id)
{
	sqlite3_int64 v;

	memcpy(&v, id.b, sizeof(v));
	return v;
}

static uint64_t span_duration(const struct span *s)
{
	return s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 0;
}

static void write_rows(struct writing *w, enum db_rows which)
{
	static const enum db_statement add[DB_ROWS] = { [ROWS_trace] = DB_TRACES_ADD,
							[ROWS_span] = DB_SPANS_ADD,
							[ROWS_place] = DB_PLACES_ADD };

	if (w->db->rows[which].n)
		db_run(w->db, db_stmt(w->db, add[which]));
	w->db->rows[which].n = 0;
}

/* Room for one more; what is there is written when there is none. */
static struct cell *write_row(struct writing *w, enum db_rows which)
{
	struct cell *to = rows_next(&w->db->rows[which]);

	if (to)
		return to;
	write_rows(w, which);
	return rows_next(&w->db->rows[which]);
}

static void write_requests(struct writing *w, struct requests_row *row)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_REQUESTS_ADD);

	if (!row->n)
		return;
	if (row->data.error)
		w->db->error = ERR(row->data.error);
	sqlite3_bind_int64(s, 1, row->run);
	db_bind_u64(s, 2, row->first_ns);
	db_bind_u64(s, 3, row->last_ns);
	db_bind_text(s, 4, out_all(&row->data));
	db_run(w->db, s);
	out_clear(&row->data);
	row->n = 0;
}

/* The row of this run; where there are more runs than rows, a row is written for each change. */
static struct requests_row *requests_of(struct writing *w, uint32_t run)
{
	struct requests_row *row = w->st->requests, *end = row + STORE_REQUESTS;

	while (row < end && row->n && row->run != run)
		row++;
	if (row == end)
		row = &w->st->requests[run % STORE_REQUESTS];
	if (row->n == REQUESTS_A_ROW || (row->n && row->run != run))
		write_requests(w, row);
	row->run = run;
	return row;
}

static void write_request(struct writing *w, const struct span_ref *ref,
			  const struct summary_span *at)
{
	requests_add(requests_of(w, at->run), &(struct request){
						      .start_ns = ref->span->start_ns,
						      .duration_ns = span_duration(ref->span),
						      .service = at->service,
						      .route = at->route,
						      .method = at->method,
						      .resource = ref->from->resource,
						      .server = at->server,
						      .error = at->error,
					      });
}

/* kind, status and end in one byte: see read_span in traces.c */
static int span_what(const struct span *span)
{
	return ((int)span->kind & 7) | ((int)span->status & 3) << 3 | ((int)span->end & 3) << 5;
}

/* The spans of a group that go into one row; of a new trace the first into its own. */
struct pack {
	uint64_t id, start_ns;
	size_t n;
	struct str *own;
};

static void write_pack(struct writing *w, struct pack *pack)
{
	struct out *o = &w->st->blob;
	struct str data;
	struct cell *to;

	if (!pack->n)
		return;
	data = arena_copy(&w->arena, out_all(o));
	if (o->error || data.n != o->n)
		w->db->error = ERR(o->error ? o->error : -ENOMEM);
	pack->n = 0;
	if (pack->own) {
		*pack->own = data;
		pack->own = NULL;
		return;
	}
	to = write_row(w, ROWS_span);
	to[0] = cell_u64(pack->id);
	to[1] = cell_u64(pack->start_ns);
	to[2] = cell_text(data);
}

static void write_span(struct writing *w, struct pack *pack, uint64_t id,
		       const struct span_ref *ref)
{
	const struct span *span = ref->span;
	struct out *o = &w->st->blob;
	struct blob_writer blob = { o, store_word_give, w->db };
	struct pack_head head = { (uint64_t)id_number(span->span_id),
				  (uint64_t)id_number(span->parent_id),
				  span->start_ns,
				  span_duration(span),
				  ref->from->resource,
				  0,
				  (uint8_t)span_what(span) };
	size_t at;
	int r;

	if (!pack->n) {
		out_clear(o);
		pack->id = id;
		pack->start_ns = 0;
	}
	at = pack_begin(o, &head);
	blob_write_span(&blob, span);
	r = pack_end(o, at);
	if (r < 0)
		w->db->error = ERR(r);
	if (span->start_ns > pack->start_ns)
		pack->start_ns = span->start_ns;
	if (++pack->n == PACK_SPANS || o->n >= PACK_BYTES)
		write_pack(w, pack);
}

/* By a number, or by the place of the hash. */
static bool summary_fetch(struct writing *w, struct summary *sum, const struct group *g,
			  enum db_statement how, uint64_t by)
{
	sqlite3_stmt *s = db_stmt(w->db, how);
	bool found;

	db_bind_text(s, 1, (struct str){ (const char *)g->trace_id.b, sizeof(g->trace_id.b) });
	db_bind_u64(s, 2, by);
	found = db_step(w->db, s) == DB_ROW;
	if (found) {
		summary_read(sum, s);
		sum->name = arena_copy(&w->arena, sum->name);
		sum->path = arena_copy(&w->arena, sum->path);
	}
	db_reset(s);
	return found;
}

static bool summary_load(struct writing *w, struct summary *sum, struct group *g)
{
	const struct places *p = &w->st->places;
	uint64_t no;

	for (size_t at = 0; (no = places_next(p, g->hash, &at));)
		if (summary_fetch(w, sum, g, DB_TRACE_BY_NO, no))
			return true;
	if (places_may_hold(p, g->hash) && summary_fetch(w, sum, g, DB_TRACE_BY_PLACE, g->hash))
		return true;
	g->is_new = true;
	*sum = (struct summary){ .no = ++w->last_no, .trace_id = g->trace_id };
	return false;
}

/* The span ids of a trace, sorted. */
struct known {
	sqlite3_int64 *id;
	size_t n;
};

static int by_number(const void *a, const void *b)
{
	sqlite3_int64 x = *(const sqlite3_int64 *)a, y = *(const sqlite3_int64 *)b;

	return (x > y) - (x < y);
}

static void known_load(struct writing *w, struct known *k, const struct summary *sum)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_SPAN_LIST);
	/* The file's number: no more than a trace may have. */
	size_t room = sum->n_spans >> SPAN_BITS ? (size_t)1 << SPAN_BITS : sum->n_spans;

	k->id = arena_take_n(&w->arena, sqlite3_int64, room);
	if (!k->id)
		w->db->error = ERR(-ENOMEM);
	db_bind_u64(s, 1, sum->no);
	while (k->id && db_step(w->db, s) == DB_ROW) {
		struct str left = db_column_text(s, 0);
		struct packed span;

		while (k->n < room && pack_next(&left, &span))
			k->id[k->n++] = (sqlite3_int64)span.head.span_id;
	}
	db_reset(s);
	if (k->n)
		qsort(k->id, k->n, sizeof(*k->id), by_number);
}

/* Given by a collector that was killed before it could say so, and now by the next one. */
static bool is_known(const struct known *k, const struct span_ref *ref)
{
	sqlite3_int64 id = id_number(ref->span->span_id);

	return ref->from->again && k->n && bsearch(&id, k->id, k->n, sizeof(id), by_number);
}

static void write_summary(struct writing *w, const struct summary *sum, bool found,
			  struct str spans)
{
	char *room = arena_take(&w->arena, summary_room(sum));
	struct cell cell[SUMMARY_CELLS], *to;
	sqlite3_stmt *s;

	if (!room) {
		w->db->error = ERR(-ENOMEM);
	} else if (!found) {
		to = write_row(w, ROWS_trace);
		summary_cells(sum, room, to);
		to[SUMMARY_CELLS] = cell_text(spans);
	} else {
		s = db_stmt(w->db, DB_TRACE_SET);
		summary_cells(sum, room, cell);
		cells_bind(s, cell, SUMMARY_CELLS);
		db_run(w->db, s);
	}
}

/* See store/schema.h. */
static uint64_t cursor_next(struct writing *w, bool found)
{
	uint64_t newest = w->last_no << SPAN_BITS;

	if (w->cursor < newest)
		w->cursor = newest;
	if (found && !(++w->cursor & ((1 << SPAN_BITS) - 1)))
		w->last_no = w->cursor++ >> SPAN_BITS; /* so many changes that they take a number */
	return w->cursor;
}

static void write_group(struct writing *w, struct group *g)
{
	struct summary sum;
	struct summary_span at;
	struct known known = { 0 };
	struct pack pack = { 0 };
	struct str spans = { "", 0 };
	bool found = summary_load(w, &sum, g);

	if (found && g->again && sum.n_spans)
		known_load(w, &known, &sum);
	g->no = sum.no;
	sum.cursor = cursor_next(w, found);
	pack.own = found ? NULL : &spans;
	sum.n_logs += g->n_logs;
	for (const struct span_ref *ref = g->first; ref && !w->db->error; ref = ref->next) {
		uint64_t id = sum.no << SPAN_BITS | sum.n_spans;

		if (is_known(&known, ref)) {
			w->n_known++;
			continue;
		}
		if (sum.n_spans >> SPAN_BITS) {
			w->n_dropped++;
			continue;
		}
		summary_look(&at, ref->span, ref->from->service, ref->from->run, w->db);
		summary_add(&sum, ref->span, &at);
		write_span(w, &pack, id, ref);
		if (at.server || !span_id_is_set(ref->span->parent_id))
			write_request(w, ref, &at);
	}
	write_pack(w, &pack);
	write_summary(w, &sum, found, spans);
}

static void write_log(struct writing *w, const struct log_record *l, const struct source *from)
{
	struct out *o = &w->st->blob;
	struct blob_writer blob = { o, store_word_give, w->db };
	struct log_record timed = *l;
	sqlite3_stmt *s;

	if (!timed.time_ns)
		timed.time_ns = timed.observed_ns;
	out_clear(o);
	blob_write_log(&blob, &timed);
	if (o->error)
		w->db->error = ERR(o->error);
	s = db_stmt(w->db, DB_LOG_ADD);
	db_bind_u64(s, 1, timed.time_ns);
	if (trace_id_is_set(l->trace_id))
		db_bind_u64(s, 2, group_of(w, l->trace_id)->no);
	if (span_id_is_set(l->span_id))
		sqlite3_bind_int64(s, 3, id_number(l->span_id));
	sqlite3_bind_int(s, 4, l->severity);
	sqlite3_bind_int64(s, 5, from->resource);
	sqlite3_bind_int64(s, 6, from->service);
	sqlite3_bind_int64(s, 7, from->run);
	db_bind_text(s, 8, out_all(o));
	db_run(w->db, s);
	w->last_log++;
}

static void write_resource_used(struct writing *w, const struct source *from)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_RESOURCE_USED);

	sqlite3_bind_int64(s, 1, from->resource);
	db_bind_u64(s, 2, (w->last_no + 1) << SPAN_BITS);
	db_bind_u64(s, 3, w->last_log);
	db_run(w->db, s);
}

/* Another collector may have written meanwhile, so the file is asked, not memory. */
static void write_last(struct writing *w)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_LAST);
	uint64_t placed = 0;

	if (db_step(w->db, s) == DB_ROW) {
		w->last_no = db_column_u64(s, 0);
		w->cursor = db_column_u64(s, 1);
		w->last_log = db_column_u64(s, 2);
		placed = db_column_u64(s, 3);
	}
	db_reset(s);
	places_follow(&w->st->places, w->db, w->last_no, placed);
}

static void write_last_set(struct writing *w)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_LAST_SET);

	db_bind_u64(s, 1, w->last_no);
	db_bind_u64(s, 2, w->cursor);
	db_run(w->db, s);
}

static void write_problems(struct writing *w, struct batch *const *batches, size_t n)
{
	struct problems p = { .arena = &w->arena };

	for (size_t i = 0; i < n && !w->db->error; i++) {
		const struct batch *b = batches[i];
		struct problem_from from = { w->source[i].resource, w->source[i].service,
					     w->source[i].run };

		for (size_t k = 0; k < b->n_logs; k++)
			problems_log(&p, &b->log[k], b->resource, &from);
		for (size_t k = 0; k < b->n_spans; k++)
			if (b->span[k].n_events)
				problems_span(&p, &b->span[k], b->resource, &from);
	}
	problems_write(&p, w->db, &w->st->blob);
}

static void rows_forget(struct writing *w)
{
	for (int i = 0; i < DB_ROWS; i++)
		w->db->rows[i].n = 0;
	for (int i = 0; i < STORE_REQUESTS; i++) {
		out_clear(&w->st->requests[i].data);
		w->st->requests[i].n = 0;
	}
}

static int write_all(struct writing *w, struct batch *const *batches, size_t n)
{
	int r = db_begin(w->db, DB_BEGIN_WRITE);

	if (r < 0)
		return TRACE(r);
	rows_forget(w); /* of a write that failed */
	write_last(w);
	for (size_t i = 0; i < n && !w->db->error; i++) {
		if (i && batches[i]->resource == batches[i - 1]->resource)
			w->source[i] = w->source[i - 1];
		else
			write_source(w, batches[i]->resource, &w->source[i]);
		w->source[i].again = batches[i]->again;
		write_gather(w, batches[i], &w->source[i]);
	}
	for (size_t i = 0; i < w->n_groups && !w->db->error; i++)
		write_group(w, &w->group[i]);
	for (int i = 0; i < DB_ROWS && !w->db->error; i++)
		write_rows(w, (enum db_rows)i);
	for (int i = 0; i < STORE_REQUESTS && !w->db->error; i++)
		write_requests(w, &w->st->requests[i]);
	for (size_t i = 0; i < n && !w->db->error; i++) {
		for (size_t k = 0; k < batches[i]->n_logs && !w->db->error; k++)
			write_log(w, &batches[i]->log[k], &w->source[i]);
		if (i + 1 == n || w->source[i + 1].resource != w->source[i].resource)
			write_resource_used(w, &w->source[i]);
	}
	write_problems(w, batches, n);
	write_last_set(w);
	return TRACE(db_commit(w->db));
}

static void write_places(struct writing *w)
{
	struct places *p = &w->st->places;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < w->n_groups; i++)
		if (w->group[i].is_new)
			places_add(p, w->group[i].hash, w->group[i].no);
	places_known(p, w->last_no);
	pthread_mutex_unlock(&p->lock);
	places_put(p, w->db);
}

int store_write(struct store *st, struct batch *const *batches, size_t n)
{
	struct writing w = { .st = st, .db = &st->writer };
	int r;

	pthread_mutex_lock(&st->writing);
	r = writing_room(&w, batches, n) ? write_all(&w, batches, n) : ERR(-ENOMEM);
	st->state = r;
	if (r == 0) {
		write_places(&w);
		retain(st, w.n_items);
	}
	pthread_mutex_unlock(&st->writing);
	arena_fini(&w.arena);
	if (r < 0)
		return TRACE(r);
	stats_add(store_written, w.n_items - w.n_dropped - w.n_known);
	stats_add(store_dropped, w.n_dropped);
	return 0;
}
