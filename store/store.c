/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inside.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t memory_bytes = (uint64_t)64 << 20;

static uint64_t limit_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t v;

	if (!text || !*text)
		return otherwise;
	if (str_to_u64(str_of(text), &v) && v)
		return v;
	fprintf(stderr, "oriel: store: %s=%s is not a positive number; it stays %llu\n", name, text,
		(unsigned long long)otherwise);
	return otherwise;
}

int store_open(struct store **out, const char *path)
{
	struct store *st = calloc(1, sizeof(*st));
	int r;

	if (!st)
		return ERR(-ENOMEM);
	st->memory = !path;
	st->path = strdup(path ? path : ":memory:");
	pthread_mutex_init(&st->writing, NULL);
	pthread_mutex_init(&st->pool, NULL);
	pthread_cond_init(&st->given, NULL);
	places_init(&st->places);
	st->max_bytes = limit_from("ORIEL_STORE_MAX_BYTES", (uint64_t)2 << 30);
	if (st->memory && st->max_bytes > memory_bytes)
		st->max_bytes = memory_bytes;
	st->max_runs = limit_from("ORIEL_STORE_MAX_RUNS", 1000);
	r = st->path ? db_open(&st->writer, st->path, DB_WRITE) : ERR(-ENOMEM);
	if (r < 0) {
		store_free(st);
		return TRACE(r);
	}
	st->runs_due = true;
	*out = st;
	return 0;
}

struct store *store_free(struct store *st)
{
	if (!st)
		return NULL;
	for (size_t i = 0; i < STORE_READERS; i++)
		if (st->reader[i].open)
			db_close(&st->reader[i].db);
	db_close(&st->writer);
	places_fini(&st->places);
	out_fini(&st->blob);
	out_fini(&st->blob_resource);
	out_fini(&st->heads);
	out_fini(&st->squeezed);
	for (size_t i = 0; i < STORE_REQUESTS; i++)
		out_fini(&st->requests[i].data);
	for (size_t i = 0; i < STORE_SOURCES; i++)
		resource_free(st->source[i].resource);
	for (size_t i = 0; i < STORE_BLOCKS; i++)
		block_fini(&st->block[i]);
	pthread_mutex_destroy(&st->writing);
	pthread_mutex_destroy(&st->pool);
	pthread_cond_destroy(&st->given);
	free(st->path);
	free(st);
	return NULL;
}

void store_limit(struct store *st, uint64_t max_bytes, size_t max_runs)
{
	st->max_bytes = max_bytes;
	st->max_runs = max_runs;
	st->runs_due = true;
}

int store_state(struct store *st)
{
	return st->state;
}

static struct store_reader *reader_wait(struct store *st)
{
	struct store_reader *found = NULL;

	pthread_mutex_lock(&st->pool);
	while (!found) {
		for (size_t i = 0; i < STORE_READERS && !found; i++)
			if (!st->reader[i].out)
				found = &st->reader[i];
		if (!found)
			pthread_cond_wait(&st->given, &st->pool);
	}
	found->out = true;
	pthread_mutex_unlock(&st->pool);
	return found;
}

static void reader_back(struct store *st, struct store_reader *r)
{
	pthread_mutex_lock(&st->pool);
	r->out = false;
	pthread_cond_signal(&st->given);
	pthread_mutex_unlock(&st->pool);
}

int store_reader_take(struct store *st, struct db **out)
{
	struct store_reader *reader;
	int r = 0;

	if (st->memory) {
		pthread_mutex_lock(&st->writing);
		st->writer.error = 0;
		*out = &st->writer;
		return 0;
	}
	reader = reader_wait(st);
	if (!reader->open)
		r = db_open(&reader->db, st->path, DB_READ);
	if (r < 0) {
		reader_back(st, reader);
		return TRACE(r);
	}
	reader->open = true;
	reader->db.error = 0;
	*out = &reader->db;
	return 0;
}

void store_reader_give(struct store *st, struct db *db)
{
	if (st->memory)
		pthread_mutex_unlock(&st->writing);
	for (size_t i = 0; i < STORE_READERS; i++)
		if (db == &st->reader[i].db)
			reader_back(st, &st->reader[i]);
}

struct str store_word(uint64_t id, void *db)
{
	return words_text(db, id);
}

uint32_t store_word_give(struct str text, void *db)
{
	return words_give(db, text);
}

int store_bytes(struct store *st, uint64_t *out)
{
	struct db *db;
	int r = store_reader_take(st, &db);

	if (r < 0)
		return TRACE(r);

	sqlite3_stmt *s = db_stmt(db, DB_PAGES);

	r = db_step(db, s);
	if (r == DB_ROW)
		*out = (db_column_u64(s, 0) - db_column_u64(s, 1)) * db_column_u64(s, 2);
	db_reset(s);
	store_reader_give(st, db);
	return r < 0 ? TRACE(r) : 0;
}

int store_cursors(struct store *st, struct store_cursors *out)
{
	struct db *db;
	int r = store_reader_take(st, &db);

	if (r < 0)
		return TRACE(r);

	sqlite3_stmt *s = db_stmt(db, DB_LAST);

	r = db_step(db, s);
	if (r == DB_ROW)
		*out = (struct store_cursors){ db_column_u64(s, 1), db_column_u64(s, 2) };
	db_reset(s);
	store_reader_give(st, db);
	return r < 0 ? TRACE(r) : 0;
}
