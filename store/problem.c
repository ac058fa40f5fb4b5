/* SPDX-License-Identifier: Apache-2.0 */
#include "store/problem.h"

#include "base/err.h"
#include "base/fnv.h"
#include "base/path.h"
#include "store/blob.h"
#include "store/inside.h"
#include "store/shape.h"

#include <errno.h>
#include <stdio.h>

enum {
	SLOTS = 1024,
	TOP_FRAMES = 3,
	TYPE_MOST = 200,
	PLACE_MOST = 200,
	MESSAGE_MOST = 300,
	RELEASES = 8
};

struct occurrence {
	uint64_t time_ns;
	struct trace_id trace_id;
	struct span_id span_id;
	struct str message;
	uint32_t run;
};

struct release {
	struct str version;
	uint64_t n, first_ns, last_ns;
};

struct problem {
	struct problem *next;
	uint64_t key, n, first_ns, last_ns;
	uint32_t service, resource;
	bool crash;
	struct str type, shape, place;
	const struct log_record *last; /* NULL: only spans said so */
	struct occurrence seen[PROBLEM_TRACES];
	size_t n_seen; /* ever; the array is a ring */
	struct release release[RELEASES];
	size_t n_releases;
};

/* What one error says of itself, wherever it came from. */
struct said {
	struct str type, message;
	struct attributes attributes;
	struct occurrence at;
	const struct log_record *log;
};

/* ---- the kind --------------------------------------------------------------------------------- */

static uint64_t hash_add(uint64_t h, struct str text)
{
	return (fnv_add(h, text.p, text.n) ^ 0xff) * FNV_PRIME;
}

static struct attributes map_of(const struct value *v)
{
	return v->type == VALUE_MAP ? (struct attributes){ v->map.item, v->map.n, 0 }
				    : (struct attributes){ 0 };
}

/* Not the system's way to the signal or the throw. */
static bool is_ours(struct attributes frame)
{
	static const struct str system[] = { { "libc.so", 7 },	     { "libc-", 5 },
					     { "libstdc++.so", 12 }, { "libgcc_s.so", 11 },
					     { "ld-linux", 8 },	     { "liboriel", 8 } };
	struct str module = path_name(attributes_text(frame, STR("module")));

	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		if (str_starts(module, system[i]))
			return false;
	return module.n != 0;
}

/* Without line numbers, so that a change elsewhere in the file makes no other kind of it. */
static uint64_t hash_frames(uint64_t h, const struct value *frames, bool all, unsigned *n,
			    struct attributes *top)
{
	for (size_t i = 0; i < frames->array.n && *n < TOP_FRAMES; i++) {
		struct attributes f = map_of(&frames->array.item[i]);
		struct str name = attributes_text(f, STR("function"));

		if (!all && !is_ours(f))
			continue;
		if (!(*n)++)
			*top = f;
		h = hash_add(h, name.n ? name : attributes_text(f, STR("offset")));
		h = hash_add(h, path_name(attributes_text(f, STR("module"))));
	}
	return h;
}

static struct str format_place(struct arena *arena, struct str function, struct str file,
			       int64_t line)
{
	char text[PLACE_MOST];
	int n;

	file = path_name(file);
	if (file.n && function.n && line)
		n = snprintf(text, sizeof(text), STR_FMT " (" STR_FMT ":%lld)", STR_ARG(function),
			     STR_ARG(file), (long long)line);
	else if (file.n && function.n)
		n = snprintf(text, sizeof(text), STR_FMT "+" STR_FMT, STR_ARG(function),
			     STR_ARG(file));
	else
		n = snprintf(text, sizeof(text), STR_FMT STR_FMT, STR_ARG(function), STR_ARG(file));
	return arena_copy(arena, (struct str){ text, (size_t)n < sizeof(text) ? (size_t)n
									      : sizeof(text) - 1 });
}

static uint64_t hash_place(struct problems *p, uint64_t h, const struct said *s, struct str *place)
{
	const struct value *frames = attributes_find(s->attributes, STR("oriel.frames"));
	struct str function = attributes_text(s->attributes, STR("code.function.name"));
	struct str file = attributes_text(s->attributes, STR("code.file.path"));
	int64_t line = attributes_int(s->attributes, STR("code.line.number"), 0);
	struct attributes top = { 0 };
	unsigned n = 0;

	if (frames && frames->type == VALUE_ARRAY) {
		h = hash_frames(h, frames, false, &n, &top);
		if (!n)
			h = hash_frames(h, frames, true, &n, &top);
		function = attributes_text(top, STR("function"));
		file = attributes_text(top, STR("file"));
		line = attributes_int(top, STR("line"), 0);
		if (!function.n && !file.n) {
			function = path_name(attributes_text(top, STR("module")));
			file = attributes_text(top, STR("offset"));
		}
	} else {
		h = hash_add(hash_add(h, function), file);
	}
	*place = format_place(p->arena, function, file, line);
	return h;
}

/* ---- in one write ----------------------------------------------------------------------------- */

static struct problem *problem_of(struct problems *p, uint64_t key)
{
	struct problem **at;

	if (!p->slot) {
		p->slot = arena_take_n(p->arena, struct problem *, SLOTS);
		if (!p->slot)
			return NULL;
		memset(p->slot, 0, SLOTS * sizeof(struct problem *));
	}
	for (size_t i = key % SLOTS;; i = (i + 1) % SLOTS) {
		at = &p->slot[i];
		if (*at && (*at)->key == key)
			return *at;
		if (!*at)
			break;
	}
	/* Beyond that many new kinds at once the rest isn't grouped. */
	if (p->n >= SLOTS / 2)
		return NULL;
	*at = arena_take_n(p->arena, struct problem, 1);
	if (!*at)
		return NULL;
	**at = (struct problem){ .next = p->first, .key = key, .first_ns = UINT64_MAX };
	p->first = *at;
	p->n++;
	return *at;
}

static void release_add(struct problem *q, struct str version, uint64_t time_ns)
{
	struct release *r = NULL;

	for (size_t i = 0; i < q->n_releases && !r; i++)
		if (str_eq(q->release[i].version, version))
			r = &q->release[i];
	if (!r && q->n_releases < RELEASES) {
		r = &q->release[q->n_releases++];
		*r = (struct release){ .version = version, .first_ns = UINT64_MAX };
	}
	if (!r)
		return;
	r->n++;
	r->first_ns = time_ns < r->first_ns ? time_ns : r->first_ns;
	r->last_ns = time_ns > r->last_ns ? time_ns : r->last_ns;
}

static void problem_add(struct problems *p, const struct said *s, const struct resource *from,
			const struct problem_from *words)
{
	char shape[SHAPE_MOST];
	struct str type = str_first(s->type, TYPE_MOST), place;
	size_t shape_n = shape_of(s->message, shape, sizeof(shape));
	uint64_t h = hash_add(hash_add(FNV_START, from->service), type);
	struct problem *q;

	h = hash_add(h, (struct str){ shape, shape_n });
	h = hash_place(p, h, s, &place);
	q = problem_of(p, h & INT64_MAX);
	if (!q)
		return;
	if (!q->n) {
		q->type = arena_copy(p->arena, type);
		q->shape = arena_copy(p->arena, (struct str){ shape, shape_n });
		q->service = words->service;
	}
	q->n++;
	if (s->at.time_ns >= q->last_ns) {
		q->last_ns = s->at.time_ns;
		q->last = s->log ? s->log : q->last;
		q->place = place;
		q->resource = words->resource;
	}
	if (s->at.time_ns < q->first_ns)
		q->first_ns = s->at.time_ns;
	if (attributes_find(s->attributes, STR("oriel.crash")))
		q->crash = true;
	q->seen[q->n_seen++ % PROBLEM_TRACES] = s->at;
	release_add(q, attributes_text(from->attributes, STR("service.version")), s->at.time_ns);
}

void problems_log(struct problems *p, const struct log_record *l, const struct resource *r,
		  const struct problem_from *from)
{
	struct said s = { .type = attributes_text(l->attributes, STR("exception.type")),
			  .message = attributes_text(l->attributes, STR("exception.message")),
			  .attributes = l->attributes,
			  .log = l };

	if (!s.type.n)
		return;
	if (!s.message.n && l->body.type == VALUE_STRING)
		s.message = l->body.text;
	s.at = (struct occurrence){ l->time_ns ? l->time_ns : l->observed_ns, l->trace_id,
				    l->span_id, str_first(s.message, MESSAGE_MOST), from->run };
	problem_add(p, &s, r, from);
}

/* What a crash says in its span it says in its own record, too. */
void problems_span(struct problems *p, const struct span *span, const struct resource *r,
		   const struct problem_from *from)
{
	for (size_t i = 0; i < span->n_events; i++) {
		const struct span_event *e = &span->event[i];
		struct said s = { .type = attributes_text(e->attributes, STR("exception.type")),
				  .message =
					  attributes_text(e->attributes, STR("exception.message")),
				  .attributes = e->attributes };

		if (!str_eq(e->name, STR("exception")) || !s.type.n ||
		    attributes_find(e->attributes, STR("oriel.crash")))
			continue;
		s.at = (struct occurrence){ e->time_ns, span->trace_id, span->span_id,
					    str_first(s.message, MESSAGE_MOST), from->run };
		problem_add(p, &s, r, from);
	}
}

/* ---- rows ------------------------------------------------------------------------------------- */

static void record_bind(sqlite3_stmt *s, int at, const struct problem *q, struct db *db,
			struct out *blob)
{
	struct blob_writer w = { blob, store_word_give, db };

	if (!q->last)
		return;
	out_clear(blob);
	blob_write_log(&w, q->last);
	if (blob->error)
		db->error = ERR(blob->error);
	else if (blob->n <= PROBLEM_RECORD_MOST)
		db_bind_text(s, at, out_all(blob));
}

static void problem_put(const struct problem *q, struct db *db, struct out *blob)
{
	sqlite3_stmt *s = db_stmt(db, DB_PROBLEM_PUT);

	db_bind_u64(s, 1, q->key);
	sqlite3_bind_int64(s, 2, q->service);
	db_bind_text(s, 3, q->type);
	db_bind_text(s, 4, q->shape);
	db_bind_text(s, 5, q->place);
	sqlite3_bind_int(s, 6, q->crash);
	db_bind_u64(s, 7, q->first_ns);
	db_bind_u64(s, 8, q->last_ns);
	db_bind_u64(s, 9, q->n);
	sqlite3_bind_int64(s, 10, q->resource);
	if (q->last) {
		db_bind_u64(s, 11, q->last->time_ns);
		sqlite3_bind_int(s, 12, q->last->severity);
		record_bind(s, 13, q, db, blob);
	}
	db_run(db, s);
}

static void releases_put(const struct problem *q, struct db *db)
{
	for (size_t i = 0; i < q->n_releases; i++) {
		sqlite3_stmt *s = db_stmt(db, DB_PROBLEM_RELEASE_PUT);

		db_bind_u64(s, 1, q->key);
		sqlite3_bind_int64(s, 2, words_give(db, q->release[i].version));
		db_bind_u64(s, 3, q->release[i].first_ns);
		db_bind_u64(s, 4, q->release[i].last_ns);
		db_bind_u64(s, 5, q->release[i].n);
		db_run(db, s);
	}
}

static void traces_put(const struct problem *q, struct db *db)
{
	size_t n = q->n_seen < PROBLEM_TRACES ? q->n_seen : PROBLEM_TRACES;
	sqlite3_stmt *s;

	for (size_t i = 0; i < n; i++) {
		const struct occurrence *o = &q->seen[i];
		sqlite3_int64 span;

		s = db_stmt(db, DB_PROBLEM_TRACE_PUT);
		memcpy(&span, o->span_id.b, sizeof(span));
		db_bind_u64(s, 1, q->key);
		db_bind_u64(s, 2, o->time_ns);
		db_bind_text(s, 3,
			     (struct str){ (const char *)o->trace_id.b, sizeof(o->trace_id.b) });
		sqlite3_bind_int64(s, 4, span);
		sqlite3_bind_int64(s, 5, o->run);
		db_bind_text(s, 6, o->message);
		db_run(db, s);
	}
	s = db_stmt(db, DB_PROBLEM_TRACE_TRIM);
	db_bind_u64(s, 1, q->key);
	db_bind_u64(s, 2, PROBLEM_TRACES);
	db_run(db, s);
}

static void trim(struct db *db)
{
	static const enum db_statement steps[] = { DB_PROBLEM_TRIM, DB_PROBLEM_RELEASE_SWEEP,
						   DB_PROBLEM_TRACE_SWEEP };
	sqlite3_stmt *s = db_stmt(db, DB_PROBLEM_COUNT);
	uint64_t n = 0;

	if (db_step(db, s) == DB_ROW)
		n = db_column_u64(s, 0);
	db_reset(s);
	if (n <= PROBLEMS_MOST)
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		s = db_stmt(db, steps[i]);
		if (i == 0)
			db_bind_u64(s, 1, n - PROBLEMS_MOST + PROBLEMS_MOST / 20);
		db_run(db, s);
	}
}

void problems_write(struct problems *p, struct db *db, struct out *blob)
{
	for (const struct problem *q = p->first; q && !db->error; q = q->next) {
		problem_put(q, db, blob);
		releases_put(q, db);
		traces_put(q, db);
	}
	if (p->first && !db->error)
		trim(db);
}
