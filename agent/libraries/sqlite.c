/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite: a client span for each run of a statement, from its first step to its end or reset.
 *
 *     sqlite3_open*          a connection is watched: our sqlite3_trace_v2 on it
 *     trace STMT             a run begins, in the context that is current then
 *     trace PROFILE          it ends: done, failed, reset or finalised
 *     sqlite3_step           only to learn the error, which PROFILE doesn't tell
 *     sqlite3_trace*, _profile   the program's own, called from ours
 *     sqlite3_close*         no longer watched
 *
 * The span is never current: runs may be interleaved, and end on another thread. A connection's
 * state is touched only under its own mutex, which SQLite holds while it calls us (and which the
 * program stands in for where it asked for none).
 *
 * What SQLite runs for its own sake is not counted: triggers, virtual tables, the schema, and SQL
 * of the program's own functions; it all comes with another text than the statement's.
 */
#include "agent/agent.h"

#include <errno.h>
#include <sqlite3.h>

#include "agent/database/database.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/database/sql-known.h"
#include "agent/libraries/sqlite-error.h"
#include "agent/database/statement.h"
#include "agent/table.h"
#include "wire/record.h"

#define CALLS(X) \
	X(sqlite3_step) \
	X(sqlite3_open) \
	X(sqlite3_open_v2) \
	X(sqlite3_open16) \
	X(sqlite3_close) \
	X(sqlite3_close_v2) \
	X(sqlite3_trace) \
	X(sqlite3_profile) \
	X(sqlite3_trace_v2) \
	X(sqlite3_sql) \
	X(sqlite3_expanded_sql) \
	X(sqlite3_free) \
	X(sqlite3_errstr) \
	X(sqlite3_db_filename) \
	X(sqlite3_db_handle) \
	X(sqlite3_db_mutex) \
	X(sqlite3_mutex_enter) \
	X(sqlite3_mutex_leave)

static struct watch watch;
static struct real_library library;
REAL_TABLE(CALLS);

typedef int (*trace_callback)(unsigned type, void *arg, void *p, void *x);
typedef void (*trace_legacy)(void *arg, const char *sql);
typedef void (*profile_legacy)(void *arg, const char *sql, sqlite3_uint64 ns);

enum { MASK_V2 = 0x0f, MASK_LEGACY = 0x40, MASK_PROFILE_LEGACY = 0x80 };

enum {
	CONNECTIONS_MOST = 1024,
	RUNS_MOST = 4096,
};
enum { OURS = SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE };

struct connection;

/* A statement that runs. */
struct run {
	struct pool_item item;
	struct run *next;
	struct connection *connection;
	sqlite3_stmt *statement;
	struct database_call call;
};

struct connection {
	struct pool_item item;
	struct run *runs;
	/* the program's own, kept as SQLite itself does: one call may switch off what another set */
	unsigned mask;
	union {
		trace_callback v2;
		trace_legacy legacy;
	} trace;
	void *arg;
	profile_legacy profile;
	void *profile_arg;
	struct database_server server; /* the file's name, without its directory */
	struct sql sql;		       /* the statement that begins */
};

static struct pool connections = { .item_bytes = sizeof(struct connection), .n = CONNECTIONS_MOST };
static struct pool runs = { .item_bytes = sizeof(struct run), .n = RUNS_MOST };

static struct table_slot slots[2 * CONNECTIONS_MOST];
static const struct table connection_of = { slots, 2 * CONNECTIONS_MOST };

/* The innermost sqlite3_step of this thread; a run that ends in it is left for it to finish. */
struct step {
	struct step *outer;
	sqlite3_stmt *statement;
	struct run *ended;
};

static __thread struct step *stepping;

/* ---- a run ----------------------------------------------------------------------------------------- */

static void run_link(struct run *run)
{
	run->next = run->connection->runs;
	run->connection->runs = run;
}

static void run_begin(struct connection *c, sqlite3_stmt *statement, const char *sql)
{
	struct run *run = pool_take(&runs);
	struct sql *s = &c->sql;
	struct database_seen seen;

	if (!run) {
		agent_missed("sqlite");
		return;
	}
	sql_recall(s, SQL_SQLITE, str_of(sql));
	run->connection = c;
	run->statement = statement;
	seen = statement_seen(s);
	seen.system = "sqlite";
	seen.server = &c->server;
	seen.scope = SCOPE_SQLITE;
	database_begin(&run->call, &seen);
	run_link(run);
}

static struct run *run_find(const struct connection *c, const sqlite3_stmt *statement)
{
	struct run *run = c->runs;

	while (run && run->statement != statement)
		run = run->next;
	return run;
}

static void run_unlink(struct connection *c, const struct run *run)
{
	struct run **at = &c->runs;

	while (*at && *at != run)
		at = &(*at)->next;
	if (*at)
		*at = run->next;
}

static bool is_error(int r)
{
	return r != SQLITE_OK && r != SQLITE_ROW && r != SQLITE_DONE;
}

static void run_end(struct run *run, int result)
{
	struct database_outcome o = { .rows = -1 };

	if (is_error(result)) {
		o.error = o.status = sqlite_error_name(result);
		o.message = REAL(sqlite3_errstr) ? REAL(sqlite3_errstr)(result) : NULL;
	}
	database_end(&run->call, &o);
	pool_give(&runs, run);
}

/* ---- what SQLite calls ------------------------------------------------------------------------------ */

/* The old interface gets the text with its parameters filled in; a trigger's has none. */
static void trace_old(const struct connection *c, sqlite3_stmt *statement, const char *text)
{
	char *expanded = NULL;

	if (strncmp(text, "-- ", 3) != 0 || !strcmp(text + 3, REAL(sqlite3_sql)(statement)))
		expanded = REAL(sqlite3_expanded_sql)(statement);
	c->trace.legacy(c->arg, expanded ? expanded : text);
	REAL(sqlite3_free)(expanded);
}

static void trace_own(const struct connection *c, unsigned type, void *p, void *x)
{
	if (type == SQLITE_TRACE_PROFILE && c->profile &&
	    (c->mask & (MASK_PROFILE_LEGACY | SQLITE_TRACE_PROFILE)))
		c->profile(c->profile_arg, REAL(sqlite3_sql)(p), *(const sqlite3_uint64 *)x);
	if (type == SQLITE_TRACE_STMT && (c->mask & MASK_LEGACY))
		trace_old(c, p, x);
	else if (c->mask & MASK_V2 & type)
		c->trace.v2(type, c->arg, p, x);
}

static void statement_begins(struct connection *c, sqlite3_stmt *statement, const char *text)
{
	if (!watches(&watch) || REAL(sqlite3_sql)(statement) != text || run_find(c, statement))
		return;
	if (stepping && stepping->ended && stepping->statement == statement)
		return; /* prepared anew, and the same run */
	run_begin(c, statement, text);
}

static void statement_ends(struct connection *c, sqlite3_stmt *statement)
{
	struct run *run = run_find(c, statement);

	if (!run)
		return;
	run_unlink(c, run);
	if (stepping && stepping->statement == statement && !stepping->ended)
		stepping->ended = run;
	else
		run_end(run, SQLITE_OK);
}

static int traced(unsigned type, void *arg, void *p, void *x)
{
	struct connection *c = arg;
	int kept = errno;

	if (type == SQLITE_TRACE_STMT)
		statement_begins(c, p, x);
	else if (type == SQLITE_TRACE_PROFILE)
		statement_ends(c, p);
	errno = kept;
	trace_own(c, type, p, x);
	return 0;
}

/* ---- what the program calls ------------------------------------------------------------------------- */

/*
 * What ended in a step that has brought a row goes on: the schema had changed, and SQLite prepared
 * the statement anew and began again.
 */
static void run_go_on(struct run *run, sqlite3_stmt *statement)
{
	sqlite3_mutex *mutex = REAL(sqlite3_db_mutex)(REAL(sqlite3_db_handle)(statement));

	REAL(sqlite3_mutex_enter)(mutex);
	run_link(run);
	REAL(sqlite3_mutex_leave)(mutex);
}

HOOK int sqlite3_step(sqlite3_stmt *statement)
{
	struct step step;
	int r, kept;

	if (!REAL(sqlite3_step))
		return SQLITE_MISUSE;
	if (!watches(&watch))
		return REAL(sqlite3_step)(statement);
	step.outer = stepping;
	step.statement = statement;
	step.ended = NULL;
	stepping = &step;
	r = REAL(sqlite3_step)(statement);
	stepping = step.outer;
	if (__builtin_expect(step.ended != NULL, 0)) {
		kept = errno;
		if (r == SQLITE_ROW)
			run_go_on(step.ended, statement);
		else
			run_end(step.ended, r);
		errno = kept;
	}
	return r;
}

static void connection_name(struct connection *c, sqlite3 *db)
{
	const char *path = REAL(sqlite3_db_filename)(db, "main");
	const char *slash = path ? strrchr(path, '/') : NULL;

	path = slash ? slash + 1 : path;
	database_server_set(&c->server, NULL, 0, path && path[0] ? path : ":memory:");
}

static bool all_there(void)
{
	for (int i = 0; i < N_CALLS; i++)
		if (!real_of(&real[i]))
			return false;
	return true;
}

static void connection_watch(sqlite3 *db)
{
	struct connection *c = NULL;

	if (!all_there())
		return;
	database_ready();
	if (pool_open(&connections) && pool_open(&runs))
		c = pool_take(&connections);
	if (c && !table_put(&connection_of, db, c)) {
		pool_give(&connections, c);
		c = NULL;
	}
	if (!c) {
		agent_missed("sqlite");
		return;
	}
	c->runs = NULL;
	c->mask = 0;
	c->trace.v2 = NULL;
	c->profile = NULL;
	c->arg = c->profile_arg = NULL;
	connection_name(c, db);
	REAL(sqlite3_trace_v2)(db, OURS, traced, c);
}

static int opened(int r, sqlite3 **db)
{
	int kept = errno;

	if (r == SQLITE_OK && *db && watches(&watch))
		connection_watch(*db);
	errno = kept;
	return r;
}

HOOK int sqlite3_open(const char *name, sqlite3 **db)
{
	if (!REAL(sqlite3_open))
		return SQLITE_ERROR;
	return opened(REAL(sqlite3_open)(name, db), db);
}

HOOK int sqlite3_open_v2(const char *name, sqlite3 **db, int flags, const char *vfs)
{
	if (!REAL(sqlite3_open_v2))
		return SQLITE_ERROR;
	return opened(REAL(sqlite3_open_v2)(name, db, flags, vfs), db);
}

HOOK int sqlite3_open16(const void *name, sqlite3 **db)
{
	if (!REAL(sqlite3_open16))
		return SQLITE_ERROR;
	return opened(REAL(sqlite3_open16)(name, db), db);
}

static void connection_forget(struct connection *c)
{
	while (c->runs) {
		struct run *run = c->runs;

		c->runs = run->next;
		run_end(run, SQLITE_OK);
	}
	pool_give(&connections, c);
}

/* Fails, and nothing has changed, while there are statements. */
HOOK int sqlite3_close(sqlite3 *db)
{
	struct connection *c;
	int r, kept;

	if (!REAL(sqlite3_close))
		return SQLITE_ERROR;
	/* Out of the table first: another thread may open one at the same address at once. */
	c = table_remove(&connection_of, db);
	r = REAL(sqlite3_close)(db);
	kept = errno;
	if (c && r == SQLITE_OK)
		connection_forget(c);
	else if (c)
		table_put(&connection_of, db, c);
	errno = kept;
	return r;
}

static void trace_restore(const struct connection *c, sqlite3 *db)
{
	if (c->mask & MASK_LEGACY)
		REAL(sqlite3_trace)(db, c->trace.legacy, c->arg);
	else
		REAL(sqlite3_trace_v2)(db, c->mask & MASK_V2, c->trace.v2, c->arg);
	if (c->mask & MASK_PROFILE_LEGACY)
		REAL(sqlite3_profile)(db, c->profile, c->profile_arg);
}

/* The connection lives on while there are statements, and nobody tells us when it ends. */
HOOK int sqlite3_close_v2(sqlite3 *db)
{
	struct connection *c;
	int kept = errno;

	if (!REAL(sqlite3_close_v2))
		return SQLITE_ERROR;
	c = table_remove(&connection_of, db);
	if (c) {
		sqlite3_mutex *mutex = REAL(sqlite3_db_mutex)(db);

		REAL(sqlite3_mutex_enter)(mutex);
		trace_restore(c, db);
		connection_forget(c);
		REAL(sqlite3_mutex_leave)(mutex);
	}
	errno = kept;
	return REAL(sqlite3_close_v2)(db);
}

static int trace_renew(struct connection *c, sqlite3 *db, unsigned mask)
{
	c->mask = mask;
	return REAL(sqlite3_trace_v2)(db, OURS | (mask & MASK_V2), traced, c);
}

HOOK int sqlite3_trace_v2(sqlite3 *db, unsigned mask, trace_callback trace, void *arg)
{
	struct connection *c = table_get(&connection_of, db);
	int r;

	if (!REAL(sqlite3_trace_v2))
		return SQLITE_ERROR;
	if (!c)
		return REAL(sqlite3_trace_v2)(db, mask, trace, arg);
	REAL(sqlite3_mutex_enter)(REAL(sqlite3_db_mutex)(db));
	c->trace.v2 = mask ? trace : NULL;
	c->arg = arg;
	r = trace_renew(c, db, trace ? mask & MASK_V2 : 0);
	REAL(sqlite3_mutex_leave)(REAL(sqlite3_db_mutex)(db));
	return r;
}

HOOK void *sqlite3_trace(sqlite3 *db, trace_legacy trace, void *arg)
{
	struct connection *c = table_get(&connection_of, db);
	void *before;

	if (!REAL(sqlite3_trace))
		return NULL;
	if (!c)
		return REAL(sqlite3_trace)(db, trace, arg);
	REAL(sqlite3_mutex_enter)(REAL(sqlite3_db_mutex)(db));
	before = c->arg;
	c->trace.legacy = trace;
	c->arg = arg;
	trace_renew(c, db, trace ? MASK_LEGACY : 0);
	REAL(sqlite3_mutex_leave)(REAL(sqlite3_db_mutex)(db));
	return before;
}

HOOK void *sqlite3_profile(sqlite3 *db, profile_legacy profile, void *arg)
{
	struct connection *c = table_get(&connection_of, db);
	void *before;

	if (!REAL(sqlite3_profile))
		return NULL;
	if (!c)
		return REAL(sqlite3_profile)(db, profile, arg);
	REAL(sqlite3_mutex_enter)(REAL(sqlite3_db_mutex)(db));
	before = c->profile_arg;
	c->profile = profile;
	c->profile_arg = arg;
	trace_renew(c, db, (c->mask & MASK_V2) | (profile ? MASK_PROFILE_LEGACY : 0));
	REAL(sqlite3_mutex_leave)(REAL(sqlite3_db_mutex)(db));
	return before;
}

const struct watched watched_sqlite = {
	.name = "sqlite",
	.aliases = "sqlite3,sql,database",
	.summary = "SQL statements that the program runs in SQLite",
	.watch = &watch,
};
