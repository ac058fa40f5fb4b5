/* SPDX-License-Identifier: Apache-2.0 */
/* What the file has of a trace already. */
#include "store/write.h"

#include "base/err.h"
#include "store/block.h"
#include "store/pack.h"

#include <errno.h>
#include <stdlib.h>

static bool summary_fetch(struct writing *w, struct summary *sum, const struct group *g,
			  uint64_t no)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_TRACE_BY_NO);
	bool found;

	db_bind_text(s, 1, (struct str){ (const char *)g->trace_id.b, sizeof(g->trace_id.b) });
	db_bind_u64(s, 2, no);
	found = db_step(w->db, s) == DB_ROW;
	if (found) {
		summary_read(sum, s);
		sum->name = arena_copy(&w->arena, sum->name);
		sum->path = arena_copy(&w->arena, sum->path);
	}
	db_reset(s);
	return found;
}

static void lift(struct writing *w, const struct block_view *v, size_t i)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_LIFT);

	db_bind_u64(s, 1, v->no);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)((uint64_t)1 << i));
	db_run(w->db, s);
}

/* From a block, where it is no more then; `spans` are what it had there. */
static bool lifted_fetch(struct writing *w, struct summary *sum, const struct group *g, uint64_t no,
			 struct str *spans)
{
	sqlite3_stmt *s = db_stmt(w->db, DB_BLOCK_BY_NO);
	struct block_view v;
	bool found = false;
	size_t i = 0;

	db_bind_u64(s, 1, no);
	if (db_step(w->db, s) == DB_ROW) {
		struct str packed = db_column_text(s, BLOCK_VIEW_COLUMNS);

		v = block_read(s);
		found = block_find(&v, g->trace_id, &i) && block_trace(&v, i, sum) &&
			block_spans(&v, i, squeeze_plain(&w->db->squeeze, v.no, packed), spans);
	}
	if (found) {
		sum->name = arena_copy(&w->arena, sum->name);
		sum->path = arena_copy(&w->arena, sum->path);
		*spans = arena_copy(&w->arena, *spans);
	}
	db_reset(s);
	if (found)
		lift(w, &v, i);
	return found;
}

static enum origin summary_at(struct writing *w, struct summary *sum, const struct group *g,
			      uint64_t no, struct str *spans)
{
	if (summary_fetch(w, sum, g, no))
		return ROW;
	return lifted_fetch(w, sum, g, no, spans) ? BLOCK : NOWHERE;
}

enum origin write_found(struct writing *w, struct summary *sum, struct group *g, struct str *spans)
{
	const struct places *p = &w->st->places;
	uint64_t no[PLACES_ALIKE];
	enum origin from = NOWHERE;
	size_t at = 0, n;

	while (!from && (no[0] = places_next(p, g->hash, &at)))
		from = summary_at(w, sum, g, no[0], spans);
	n = from || !places_may_hold(p, g->hash) ? 0 : places_find(w->db, g->hash, no);
	for (size_t i = 0; i < n && !from; i++)
		from = summary_at(w, sum, g, no[i], spans);
	g->is_new = !from;
	if (!from)
		*sum = (struct summary){ .trace_id = g->trace_id };
	return from;
}

static int by_number(const void *a, const void *b)
{
	sqlite3_int64 x = *(const sqlite3_int64 *)a, y = *(const sqlite3_int64 *)b;

	return (x > y) - (x < y);
}

void known_load(struct writing *w, struct known *k, const struct summary *sum)
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

bool known_has(const struct known *k, const struct span_ref *ref)
{
	sqlite3_int64 id = span_number(ref->span->span_id);

	return ref->from->again && k->n && bsearch(&id, k->id, k->n, sizeof(id), by_number);
}
