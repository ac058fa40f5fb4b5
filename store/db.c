/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "base/err.h"
#include "store/blob.h"
#include "store/block.h"
#include "store/pack.h"
#include "store/requests.h"
#include "store/places.h"
#include "store/store.h"
#include "store/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

static __thread char why[512];

const char *store_why(void)
{
	return why;
}

void db_why(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
}

static int db_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return -EBADMSG;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	default:
		return -EIO;
	}
}

int db_failed(struct db *db, int code, const char *doing)
{
	int r = db_errno(code);

	if (db->error)
		return db->error;
	db_why("%s: %s", doing, db->sql ? sqlite3_errmsg(db->sql) : sqlite3_errstr(code));
	db->error = ERR(r);
	return r;
}

static const char *const statement[] = {
#define X(name, sql) sql,
	STATEMENTS(X)
#undef X
};

sqlite3_stmt *db_stmt(struct db *db, enum db_statement which)
{
	sqlite3_stmt **s = &db->stmt[which];

	if (db->error && which != DB_ROLLBACK)
		return NULL;
	if (!*s) {
		int code = sqlite3_prepare_v3(db->sql, statement[which], -1,
					      SQLITE_PREPARE_PERSISTENT, s, NULL);

		if (code != SQLITE_OK)
			db_failed(db, code, "cannot use the store");
	}
	return *s;
}

int db_step(struct db *db, sqlite3_stmt *s)
{
	int code;

	if (!s)
		return db->error ? db->error : -EINVAL;
	code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		return DB_ROW;
	if (code == SQLITE_DONE)
		return DB_DONE;
	return db_failed(db, code, sqlite3_stmt_readonly(s) ? "cannot read" : "cannot write");
}

void db_reset(sqlite3_stmt *s)
{
	if (s) {
		sqlite3_reset(s);
		sqlite3_clear_bindings(s);
	}
}

int db_run(struct db *db, sqlite3_stmt *s)
{
	int r = db_step(db, s);

	db_reset(s);
	return r < 0 ? TRACE(r) : 0;
}

void db_bind_text(sqlite3_stmt *s, int at, struct str text)
{
	sqlite3_bind_blob64(s, at, text.n ? text.p : "", text.n, SQLITE_STATIC);
}

void db_bind_u64(sqlite3_stmt *s, int at, uint64_t v)
{
	sqlite3_bind_int64(s, at, v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

struct str db_column_text(sqlite3_stmt *s, int at)
{
	const void *p = sqlite3_column_blob(s, at);

	return (struct str){ p ? p : "", p ? (size_t)sqlite3_column_bytes(s, at) : 0 };
}

uint64_t db_column_u64(sqlite3_stmt *s, int at)
{
	sqlite3_int64 v = sqlite3_column_int64(s, at);

	return v < 0 ? 0 : (uint64_t)v;
}

uint64_t db_ask(struct db *db, enum db_statement which, uint64_t arg)
{
	sqlite3_stmt *s = db_stmt(db, which);
	uint64_t v = 0;

	if (sqlite3_bind_parameter_count(s))
		db_bind_u64(s, 1, arg);
	if (db_step(db, s) == DB_ROW)
		v = db_column_u64(s, 0);
	db_reset(s);
	return v;
}

int db_begin(struct db *db, enum db_statement how)
{
	db->error = 0;
	return TRACE(db_run(db, db_stmt(db, how)));
}

/* SQLite has rolled back by itself after some errors; then this one's complaint means nothing. */
void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->sql)) {
		sqlite3_stmt *s = db_stmt(db, DB_ROLLBACK);

		sqlite3_step(s);
		db_reset(s);
	}
	db_forget(db);
}

int db_commit(struct db *db)
{
	if (!db->error)
		db_run(db, db_stmt(db, DB_COMMIT));
	if (!db->error)
		return 0;
	db_rollback(db);
	return TRACE(db->error);
}

/* holds(facts, fact): is this number in the set? */
static void db_holds(sqlite3_context *c, int n, sqlite3_value **v)
{
	const unsigned char *p = sqlite3_value_blob(v[0]);
	int bytes = sqlite3_value_bytes(v[0]);
	uint32_t fact = (uint32_t)sqlite3_value_int64(v[1]), here;
	int found = 0;

	(void)n;
	for (int i = 0; p && !found && i + (int)sizeof(here) <= bytes; i += (int)sizeof(here)) {
		memcpy(&here, p + i, sizeof(here));
		found = here == fact;
	}
	sqlite3_result_int(c, found);
}

/* place_hash(trace_id), for a file that comes from a form without places */
static void db_place_hash(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct trace_id id = { 0 };
	int bytes = sqlite3_value_bytes(v[0]);

	(void)n;
	if (bytes == (int)sizeof(id.b))
		memcpy(id.b, sqlite3_value_blob(v[0]), sizeof(id.b));
	sqlite3_result_int64(c, (sqlite3_int64)place_hash(id));
}

/* pack(span_id, parent_id, start_ns, duration_ns, resource, what, data), for a file that has no packs */
static void db_pack(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct pack_head head = {
		(uint64_t)sqlite3_value_int64(v[0]), (uint64_t)sqlite3_value_int64(v[1]),
		(uint64_t)sqlite3_value_int64(v[2]), (uint64_t)sqlite3_value_int64(v[3]),
		(uint32_t)sqlite3_value_int64(v[4]), 0,
		(uint8_t)sqlite3_value_int(v[5]),
	};
	struct out o = { 0 };
	size_t at = pack_begin(&o, &head);

	(void)n;
	out_bytes(&o, sqlite3_value_blob(v[6]), (size_t)sqlite3_value_bytes(v[6]));
	if (pack_end(&o, at) == 0)
		sqlite3_result_blob64(c, o.p, o.n, SQLITE_TRANSIENT);
	out_fini(&o);
}

/* request_row(start_ns, duration_ns, service, route, method, resource, server, error), likewise */
static void db_request_row(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct requests_row row = { 0 };

	(void)n;
	requests_add(&row, &(struct request){
				   .start_ns = (uint64_t)sqlite3_value_int64(v[0]),
				   .duration_ns = (uint64_t)sqlite3_value_int64(v[1]),
				   .service = (uint32_t)sqlite3_value_int64(v[2]),
				   .route = (uint32_t)sqlite3_value_int64(v[3]),
				   .method = (uint32_t)sqlite3_value_int64(v[4]),
				   .resource = (uint32_t)sqlite3_value_int64(v[5]),
				   .server = sqlite3_value_int(v[6]),
				   .error = sqlite3_value_int(v[7]),
			   });
	sqlite3_result_blob64(c, row.data.p, row.data.n, SQLITE_TRANSIENT);
	out_fini(&row.data);
}

/* trace_shown(start_ns, root_ns, n_logs, root, kind, status, http_status, service, route, method, path), likewise */
static void db_trace_shown(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *path = sqlite3_value_blob(v[10]);
	struct summary sum = {
		.start_ns = (uint64_t)sqlite3_value_int64(v[0]),
		.root_ns = (uint64_t)sqlite3_value_int64(v[1]),
		.n_logs = (uint64_t)sqlite3_value_int64(v[2]),
		.root = sqlite3_value_int(v[3]),
		.kind = sqlite3_value_int(v[4]) & 7,
		.status = sqlite3_value_int(v[5]) & 3,
		.http_status = sqlite3_value_int(v[6]),
		.service = (uint32_t)sqlite3_value_int64(v[7]),
		.route = (uint32_t)sqlite3_value_int64(v[8]),
		.method = (uint32_t)sqlite3_value_int64(v[9]),
		.path = { path ? path : "", (size_t)sqlite3_value_bytes(v[10]) },
	};
	char shown[SUMMARY_SHOWN_ROOM + PATH_BYTES];

	(void)n;
	if (sum.path.n > PATH_BYTES)
		sum.path.n = PATH_BYTES;
	sqlite3_result_blob64(c, shown, summary_shown(&sum, shown), SQLITE_TRANSIENT);
}

static int db_pragma(struct db *db, const char *sql)
{
	int code = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_failed(db, code, "cannot use the store");
}

static int db_number(struct db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return code == SQLITE_ROW ? 0 : db_failed(db, code, "cannot use the store");
}

/* Two collectors may come at once: the one that gets the lock makes the tables. */
static int db_make(struct db *db)
{
	char sql[96];
	int64_t tables = 0;
	int r = db_pragma(db, "BEGIN IMMEDIATE");

	if (r < 0)
		return TRACE(r);
	r = db_number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'trace'", &tables);
	if (r == 0 && !tables) {
		snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; PRAGMA application_id = %d",
			 SCHEMA_VERSION, SCHEMA_APPLICATION);
		r = db_pragma(db, sql);
		if (r == 0)
			r = db_pragma(db, SCHEMA);
	}
	if (r == 0)
		r = db_pragma(db, "COMMIT");
	else
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return TRACE(r);
}

static const char *const upgrades[] = { NULL,	       SCHEMA_FROM_1, SCHEMA_FROM_2, SCHEMA_FROM_3,
					SCHEMA_FROM_4, SCHEMA_FROM_5, SCHEMA_FROM_6 };

_Static_assert(sizeof(upgrades) / sizeof(upgrades[0]) == SCHEMA_VERSION, "a way from each form");

/* Another collector may have done it while we waited for the lock. */
static int db_upgrade(struct db *db)
{
	char sql[64];
	int64_t version = 0;
	int r = db_pragma(db, "BEGIN IMMEDIATE");

	if (r < 0)
		return TRACE(r);
	r = db_number(db, "PRAGMA user_version", &version);
	for (; r == 0 && version > 0 && version < SCHEMA_VERSION; version++)
		r = db_pragma(db, upgrades[version]);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION);
	if (r == 0 && version == SCHEMA_VERSION)
		r = db_pragma(db, sql);
	if (r == 0)
		r = db_pragma(db, "COMMIT");
	if (r < 0)
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return TRACE(r);
}

static int db_check(struct db *db, const char *path)
{
	int64_t version = 0, application = 0, tables = 0;
	int r = db_number(db, "PRAGMA user_version", &version);

	if (r == 0)
		r = db_number(db, "PRAGMA application_id", &application);
	if (r == 0)
		r = db_number(db, "SELECT count(*) FROM sqlite_master", &tables);
	if (r < 0)
		return TRACE(r);
	if (!tables && !version)
		return TRACE(db_make(db));
	if (application != SCHEMA_APPLICATION) {
		db_why("%s is a database, but not one of Oriel's", path);
		return ERR(-EBADMSG);
	}
	if (version > 0 && version < SCHEMA_VERSION)
		return TRACE(db_upgrade(db));
	if (version != SCHEMA_VERSION) {
		db_why("%s was written by a newer Oriel (form %lld, this one knows %d): use that one, or "
		       "another ORIEL_DATA_DIR",
		       path, (long long)version, SCHEMA_VERSION);
		return ERR(-EPROTONOSUPPORT);
	}
	return 0;
}

/* Only for the owner's eyes: telemetry holds what users typed. SQLite gives -wal the same mode. */
static void db_touch(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static int db_rows(struct db *db)
{
	int r = 0;

#define X(name, columns) \
	if (r == 0) \
		r = rows_open(&db->rows[ROWS_##name], db->sql, "rows_" #name, columns);
	ROWS(X)
#undef X
	if (r < 0)
		db_why("cannot use the store: %s", sqlite3_errmsg(db->sql));
	return TRACE(r);
}

static int db_settle(struct db *db, const char *path, enum db_mode mode)
{
	int r;

	sqlite3_busy_timeout(db->sql, BUSY_MS);
	sqlite3_extended_result_codes(db->sql, 1);
	sqlite3_limit(db->sql, SQLITE_LIMIT_LENGTH, 64 << 20);
	sqlite3_create_function(db->sql, "holds", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				db_holds, NULL, NULL);
	sqlite3_create_function(db->sql, "place_hash", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				db_place_hash, NULL, NULL);
	sqlite3_create_function(db->sql, "pack", 7, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				db_pack, NULL, NULL);
	sqlite3_create_function(db->sql, "request_row", 8, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				db_request_row, NULL, NULL);
	sqlite3_create_function(db->sql, "trace_shown", 11, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
				NULL, db_trace_shown, NULL, NULL);
	block_functions(db->sql, &db->squeeze);
	places_functions(db->sql);
	if (mode == DB_READ)
		return TRACE(db_pragma(db, "PRAGMA cache_size = -4096; PRAGMA query_only = 1"));
	if (sqlite3_db_readonly(db->sql, "main") == 1) {
		db_why("%s can only be read", path);
		return ERR(-EROFS);
	}
	r = db_pragma(db, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"
			  "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384;"
			  "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;"
			  "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF");
	if (r == 0)
		r = db_check(db, path);
	if (r == 0)
		r = db_rows(db);
	return TRACE(r);
}

/* Nobody asks SQLite how much memory it has, and counting it takes a lock at each allocation. */
static void memory_uncounted(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int db_open(struct db *db, const char *path, enum db_mode mode)
{
	int flags = SQLITE_OPEN_NOMUTEX |
		    (mode == DB_READ ? SQLITE_OPEN_READONLY
				     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int code, r;

	pthread_once(&once, memory_uncounted);
	*db = (struct db){ 0 };
	if (mode == DB_WRITE && path[0] != ':')
		db_touch(path);
	code = sqlite3_open_v2(path, &db->sql, flags, NULL);
	r = code == SQLITE_OK ? db_settle(db, path, mode) : db_failed(db, code, path);
	db->error = 0;
	if (r < 0)
		db_close(db);
	return TRACE(r);
}

void db_forget(struct db *db)
{
	words_fini(&db->words);
	squeeze_forget(&db->squeeze);
	for (size_t i = 0; i < DB_RESOURCES; i++)
		db->resource[i].resource = resource_free(db->resource[i].resource);
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++)
		sqlite3_finalize(db->stmt[i]);
	sqlite3_close(db->sql);
	for (size_t i = 0; i < DB_ROWS; i++)
		rows_close(&db->rows[i]);
	db_forget(db);
	squeeze_fini(&db->squeeze);
	*db = (struct db){ 0 };
}

static struct str resource_word(uint64_t id, void *you)
{
	return words_text(you, id);
}

static struct resource *resource_load(struct db *db, uint64_t no)
{
	struct arena arena = { 0 };
	struct attributes attributes;
	struct str run;
	int32_t pid;
	struct resource *made = NULL;
	sqlite3_stmt *s = db_stmt(db, DB_RESOURCE_DATA);

	db_bind_u64(s, 1, no);
	if (db_step(db, s) == DB_ROW) {
		struct blob_reader r = { db_column_text(s, 0), &arena, resource_word, db, 0 };

		if (blob_read_resource(&r, &attributes, &run, &pid) == 0)
			made = resource_new(attributes, run, pid);
	}
	db_reset(s);
	arena_fini(&arena);
	return made;
}

const struct resource *db_resource(struct db *db, uint64_t no)
{
	struct db_resource *slot = &db->resource[no % DB_RESOURCES];

	if (!slot->resource || slot->no != no) {
		resource_free(slot->resource);
		*slot = (struct db_resource){ no, resource_load(db, no) };
	}
	return slot->resource;
}
