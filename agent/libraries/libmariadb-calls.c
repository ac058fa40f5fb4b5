/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run goes from the text to the end of its last result:
 *
 *     mysql_real_query, no rows               ends; with CLIENT_MULTI_STATEMENTS, when none is left
 *     ... mysql_store_result                  ends: all rows are here
 *     ... mysql_use_result, mysql_free_result ends there, with the rows that were fetched
 *     the next text, mysql_close              ends what was left half-way
 *
 * Rows are not watched one by one, but for mysql_stmt_fetch without mysql_stmt_store_result, where
 * nothing else tells of the end.
 *
 * Host, socket and schema are asked for with each run: the schema changes by USE, and reading a
 * pointer is cheap. mariadb_get_info tells them; a library of this API that doesn't have it is
 * another (libmysqlclient), whose structures we don't know: it isn't watched.
 */
#include "agent/libraries/libmariadb.h"

#include <errmsg.h>
#include <errno.h>
#include <stdio.h>

#include "agent/inside.h"
#include "agent/database/sql-known.h"
#include "agent/table.h"
#include "wire/record.h"

enum { CONNECTIONS_MOST = 2048, PREPARED_MOST = 8192 };

static struct real_library library;
struct real maria_real[] = {
#define X(call) { .name = #call, .library = &library },
	MARIA_CALLS(X)
#undef X
};

static struct pool connections = { .item_bytes = sizeof(struct connection), .n = CONNECTIONS_MOST };
static struct pool prepared = { .item_bytes = sizeof(struct prepared), .n = PREPARED_MOST };

static struct table_slot connection_slots[2 * CONNECTIONS_MOST];
static const struct table connection_of = { connection_slots, 2 * CONNECTIONS_MOST };
static struct table_slot result_slots[2 * CONNECTIONS_MOST];
static const struct table result_of = { result_slots, 2 * CONNECTIONS_MOST };
static struct table_slot prepared_slots[2 * PREPARED_MOST];
static const struct table prepared_of = { prepared_slots, 2 * PREPARED_MOST };

struct watch maria_watch;
static _Atomic bool stranger; /* what has these names isn't libmariadb; looked at once */
static bool comments;

/* ---- connections ----------------------------------------------------------------------------------- */

static bool all_there(void)
{
	for (int i = 0; i < CALL_mysql_use_result; i++)
		if (!real_of(&maria_real[i]))
			return false;
	return true;
}

static struct connection *connection_new(MYSQL *mysql)
{
	struct connection *c = NULL;

	if (!all_there()) {
		atomic_store_explicit(&stranger, true, memory_order_relaxed);
		return NULL;
	}
	database_ready();
	if (pool_open(&connections) && pool_open(&prepared))
		c = pool_take(&connections);
	if (c && !table_put(&connection_of, mysql, c)) {
		pool_give(&connections, c);
		c = NULL;
	}
	if (!c) {
		agent_missed("libmariadb");
		return NULL;
	}
	c->mysql = mysql;
	c->inside = c->run.on = false;
	c->system = "mariadb";
	c->result = NULL;
	c->commented = NULL;
	c->prepared = NULL;
	c->counted.pool = NULL;
	database_server_set(&c->server, NULL, 0, NULL);
	return c;
}

static struct connection *entered(struct connection *c, const void *caller)
{
	if (!c || inside_call(c->inside, &library, caller))
		return NULL;
	c->inside = true;
	return c;
}

struct connection *maria_enter(MYSQL *mysql, const void *caller)
{
	struct connection *c;
	int kept = errno;

	if (!mysql || !watches(&maria_watch) ||
	    atomic_load_explicit(&stranger, memory_order_relaxed))
		return NULL;
	c = table_get(&connection_of, mysql);
	if (!c)
		c = connection_new(mysql);
	errno = kept;
	return entered(c, caller);
}

struct connection *maria_known(MYSQL *mysql, const void *caller)
{
	return mysql ? entered(table_get(&connection_of, mysql), caller) : NULL;
}

void maria_leave(struct connection *c)
{
	c->inside = false;
}

static const char *info(struct connection *c, enum mariadb_value what)
{
	const char *text = NULL;

	return MARIA_REAL(mariadb_get_info)(c->mysql, what, &text) ? NULL : text;
}

static void server_know(struct connection *c)
{
	const char *version = info(c, MARIADB_CONNECTION_SERVER_VERSION), *socket;
	unsigned port = 0;

	if (!version) /* not connected: the rest would not be safe to ask */
		return;
	c->system = strstr(version, "aria") ? "mariadb" : "mysql";
	socket = info(c, MARIADB_CONNECTION_UNIX_SOCKET);
	if (!socket || !socket[0]) {
		socket = info(c, MARIADB_CONNECTION_HOST);
		MARIA_REAL(mariadb_get_info)(c->mysql, MARIADB_CONNECTION_PORT, &port);
	}
	database_server_set(&c->server, socket, (int)port, info(c, MARIADB_CONNECTION_SCHEMA));
	database_opened(&c->counted, &c->server);
}

/* ---- runs ------------------------------------------------------------------------------------------ */

static void run_end(struct run *r, unsigned error)
{
	char code[16];

	if (!r->on)
		return;
	r->on = false;
	if (error)
		snprintf(code, sizeof(code), "%u", error);
	database_end(&r->call, &(struct database_outcome){
				       .error = error ? code : NULL,
				       .status = error ? code : NULL,
				       .rows = r->rows,
			       });
}

static void run_begin(struct connection *c, struct run *r, struct database_seen seen)
{
	run_end(r, 0);
	server_know(c);
	r->on = true;
	r->rows = -1;
	seen.system = c->system;
	seen.server = &c->server;
	seen.connection = &c->counted;
	seen.scope = SCOPE_LIBMARIADB;
	database_begin(&r->call, &seen);
}

static void rows_add(struct run *r, int64_t n)
{
	r->rows = (r->rows < 0 ? 0 : r->rows) + n;
}

static struct str text_of(const char *text, unsigned long n)
{
	return n == (unsigned long)-1 ? str_of(text) : (struct str){ text, text ? n : 0 };
}

static void result_forget(struct connection *c)
{
	if (c->result)
		table_remove(&result_of, c->result);
	c->result = NULL;
}

static void comment_forget(struct connection *c)
{
	sqlcommenter_give(c->commented);
	c->commented = NULL;
}

static enum sql_dialect dialect_of(struct connection *c)
{
	unsigned status = 0;

	MARIA_REAL(mariadb_get_info)(c->mysql, MARIADB_CONNECTION_SERVER_STATUS, &status);
	return status & SERVER_STATUS_NO_BACKSLASH_ESCAPES ? SQL_MYSQL_NO_ESCAPES : SQL_MYSQL;
}

void maria_text(struct connection *c, const char *text, unsigned long n)
{
	struct str said = text_of(text, n);
	int kept = errno;

	result_forget(c);
	comment_forget(c);
	sql_recall(&c->sql, dialect_of(c), said);
	run_begin(c, &c->run, statement_seen(&c->sql));
	if (comments)
		c->commented = sqlcommenter_write(&c->sql, said, &c->run.call);
	errno = kept;
}

const char *maria_said(const struct connection *c, const char *text)
{
	return c->commented ? c->commented->text : text;
}

unsigned long maria_said_n(const struct connection *c, unsigned long n)
{
	return c->commented ? c->commented->n : n;
}

static void failed(struct connection *c)
{
	unsigned error = MARIA_REAL(mysql_errno)(c->mysql);

	run_end(&c->run, error ? error : CR_UNKNOWN_ERROR);
}

void maria_part(struct connection *c, int64_t rows)
{
	int kept = errno;

	if (rows >= 0)
		rows_add(&c->run, rows);
	if (!MARIA_REAL(mysql_more_results)(c->mysql))
		run_end(&c->run, 0);
	errno = kept;
}

void maria_sent(struct connection *c, int bad)
{
	int kept = errno;

	comment_forget(c);
	if (bad)
		failed(c);
	errno = kept;
}

void maria_header(struct connection *c, int bad)
{
	maria_sent(c, bad);
	if (!bad && !MARIA_REAL(mysql_field_count)(c->mysql))
		maria_part(c, -1);
}

void maria_next(struct connection *c, int r)
{
	int kept = errno;

	if (r > 0)
		failed(c);
	else if (r < 0)
		run_end(&c->run, 0);
	else
		maria_header(c, 0);
	errno = kept;
}

void maria_stored(struct connection *c, MYSQL_RES *result)
{
	int kept = errno;

	if (!c->run.on)
		;
	else if (result)
		maria_part(c, (int64_t)MARIA_REAL(mysql_num_rows)(result));
	else if (MARIA_REAL(mysql_errno)(c->mysql))
		failed(c);
	errno = kept;
}

void maria_used(struct connection *c, MYSQL_RES *result)
{
	int kept = errno;

	if (c->run.on && !result && MARIA_REAL(mysql_errno)(c->mysql))
		failed(c);
	if (c->run.on && result) {
		if (table_put(&result_of, result, c))
			c->result = result;
		else
			run_end(&c->run, 0);
	}
	errno = kept;
}

struct connection *maria_result_begin_free(MYSQL_RES *result, int64_t *rows)
{
	struct connection *c = result ? table_remove(&result_of, result) : NULL;

	if (!c || c->result != result)
		return NULL;
	*rows = (int64_t)MARIA_REAL(mysql_num_rows)(result);
	c->result = NULL;
	return c;
}

void maria_result_freed(struct connection *c, int64_t rows)
{
	if (c && c->run.on)
		maria_part(c, rows);
}

void maria_closed(MYSQL *mysql)
{
	struct connection *c = mysql ? table_remove(&connection_of, mysql) : NULL;
	int kept = errno;

	if (!c)
		return;
	result_forget(c);
	comment_forget(c);
	run_end(&c->run, 0);
	for (struct prepared *p = c->prepared; p; p = p->next) {
		run_end(&p->run, 0);
		p->connection = NULL;
	}
	database_closed(&c->counted);
	pool_give(&connections, c);
	errno = kept;
}

/* ---- prepared statements --------------------------------------------------------------------------- */

void maria_statement_new(struct connection *c, MYSQL_STMT *statement)
{
	struct prepared *p = pool_take(&prepared);

	if (p && !table_put(&prepared_of, statement, p)) {
		pool_give(&prepared, p);
		p = NULL;
	}
	if (!p) {
		agent_missed("libmariadb");
		return;
	}
	p->connection = c;
	p->statement = statement;
	p->known = p->run.on = false;
	p->next = c->prepared;
	c->prepared = p;
}

static struct prepared *statement_entered(struct prepared *p, const void *caller)
{
	return p && p->connection && entered(p->connection, caller) ? p : NULL;
}

struct prepared *maria_statement_enter(MYSQL_STMT *statement, const void *caller)
{
	if (!statement || !watches(&maria_watch))
		return NULL;
	return statement_entered(table_get(&prepared_of, statement), caller);
}

struct prepared *maria_statement_known(MYSQL_STMT *statement, const void *caller)
{
	struct prepared *p = statement ? table_get(&prepared_of, statement) : NULL;

	return p && p->run.on ? statement_entered(p, caller) : NULL;
}

void maria_statement_leave(struct prepared *p)
{
	if (p->connection)
		maria_leave(p->connection);
}

static void statement_failed(struct prepared *p)
{
	unsigned error = MARIA_REAL(mysql_stmt_errno)(p->statement);

	run_end(&p->run, error ? error : CR_UNKNOWN_ERROR);
}

void maria_prepare(struct prepared *p, const char *text, unsigned long n)
{
	struct database_seen seen;
	int kept = errno;

	p->known = false;
	sql_recall(&p->sql, dialect_of(p->connection), text_of(text, n));
	seen = statement_seen(&p->sql);
	seen.name = seen.operation = STR("PREPARE");
	run_begin(p->connection, &p->run, seen);
	errno = kept;
}

void maria_prepared(struct prepared *p, int bad)
{
	int kept = errno;

	p->known = !bad;
	if (bad)
		statement_failed(p);
	else
		run_end(&p->run, 0);
	errno = kept;
}

/* Several rows of parameters are a batch. */
void maria_execute(struct prepared *p)
{
	struct database_seen seen = { .operation = STR("EXECUTE") };
	unsigned rows = 0;
	int kept = errno;

	if (p->known)
		seen = statement_seen(&p->sql);
	if (!MARIA_REAL(mysql_stmt_attr_get)(p->statement, STMT_ATTR_ARRAY_SIZE, &rows) && rows > 1)
		seen.batch = rows;
	run_begin(p->connection, &p->run, seen);
	errno = kept;
}

void maria_execute_direct(struct prepared *p, const char *text, unsigned long n)
{
	int kept = errno;

	sql_recall(&p->sql, dialect_of(p->connection), text_of(text, n));
	p->known = true;
	maria_execute(p);
	errno = kept;
}

static void statement_part(struct prepared *p)
{
	if (!MARIA_REAL(mysql_stmt_more_results)(p->statement))
		run_end(&p->run, 0);
}

void maria_executed(struct prepared *p, int bad)
{
	int kept = errno;

	if (bad)
		statement_failed(p);
	else if (!MARIA_REAL(mysql_stmt_field_count)(p->statement))
		statement_part(p);
	errno = kept;
}

void maria_statement_stored(struct prepared *p, int bad)
{
	int kept = errno;

	if (bad) {
		statement_failed(p);
	} else {
		rows_add(&p->run, (int64_t)MARIA_REAL(mysql_stmt_num_rows)(p->statement));
		statement_part(p);
	}
	errno = kept;
}

void maria_statement_fetched(struct prepared *p, int r)
{
	int kept = errno;

	rows_add(&p->run, r == 0 || r == MYSQL_DATA_TRUNCATED);
	if (r == MYSQL_NO_DATA)
		statement_part(p);
	else if (r == 1)
		statement_failed(p);
	errno = kept;
}

void maria_statement_next(struct prepared *p, int r)
{
	int kept = errno;

	if (r > 0)
		statement_failed(p);
	else if (r < 0)
		run_end(&p->run, 0);
	else
		maria_executed(p, 0);
	errno = kept;
}

void maria_statement_over(struct prepared *p)
{
	int kept = errno;

	run_end(&p->run, 0);
	errno = kept;
}

void maria_statement_closed(MYSQL_STMT *statement)
{
	struct prepared *p = statement ? table_remove(&prepared_of, statement) : NULL;
	struct prepared **at;

	if (!p)
		return;
	maria_statement_over(p);
	at = p->connection ? &p->connection->prepared : NULL;
	while (at && *at && *at != p)
		at = &(*at)->next;
	if (at && *at)
		*at = p->next;
	pool_give(&prepared, p);
}

static void mariadb_start(void)
{
	inside_ready();
	comments = sqlcommenter_wants("mariadb") || sqlcommenter_wants("mysql");
}

const struct watched watched_libmariadb = {
	.name = "libmariadb",
	.aliases = "mariadb,mysql,mysqlclient,pymysql,sql,database",
	.summary = "SQL statements that the program sends to MariaDB or MySQL",
	.start = mariadb_start,
	.watch = &maria_watch,
};
