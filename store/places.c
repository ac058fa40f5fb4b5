/* SPDX-License-Identifier: Apache-2.0 */
#include "store/places.h"

#include "base/err.h"
#include "base/out.h"
#include "store/block.h"

#include <errno.h>
#include <stdlib.h>

enum {
	HASH_BITS = 63,
	SLICES = 64,
	SLICE_BITS = 6,
	NO_BITS = 44,	    /* of a row's id, below the slice */
	SLOTS_LEAST = 4096, /* 64 KiB */
	SORT_BITS = 12,
};

_Static_assert(SLICES == 1 << SLICE_BITS, "a slice is so many bits of a hash");

/* One of a row's, which are in the order of their hashes. */
struct __attribute__((packed)) entry {
	uint64_t hash;
	uint32_t no; /* above the row's first */
};

static uint64_t mixed(uint64_t h)
{
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

uint64_t place_hash(struct trace_id id)
{
	uint64_t part[2];

	memcpy(part, id.b, sizeof(part));
	return mixed(mixed(part[0]) ^ part[1]) >> (64 - HASH_BITS);
}

static unsigned slice_of(uint64_t hash)
{
	return (unsigned)(hash >> (HASH_BITS - SLICE_BITS));
}

bool places_may_hold(const struct places *p, uint64_t hash)
{
	return filter_may_hold(&p->filter, hash);
}

/* ---- rows of the table --------------------------------------------------------------------------- */

/* The row's entry from which on hashes are not below it. */
static size_t row_search(struct str data, uint64_t hash)
{
	size_t from = 0, to = data.n / sizeof(struct entry);
	struct entry e;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		memcpy(&e, data.p + at * sizeof(e), sizeof(e));
		if (e.hash < hash)
			from = at + 1;
		else
			to = at;
	}
	return from;
}

static bool row_entry(struct str data, size_t at, struct entry *e)
{
	if (at >= data.n / sizeof(*e))
		return false;
	memcpy(e, data.p + at * sizeof(*e), sizeof(*e));
	return true;
}

/* ---- recent ones ------------------------------------------------------------------------------- */

static bool recent_grow(struct places *p)
{
	struct places larger = { .n_slots = p->n_slots ? p->n_slots * 2 : SLOTS_LEAST };

	larger.recent = calloc(larger.n_slots, sizeof(*larger.recent));
	if (!larger.recent)
		return false;
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->recent[i].no)
			places_add(&larger, p->recent[i].hash, p->recent[i].no);
	free(p->recent);
	p->recent = larger.recent;
	p->n_slots = larger.n_slots;
	return true;
}

void places_add(struct places *p, uint64_t hash, uint64_t no)
{
	size_t i;

	if (p->n * 2 >= p->n_slots && !recent_grow(p)) {
		p->known = false;
		return;
	}
	for (i = hash & (p->n_slots - 1); p->recent[i].no; i = (i + 1) & (p->n_slots - 1))
		;
	p->recent[i] = (struct place){ hash, no };
	p->n++;
}

void places_expect(const struct places *p, uint64_t hash)
{
	if (p->n_slots)
		__builtin_prefetch(&p->recent[hash & (p->n_slots - 1)], 1);
	filter_expect(&p->filter, hash);
}

uint64_t places_next(const struct places *p, uint64_t hash, size_t *at)
{
	while (*at < p->n_slots) {
		const struct place *place = &p->recent[(hash + (*at)++) & (p->n_slots - 1)];

		if (!place->no)
			break;
		if (place->hash == hash)
			return place->no;
	}
	return 0;
}

void places_see(struct places *p, uint64_t hash, struct places_seen *seen)
{
	size_t at = 0, n = 0;
	uint64_t no;

	*seen = (struct places_seen){ 0 };
	pthread_mutex_lock(&p->lock);
	while (p->known && n < PLACES_ALIKE && (no = places_next(p, hash, &at)))
		seen->no[n++] = no;
	if (p->known && n < PLACES_ALIKE) {
		seen->known = p->no;
		seen->placed = p->placed;
	}
	pthread_mutex_unlock(&p->lock);
}

static void recent_forget(struct places *p)
{
	free(p->recent);
	p->recent = NULL;
	p->n = p->n_slots = 0;
}

/* ---- what the file has --------------------------------------------------------------------------- */

size_t places_find(struct db *db, uint64_t hash, uint64_t no[PLACES_ALIKE])
{
	sqlite3_stmt *s = db_stmt(db, DB_PLACE_ROWS);
	struct entry e;
	size_t n = 0;

	db_bind_u64(s, 1, slice_of(hash));
	while (n < PLACES_ALIKE && db_step(db, s) == DB_ROW) {
		uint64_t first = db_column_u64(s, 0);
		struct str data = db_column_text(s, 1);

		for (size_t at = row_search(data, hash);
		     n < PLACES_ALIKE && row_entry(data, at, &e) && e.hash == hash; at++)
			no[n++] = first + e.no;
	}
	db_reset(s);
	return n;
}

/* Of what the table has. */
static void filter_follow(struct places *p, struct db *db)
{
	uint64_t n = db_ask(db, DB_PLACE_BYTES, 0) / sizeof(struct entry);
	sqlite3_stmt *s;
	struct entry e;

	filter_fini(&p->filter);
	if (filter_init(&p->filter, n) < 0) {
		db->error = ERR(-ENOMEM);
		return;
	}
	s = db_stmt(db, DB_PLACE_ALL);
	while (db_step(db, s) == DB_ROW) {
		struct str data = db_column_text(s, 0);

		for (size_t at = 0; row_entry(data, at, &e); at++)
			filter_add(&p->filter, e.hash);
	}
	db_reset(s);
}

static void follow_table(struct places *p, struct db *db, uint64_t placed)
{
	recent_forget(p);
	p->no = p->placed = placed;
	filter_follow(p, db);
}

static void follow_rows(struct places *p, struct db *db)
{
	sqlite3_stmt *s = db_stmt(db, DB_TRACES_AFTER);

	db_bind_u64(s, 1, p->no);
	while (db_step(db, s) == DB_ROW) {
		struct str id = db_column_text(s, 1);
		struct trace_id trace_id = { 0 };

		memcpy(trace_id.b, id.p, id.n < sizeof(trace_id.b) ? id.n : sizeof(trace_id.b));
		places_add(p, place_hash(trace_id), db_column_u64(s, 0));
	}
	db_reset(s);
}

static void follow_blocks(struct places *p, struct db *db)
{
	sqlite3_stmt *s = db_stmt(db, DB_BLOCKS_AFTER);
	struct block_head head;

	db_bind_u64(s, 1, p->no);
	while (db_step(db, s) == DB_ROW) {
		struct block_view v = block_read(s);

		for (size_t i = 0; block_head_at(&v, i, &head); i++)
			if (v.no + i > p->no)
				places_add(p, place_hash(head.trace_id), v.no + i);
	}
	db_reset(s);
}

void places_follow(struct places *p, struct db *db, uint64_t no, uint64_t placed)
{
	if (p->known && p->no == no && p->placed == placed)
		return;
	pthread_mutex_lock(&p->lock);
	p->known = p->known && p->placed == placed && p->no <= no;
	if (!p->known)
		follow_table(p, db, placed);
	p->known = true;
	if (!db->error)
		follow_rows(p, db);
	if (!db->error)
		follow_blocks(p, db);
	if (!db->error && !p->known)
		db->error = ERR(-ENOMEM);
	p->known = !db->error;
	p->no = no;
	pthread_mutex_unlock(&p->lock);
}

void places_known(struct places *p, uint64_t no)
{
	p->no = no;
}

/* ---- from memory to the file ------------------------------------------------------------------ */

static int by_hash(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* By their highest bits, then each such part by itself: who chooses ids may have them all in one. */
static void sort(const struct place *from, struct place *to, size_t n)
{
	uint32_t end[1 << SORT_BITS] = { 0 }, at = 0;

	for (size_t i = 0; i < n; i++)
		end[from[i].hash >> (HASH_BITS - SORT_BITS)]++;
	for (size_t i = 0; i < (size_t)1 << SORT_BITS; i++) {
		uint32_t here = end[i];

		end[i] = at;
		at += here;
	}
	for (size_t i = 0; i < n; i++)
		to[end[from[i].hash >> (HASH_BITS - SORT_BITS)]++] = from[i];
	at = 0;
	for (size_t i = 0; i < (size_t)1 << SORT_BITS; at = end[i++])
		if (end[i] - at > 1)
			qsort(to + at, end[i] - at, sizeof(*to), by_hash);
}

/* Returns the first, which the others are told from. */
static uint64_t row_write(struct out *o, const struct place *place, size_t n)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < n; i++)
		first = place[i].no < first ? place[i].no : first;
	for (size_t i = 0; i < n; i++) {
		struct entry e = { place[i].hash, (uint32_t)(place[i].no - first) };

		if (place[i].no - first <= UINT32_MAX) /* what isn't so can't be in so few */
			out_bytes(o, &e, sizeof(e));
	}
	return first;
}

static void put_row(struct db *db, const struct place *place, size_t n, uint64_t run, struct out *o)
{
	uint64_t first;
	sqlite3_stmt *s;

	out_clear(o);
	first = row_write(o, place, n);
	if (o->error)
		db->error = ERR(o->error);
	s = db_stmt(db, DB_PLACE_ADD);
	db_bind_u64(s, 1, (uint64_t)slice_of(place->hash) << NO_BITS | run);
	db_bind_u64(s, 2, first);
	db_bind_text(s, 3, out_all(o));
	db_run(db, s);
}

static void put_rows(struct db *db, const struct place *place, size_t n, uint64_t run)
{
	struct out o = { 0 };

	for (size_t i = 0, end; i < n && !db->error; i = end) {
		for (end = i + 1; end < n && slice_of(place[end].hash) == slice_of(place[i].hash);)
			end++;
		put_row(db, place + i, end - i, run, &o);
	}
	out_fini(&o);
}

/* In memory of malloc's, in order. */
static struct place *recent_sorted(const struct places *p)
{
	struct place *list = calloc(2 * p->n, sizeof(*list)), *sorted;
	size_t n = 0;

	if (!list)
		return NULL;
	sorted = list + p->n;
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->recent[i].no)
			list[n++] = p->recent[i];
	sort(list, sorted, n);
	memcpy(list, sorted, n * sizeof(*list));
	return list;
}

static void placed_set(struct places *p, struct db *db)
{
	sqlite3_stmt *s = db_stmt(db, DB_PLACED_SET);

	db_bind_u64(s, 1, p->no);
	db_run(db, s);
}

void places_put(struct places *p, struct db *db)
{
	struct place *list;

	if (!p->known || p->n < PLACES_MOST || !(list = recent_sorted(p)))
		return;
	if (db_begin(db, DB_BEGIN_WRITE) == 0) {
		put_rows(db, list, p->n, p->no);
		placed_set(p, db);
		if (db_commit(db) == 0) {
			for (size_t i = 0; i < p->n; i++)
				filter_add(&p->filter, list[i].hash);
			pthread_mutex_lock(&p->lock);
			recent_forget(p);
			p->placed = p->no;
			pthread_mutex_unlock(&p->lock);
		}
	}
	free(list);
	if (!filter_is_full(&p->filter))
		return;
	filter_follow(p, db);
	pthread_mutex_lock(&p->lock);
	p->known &= !db->error;
	pthread_mutex_unlock(&p->lock);
}

/* ---- what traces that are gone left ------------------------------------------------------------- */

void places_left(struct places *p)
{
	p->n_slices = SLICES;
}

/* Of each run's rows this slice's; the filter forgets them when it is made the next time. */
void places_sweep(struct places *p, struct db *db)
{
	sqlite3_stmt *s;

	if (!p->n_slices || db_begin(db, DB_BEGIN_WRITE) < 0)
		return;
	s = db_stmt(db, DB_PLACES_SWEEP);
	db_bind_u64(s, 1, p->slice);
	db_run(db, s);
	if (db_commit(db) < 0)
		return;
	p->slice = (p->slice + 1) % SLICES;
	p->n_slices--;
}

/* ---- rows of form 6 -------------------------------------------------------------------------------- */

struct gathered {
	struct place *place;
	size_t n, room;
};

static void gather(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct gathered *g = sqlite3_aggregate_context(c, sizeof(*g));

	(void)n;
	if (g && g->n == g->room) {
		size_t room = g->room ? 2 * g->room : 256;
		struct place *larger = reallocarray(g->place, room, sizeof(*larger));

		if (larger) {
			g->place = larger;
			g->room = room;
		}
	}
	if (!g || g->n == g->room) {
		sqlite3_result_error_nomem(c);
		return;
	}
	g->place[g->n++] = (struct place){ (uint64_t)sqlite3_value_int64(v[0]) & INT64_MAX,
					   (uint64_t)sqlite3_value_int64(v[1]) };
}

static void gathered_row(sqlite3_context *c)
{
	struct gathered *g = sqlite3_aggregate_context(c, 0);
	struct place *sorted = g ? malloc((g->n + 1) * sizeof(*sorted)) : NULL;
	struct out o = { 0 };

	if (sorted) {
		sort(g->place, sorted, g->n);
		row_write(&o, sorted, g->n);
	}
	if (sorted && !o.error)
		sqlite3_result_blob64(c, o.p ? o.p : "", o.n, SQLITE_TRANSIENT);
	else
		sqlite3_result_error_nomem(c);
	out_fini(&o);
	free(sorted);
	free(g ? g->place : NULL);
}

void places_functions(sqlite3 *sql)
{
	sqlite3_create_function(sql, "place_row", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, NULL,
				gather, gathered_row);
}

void places_init(struct places *p)
{
	*p = (struct places){ .known = false };
	pthread_mutex_init(&p->lock, NULL);
}

void places_fini(struct places *p)
{
	recent_forget(p);
	filter_fini(&p->filter);
	pthread_mutex_destroy(&p->lock);
}
