/* SPDX-License-Identifier: Apache-2.0 */
#include "store/places.h"

#include "base/err.h"
#include "store/block.h"

#include <errno.h>
#include <stdlib.h>

enum {
	BITS = 24, /* 2 MiB; their places are the hashes' highest bits */
	SLICES = 1024,
	SLICE_BITS = (1 << BITS) / SLICES,
	SLOTS_LEAST = 4096,
};

#define HASH_BITS 63
#define SLICE_HASHES ((uint64_t)1 << (HASH_BITS - 10))

_Static_assert(SLICES == 1 << 10, "a slice is so many hashes");

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

static void bit_set(struct places *p, uint64_t hash)
{
	uint64_t bit = hash >> (HASH_BITS - BITS);

	p->bits[bit / 64] |= (uint64_t)1 << bit % 64;
}

bool places_may_hold(const struct places *p, uint64_t hash)
{
	uint64_t bit = hash >> (HASH_BITS - BITS);

	return p->bits && p->bits[bit / 64] >> bit % 64 & 1;
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
	if (p->bits)
		__builtin_prefetch(&p->bits[(hash >> (HASH_BITS - BITS)) / 64]);
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

static void bits_of(struct places *p, struct db *db, uint64_t from, uint64_t to)
{
	sqlite3_stmt *s = db_stmt(db, DB_PLACE_HASHES);

	db_bind_u64(s, 1, from);
	db_bind_u64(s, 2, to);
	while (db_step(db, s) == DB_ROW)
		bit_set(p, db_column_u64(s, 0));
	db_reset(s);
}

static void follow_table(struct places *p, struct db *db, uint64_t placed)
{
	recent_forget(p);
	free(p->bits);
	p->bits = calloc((1 << BITS) / 64, sizeof(*p->bits));
	p->no = p->placed = placed;
	if (!p->bits)
		db->error = ERR(-ENOMEM);
	else
		bits_of(p, db, 0, UINT64_MAX);
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

static void put_rows(struct db *db, const struct place *place, size_t n)
{
	struct rows *rows = &db->rows[ROWS_place];

	rows->n = 0;
	for (size_t i = 0; i < n && !db->error; i++) {
		struct cell *to = rows_next(rows);

		to[0] = cell_u64(place[i].hash);
		to[1] = cell_u64(place[i].no);
		if (rows->n < ROWS_AT_ONCE && i + 1 < n)
			continue;
		db_run(db, db_stmt(db, DB_PLACES_ADD));
		rows->n = 0;
	}
}

/* The table's slots become a list, so what was kept by them is lost; it is in the table now. */
static size_t recent_sort(struct places *p)
{
	size_t n = 0;

	pthread_mutex_lock(&p->lock);
	p->known = false;
	pthread_mutex_unlock(&p->lock);

	for (size_t i = 0; i < p->n_slots; i++)
		if (p->recent[i].no)
			p->recent[n++] = p->recent[i];
	qsort(p->recent, n, sizeof(*p->recent), by_hash);
	return n;
}

static void placed_set(struct places *p, struct db *db)
{
	sqlite3_stmt *s = db_stmt(db, DB_PLACED_SET);

	db_bind_u64(s, 1, p->no);
	db_run(db, s);
}

void places_put(struct places *p, struct db *db)
{
	size_t n;

	if (!p->known || p->n < PLACES_MOST)
		return;
	n = recent_sort(p);
	if (db_begin(db, DB_BEGIN_WRITE) < 0)
		return;
	put_rows(db, p->recent, n);
	placed_set(p, db);
	if (db_commit(db) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		bit_set(p, p->recent[i].hash);
	pthread_mutex_lock(&p->lock);
	recent_forget(p);
	p->placed = p->no;
	p->known = true;
	pthread_mutex_unlock(&p->lock);
}

/* ---- what traces that are gone left ------------------------------------------------------------- */

void places_left(struct places *p)
{
	p->n_slices = SLICES;
}

/* One that was swept has the bits of what is in it, and no others. */
void places_sweep(struct places *p, struct db *db)
{
	uint64_t from = (uint64_t)p->slice * SLICE_HASHES;
	sqlite3_stmt *s;

	if (!p->n_slices || !p->known || db_begin(db, DB_BEGIN_WRITE) < 0)
		return;
	s = db_stmt(db, DB_PLACES_SWEEP);
	db_bind_u64(s, 1, from);
	db_bind_u64(s, 2, from + SLICE_HASHES);
	db_run(db, s);
	if (db_commit(db) < 0)
		return;
	memset(p->bits + (size_t)p->slice * SLICE_BITS / 64, 0, SLICE_BITS / 8);
	bits_of(p, db, from, from + SLICE_HASHES);
	pthread_mutex_lock(&p->lock);
	p->known = !db->error;
	pthread_mutex_unlock(&p->lock);
	p->slice = (p->slice + 1) % SLICES;
	p->n_slices--;
}

void places_init(struct places *p)
{
	*p = (struct places){ .known = false };
	pthread_mutex_init(&p->lock, NULL);
}

void places_fini(struct places *p)
{
	recent_forget(p);
	free(p->bits);
	pthread_mutex_destroy(&p->lock);
}
