/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing: batches become rows, in one transaction.
 *
 * Spans are gathered by trace first, whatever batch they came in: a trace's row is then read and
 * written once per write, and its spans get numbers side by side. A batch that may have been given
 * before (`again`) is looked at span by span; others are not.
 */
#include "store/write.h"

#include "base/err.h"
#include "model/stats.h"
#include "store/blob.h"
#include "store/problem.h"

#include <errno.h>

enum { USED_AHEAD = 65536 };

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

static void sources_forget(struct store *st)
{
	for (size_t i = 0; i < STORE_SOURCES; i++) {
		resource_free(st->source[i].resource);
		st->source[i] = (struct store_source){ 0 };
	}
}

static struct store_source *source_slot(struct store *st, const struct resource *r)
{
	return &st->source[(uintptr_t)r / 64 % STORE_SOURCES];
}

static void write_source(struct writing *w, struct resource *r, struct source *to)
{
	struct store_source *known = source_slot(w->st, r);

	if (known->resource != r) {
		resource_free(known->resource);
		*known = (struct store_source){ .resource = resource_ref(r),
						.no = write_resource(w, r),
						.service = words_give(w->db, r->service),
						.run = words_give(w->db, r->run) };
	}
	to->resource = known->no;
	to->service = known->service;
	to->run = known->run;
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
		sqlite3_bind_int64(s, 3, span_number(l->span_id));
	sqlite3_bind_int(s, 4, l->severity);
	sqlite3_bind_int64(s, 5, from->resource);
	sqlite3_bind_int64(s, 6, from->service);
	sqlite3_bind_int64(s, 7, from->run);
	db_bind_text(s, 8, out_all(o));
	db_run(w->db, s);
	w->last_log++;
}

/* Ahead of what it has, so that not each write changes its row: it is only about when nobody needs it any more. */
static void write_resource_used(struct writing *w, const struct resource *r, uint32_t no)
{
	struct store_source *known = source_slot(w->st, r);
	uint64_t span = (w->last_no + 1) << SPAN_BITS, log = w->last_log;
	sqlite3_stmt *s;

	if (known->resource == r && span <= known->used_span && log <= known->used_log)
		return;
	span += (uint64_t)USED_AHEAD << SPAN_BITS;
	log += USED_AHEAD;
	s = db_stmt(w->db, DB_RESOURCE_USED);
	sqlite3_bind_int64(s, 1, no);
	db_bind_u64(s, 2, span);
	db_bind_u64(s, 3, log);
	db_run(w->db, s);
	if (known->resource == r) {
		known->used_span = span;
		known->used_log = log;
	}
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

static int write_all(struct writing *w, struct batch *const *batches, size_t n)
{
	int r = db_begin(w->db, DB_BEGIN_WRITE);

	if (r < 0)
		return TRACE(r);
	write_forget(w);
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
		write_trace(w, &w->group[i]);
	write_rest(w);
	for (size_t i = 0; i < n && !w->db->error; i++) {
		for (size_t k = 0; k < batches[i]->n_logs && !w->db->error; k++)
			write_log(w, &batches[i]->log[k], &w->source[i]);
		if (i + 1 == n || w->source[i + 1].resource != w->source[i].resource)
			write_resource_used(w, batches[i]->resource, w->source[i].resource);
	}
	write_problems(w, batches, n);
	write_last_set(w);
	w->st->file_bytes = db_ask(w->db, DB_PAGE_COUNT, 0) * db_ask(w->db, DB_PAGE_SIZE, 0);
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
	if (r < 0)
		sources_forget(st);
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
