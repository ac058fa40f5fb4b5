/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace as rows. A new one that is whole and has no errors goes into a block, any other into a row
 * of its own, which later spans and logs change.
 */
#include "store/write.h"

#include "base/err.h"
#include "store/blob.h"
#include "store/block.h"
#include "store/pack.h"

#include <errno.h>

sqlite3_int64 span_number(struct span_id id)
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
	static const enum db_statement add[DB_ROWS] = {
		[ROWS_trace] = DB_TRACES_ADD, [ROWS_span] = DB_SPANS_ADD
	};

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

/*
 * The spans of a group that go into one row. `own`: the first are for the trace's own row. `whole`: all of
 * them are, in st->blob, as they may go into a block.
 */
struct pack {
	uint64_t id, start_ns;
	size_t n;
	struct str *own;
	bool whole;
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
	struct pack_head head = { (uint64_t)span_number(span->span_id),
				  (uint64_t)span_number(span->parent_id),
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
	pack->n++;
	if (!pack->whole && (pack->n == PACK_SPANS || o->n >= PACK_BYTES))
		write_pack(w, pack);
}

static void write_summary(struct writing *w, const struct summary *sum, bool is_row,
			  struct str spans)
{
	char *room = arena_take(&w->arena, summary_room(sum));
	struct cell cell[SUMMARY_CELLS], *to;
	sqlite3_stmt *s;

	if (!room) {
		w->db->error = ERR(-ENOMEM);
	} else if (!is_row) {
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

/* ---- blocks -------------------------------------------------------------------------------------- */

/* So few have rows of their own, with the numbers that they have. */
static void write_few(struct writing *w, const struct block *b, struct str heads)
{
	struct block_view v = { .no = b->no, .run = b->run, .n = b->n, .heads = heads };
	struct summary sum;
	struct str spans;

	for (size_t i = 0; i < b->n; i++)
		if (block_trace(&v, i, &sum) && block_spans(&v, i, out_all(&b->spans), &spans))
			write_summary(w, &sum, false, arena_copy(&w->arena, spans));
}

static void write_block_row(struct writing *w, const struct block *b, struct str heads)
{
	struct out *spans = &w->st->squeezed;
	sqlite3_stmt *s;

	if (squeeze_pack(&w->db->squeeze, spans, out_all(&b->spans)) < 0)
		w->db->error = ERR(-ENOMEM);
	s = db_stmt(w->db, DB_BLOCK_ADD);
	db_bind_u64(s, 1, b->no);
	sqlite3_bind_int64(s, 2, b->run);
	db_bind_u64(s, 3, b->first_ns);
	db_bind_u64(s, 4, b->last_ns);
	sqlite3_bind_int64(s, 5, (int)b->n);
	db_bind_text(s, 6, out_all(&b->facts));
	db_bind_text(s, 7, heads);
	db_bind_text(s, 8, out_all(spans));
	db_run(w->db, s);
}

static void write_block(struct writing *w, struct block *b)
{
	struct out *heads = &w->st->heads;

	if (!b->n)
		return;
	block_heads(b, heads);
	if (block_error(b) || heads->error)
		w->db->error = ERR(-ENOMEM);
	if (b->n < BLOCK_LEAST)
		write_few(w, b, arena_copy(&w->arena, out_all(heads)));
	else
		write_block_row(w, b, out_all(heads));
	block_clear(b);
}

/* The block of this run, with room; where there are more runs than blocks, one is written for each change. */
static struct block *block_of(struct writing *w, uint32_t run)
{
	struct block *b = w->st->block, *end = b + STORE_BLOCKS;

	while (b < end && b->n && b->run != run)
		b++;
	if (b == end)
		b = &w->st->block[run % STORE_BLOCKS];
	if (block_is_full(b) || (b->n && b->run != run))
		write_block(w, b);
	if (!b->n) {
		b->no = (w->last_no / BLOCK_TRACES + 1) * BLOCK_TRACES;
		w->last_no = b->no + BLOCK_TRACES - 1;
	}
	b->run = run;
	return b;
}

/*
 * May it go into a block, as far as can be seen before its spans are written? Not what is listed by its errors,
 * and not what begins elsewhere: the rest of it will come.
 */
static bool is_whole(const struct group *g)
{
	bool begins = false;
	size_t n = 0;

	for (const struct span_ref *ref = g->first; ref; ref = ref->next) {
		const struct span *s = ref->span;

		if (++n > PACK_SPANS || s->status == STATUS_ERROR)
			return false;
		begins |= s->kind == SPAN_SERVER || s->kind == SPAN_CONSUMER ||
			  !span_id_is_set(s->parent_id);
	}
	return begins;
}

/* ---- a trace ------------------------------------------------------------------------------------- */

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

static void write_spans(struct writing *w, struct group *g, struct summary *sum, struct pack *pack,
			const struct known *known)
{
	struct summary_span at;

	for (const struct span_ref *ref = g->first; ref && !w->db->error; ref = ref->next) {
		uint64_t id = sum->no << SPAN_BITS | sum->n_spans;

		if (known_has(known, ref)) {
			w->n_known++;
			continue;
		}
		if (sum->n_spans >> SPAN_BITS) {
			w->n_dropped++;
			continue;
		}
		summary_look(&at, ref->span, ref->from->service, ref->from->run, w->db);
		summary_add(sum, ref->span, &at);
		write_span(w, pack, id, ref);
		if (at.server || !span_id_is_set(ref->span->parent_id))
			write_request(w, ref, &at);
	}
}

/* Its spans are in st->blob. False: they are too many bytes for a block. */
static bool write_in_block(struct writing *w, struct group *g, struct summary *sum)
{
	struct str spans = out_all(&w->st->blob);
	struct block *b;

	if (spans.n > PACK_BYTES || w->st->blob.error)
		return false;
	b = block_of(w, sum->run);
	g->no = b->no + b->n;
	block_add(b, sum, spans);
	return true;
}

void write_trace(struct writing *w, struct group *g)
{
	struct summary sum;
	struct known known = { 0 };
	struct str spans = { "", 0 };
	enum origin from = write_found(w, &sum, g, &spans);
	struct pack pack = { .own = from == NOWHERE ? &spans : NULL,
			     .whole = from == NOWHERE && is_whole(g) };

	if (from != NOWHERE && g->again && sum.n_spans)
		known_load(w, &known, &sum);
	if (from == NOWHERE && !pack.whole)
		sum.no = ++w->last_no;
	sum.n_logs += g->n_logs;
	write_spans(w, g, &sum, &pack, &known);
	if (pack.whole && write_in_block(w, g, &sum))
		return;
	if (!sum.no)
		sum.no = ++w->last_no;
	g->no = sum.no;
	sum.cursor = cursor_next(w, from != NOWHERE);
	write_pack(w, &pack);
	write_summary(w, &sum, from == ROW, spans);
}

void write_rest(struct writing *w)
{
	uint64_t newest;

	for (int i = 0; i < STORE_BLOCKS && !w->db->error; i++)
		write_block(w, &w->st->block[i]);
	for (int i = 0; i < DB_ROWS && !w->db->error; i++)
		write_rows(w, (enum db_rows)i);
	for (int i = 0; i < STORE_REQUESTS && !w->db->error; i++)
		write_requests(w, &w->st->requests[i]);
	newest = w->last_no << SPAN_BITS;
	if (w->cursor < newest)
		w->cursor = newest;
}

void write_forget(struct writing *w)
{
	for (int i = 0; i < DB_ROWS; i++)
		w->db->rows[i].n = 0;
	for (int i = 0; i < STORE_REQUESTS; i++) {
		out_clear(&w->st->requests[i].data);
		w->st->requests[i].n = 0;
	}
	for (int i = 0; i < STORE_BLOCKS; i++)
		block_clear(&w->st->block[i]);
}
