/* SPDX-License-Identifier: Apache-2.0 */
#include "store/words.h"

#include "base/clock.h"
#include "store/db.h"

#include <stdlib.h>

struct word_slot {
	uint64_t hash;
	uint32_t id; /* 0: free */
};

void words_fini(struct words *w)
{
	arena_fini(&w->arena);
	free(w->slot);
	free(w->text);
	*w = (struct words){ 0 };
}

static inline uint64_t words_mix(uint64_t h, uint64_t part)
{
	h = (h ^ part) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static inline uint64_t part_of(const char *p)
{
	uint64_t part;

	memcpy(&part, p, sizeof(part));
	return part;
}

/* Of 1 to 7 bytes: every one of them, some twice. */
static inline uint64_t short_part_of(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t first, last;

	if (s.n < 4)
		return p[0] | (uint64_t)p[s.n / 2] << 8 | (uint64_t)p[s.n - 1] << 16;
	memcpy(&first, s.p, 4);
	memcpy(&last, s.p + s.n - 4, 4);
	return first | (uint64_t)last << 32;
}

/* Seeded, so that nobody outside can choose texts that collide. */
static uint64_t words_hash(struct words *w, struct str s)
{
	uint64_t h = w->seed ^ s.n;
	size_t at = 0;

	for (; at + 8 <= s.n; at += 8)
		h = words_mix(h, part_of(s.p + at));
	if (at == s.n)
		return h;
	return words_mix(h, s.n >= 8 ? part_of(s.p + s.n - 8) : short_part_of(s));
}

static inline struct word_near near_of(struct str s)
{
	return (struct word_near){
		.first = s.n >= 8 ? part_of(s.p)
			 : s.n	  ? short_part_of(s)
				  : 0,
		.last = s.n > 8 ? part_of(s.p + s.n - 8) : 0,
		.text = s,
	};
}

static inline bool is_same(const struct word_near *a, const struct word_near *b)
{
	if (a->text.n != b->text.n || a->first != b->first || a->last != b->last)
		return false;
	return a->text.n <= 16 || str_eq(a->text, b->text);
}

static inline struct word_near *words_near(struct words *w, const struct word_near *like)
{
	uint64_t h = (like->first ^ like->last << 1 ^ like->text.n) * 0x9e3779b97f4a7c15u;

	return &w->near[h >> 56];
}

static struct word_slot *words_slot(struct words *w, uint64_t hash, struct str s)
{
	for (size_t i = hash & (w->room - 1);; i = (i + 1) & (w->room - 1)) {
		struct word_slot *slot = &w->slot[i];

		if (!slot->id || (slot->hash == hash && str_eq(w->text[slot->id], s)))
			return slot;
	}
}

static bool words_widen(struct words *w)
{
	size_t room = w->room ? w->room * 2 : 1024;
	struct word_slot *old = w->slot;
	size_t n_old = w->room;
	struct word_slot *slot = calloc(room, sizeof(*slot));

	if (!slot)
		return false;
	if (!w->seed)
		w->seed = clock_mono_ns() * 0x9e3779b97f4a7c15u ^ (uintptr_t)slot;
	w->slot = slot;
	w->room = room;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].id)
			*words_slot(w, old[i].hash, w->text[old[i].id]) = old[i];
	free(old);
	return true;
}

static bool words_room_for(struct words *w, uint64_t id)
{
	size_t n = w->n_text ? w->n_text : 1024;

	while (n <= id)
		n *= 2;
	if (n == w->n_text)
		return true;

	struct str *text = realloc(w->text, n * sizeof(*text));

	if (!text)
		return false;
	memset(text + w->n_text, 0, (n - w->n_text) * sizeof(*text));
	w->text = text;
	w->n_text = n;
	return true;
}

static void words_keep(struct words *w, uint64_t id, struct str text)
{
	if (!id || id > WORDS_MOST || !words_room_for(w, id) || w->text[id].p)
		return;
	if (w->n * 2 >= w->room && !words_widen(w))
		return;

	struct str copy = arena_copy(&w->arena, text);

	if (copy.n != text.n)
		return;
	w->text[id] = copy;

	uint64_t hash = words_hash(w, copy);

	*words_slot(w, hash, copy) = (struct word_slot){ hash, (uint32_t)id };
	w->n++;
}

static __attribute__((noinline)) uint32_t words_far(struct words *w, struct str text)
{
	uint32_t id = w->room ? words_slot(w, words_hash(w, text), text)->id : 0;
	struct word_near near;

	if (id) {
		near = near_of(w->text[id]);
		near.id = id;
		*words_near(w, &near) = near;
	}
	return id;
}

static inline uint32_t words_known(struct words *w, struct str text)
{
	struct word_near like = near_of(text);
	const struct word_near *near = words_near(w, &like);

	return near->id && is_same(near, &like) ? near->id : words_far(w, text);
}

uint32_t words_find(struct db *db, struct str text)
{
	uint32_t id = words_known(&db->words, text);

	if (id || text.n > WORD_BYTES)
		return id;

	sqlite3_stmt *s = db_stmt(db, DB_WORD_FIND);

	db_bind_text(s, 1, text);
	if (db_step(db, s) == DB_ROW) {
		id = (uint32_t)sqlite3_column_int64(s, 0);
		words_keep(&db->words, id, text);
	}
	db_reset(s);
	return id;
}

static __attribute__((noinline)) uint32_t words_add(struct db *db, struct str text)
{
	uint32_t id;
	sqlite3_stmt *s;

	if (text.n > WORD_BYTES || db->words.n >= WORDS_MOST)
		return 0;
	id = words_find(db, text);
	if (id)
		return id;
	s = db_stmt(db, DB_WORD_ADD);
	db_bind_text(s, 1, text);
	sqlite3_bind_int(s, 2, WORDS_MOST);
	if (db_step(db, s) == DB_DONE && sqlite3_changes(db->sql) == 1) {
		id = (uint32_t)sqlite3_last_insert_rowid(db->sql);
		words_keep(&db->words, id, text);
	}
	db_reset(s);
	return id;
}

uint32_t words_give(struct db *db, struct str text)
{
	uint32_t id = words_known(&db->words, text);

	return id ? id : words_add(db, text);
}

struct str words_text(struct db *db, uint64_t id)
{
	struct words *w = &db->words;

	if (id && id < w->n_text && w->text[id].p)
		return w->text[id];

	sqlite3_stmt *s = db_stmt(db, DB_WORD_TEXT);

	sqlite3_bind_int64(s, 1, (sqlite3_int64)id);
	if (db_step(db, s) == DB_ROW)
		words_keep(w, id, db_column_text(s, 0));
	db_reset(s);
	return id && id < w->n_text && w->text[id].p ? w->text[id] : STR("?");
}
