/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of results is the order of calls, in pipeline mode and without:
 *
 *     PQsendQuery a, PQsendQuery b    ->    a's results, NULL, b's results, NULL
 *
 * so a call ends at the NULL after its results; the marks of PQpipelineSync have no NULL and are not
 * calls. Outside of pipeline mode a call that is made ends all before it: libpq has thrown their
 * results away by then. A call that finds no room in pipeline mode would shift all after it, so the
 * connection is adrift, and not followed, until it is out of that mode.
 */
#include "agent/libraries/libpq.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/inside.h"
#include "agent/database/sql-known.h"
#include "agent/table.h"
#include "wire/record.h"

enum {
	CONNECTIONS_MOST = 2048,
	CALLS_MOST = 8192,
	STATEMENTS_MOST = 8192,
	STATEMENTS_OF_ONE = 256,
	NAME_MOST = 63
};

static struct real_library library;
struct real libpq_real[] = {
#define X(call) { .name = #call, .library = &library },
	PQ_CALLS(X)
#undef X
};

static struct pool connections = { .item_bytes = sizeof(struct connection), .n = CONNECTIONS_MOST };
static struct pool calls = { .item_bytes = sizeof(struct call), .n = CALLS_MOST };
static struct pool statements = { .item_bytes = sizeof(struct statement), .n = STATEMENTS_MOST };

static struct table_slot slots[2 * CONNECTIONS_MOST];
static const struct table connection_of = { slots, 2 * CONNECTIONS_MOST };

struct watch libpq_watch;
static bool comments;

/* ---- connections ----------------------------------------------------------------------------------- */

static bool all_there(void)
{
	for (int i = 0; i < CALL_PQhostaddr; i++)
		if (!real_of(&libpq_real[i]))
			return false;
	return true;
}

static struct connection *connection_new(PGconn *conn)
{
	struct connection *c = NULL;

	if (!all_there())
		return NULL;
	database_ready();
	if (pool_open(&connections) && pool_open(&calls) && pool_open(&statements))
		c = pool_take(&connections);
	if (c && !table_put(&connection_of, conn, c)) {
		pool_give(&connections, c);
		c = NULL;
	}
	if (!c) {
		agent_missed("libpq");
		return NULL;
	}
	c->first = c->last = NULL;
	c->statements = NULL;
	c->commented = NULL;
	c->n_statements = 0;
	c->inside = c->known = c->adrift = false;
	c->pipelines = PQ_REAL(PQpipelineStatus) != NULL;
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

struct connection *libpq_enter(PGconn *conn, const void *caller)
{
	struct connection *c;
	int kept = errno;

	if (!conn || !watches(&libpq_watch))
		return NULL;
	c = table_get(&connection_of, conn);
	if (!c)
		c = connection_new(conn);
	errno = kept;
	return entered(c, caller);
}

struct connection *libpq_known(PGconn *conn, const void *caller)
{
	return conn ? entered(table_get(&connection_of, conn), caller) : NULL;
}

void libpq_leave(struct connection *c)
{
	sqlcommenter_give(c->commented);
	c->commented = NULL;
	c->inside = false;
}

/* A directory stands for the socket in it, as libpq has it. */
static void server_of_socket(struct connection *c, const char *directory, const char *port,
			     const char *name)
{
	char path[DATABASE_ADDRESS_MOST];
	size_t n = strnlen(directory, sizeof(path) - 1), m = strnlen(port, sizeof(path));

	if (n + m + sizeof("/.s.PGSQL.") > sizeof(path)) {
		database_server_set(&c->server, directory, 0, name);
		return;
	}
	memcpy(path, directory, n);
	memcpy(path + n, "/.s.PGSQL.", 10);
	memcpy(path + n + 10, port, m + 1);
	database_server_set(&c->server, path, 0, name);
}

static void server_know(struct connection *c, PGconn *conn)
{
	const char *host, *port, *name, *address;

	if (c->known || PQ_REAL(PQstatus)(conn) != CONNECTION_OK)
		return;
	c->known = true;
	host = PQ_REAL(PQhost)(conn);
	port = PQ_REAL(PQport)(conn);
	name = PQ_REAL(PQdb)(conn);
	if (host && (host[0] == '/' || host[0] == '@')) {
		server_of_socket(c, host, port ? port : "", name);
		return;
	}
	database_server_set(&c->server, host, port ? atoi(port) : 0, name);
	address = PQ_REAL(PQhostaddr) ? PQ_REAL(PQhostaddr)(conn) : NULL;
	if (address && strlen(address) < sizeof(c->server.peer))
		strcpy(c->server.peer, address);
}

/* ---- prepared statements --------------------------------------------------------------------------- */

/* Of as much of the name as the server heeds. Never 0. */
uint64_t libpq_key(const char *name)
{
	size_t n = name ? strnlen(name, NAME_MOST) : 0;
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 1099511628211u;
	return h ? h : 1;
}

static struct statement *statement_take(struct connection *c, uint64_t key)
{
	struct statement **at = &c->statements;

	while (*at && (*at)->key != key && (*at)->next)
		at = &(*at)->next;
	struct statement *s = *at;

	if (!s || (s->key != key && c->n_statements < STATEMENTS_OF_ONE))
		return NULL;
	if (s->key != key) {
		agent_missed("libpq"); /* the one that was longest unused gives way */
		s->key = 0;
	}
	*at = s->next;
	c->n_statements--;
	return s;
}

static void statement_keep(struct connection *c, struct statement *s)
{
	s->next = c->statements;
	c->statements = s;
	c->n_statements++;
}

static struct statement *statement_find(struct connection *c, uint64_t key)
{
	struct statement **at = &c->statements, *s;

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	s = *at;
	if (s && at != &c->statements) {
		*at = s->next;
		s->next = c->statements;
		c->statements = s;
	}
	return s;
}

static void statement_drop(struct connection *c, uint64_t key)
{
	if (!statement_find(c, key))
		return;

	struct statement *s = c->statements;

	c->statements = s->next;
	c->n_statements--;
	pool_give(&statements, s);
}

void libpq_remember(struct connection *c, const char *name)
{
	uint64_t key = libpq_key(name);
	struct statement *s = statement_take(c, key);

	if (!s)
		s = pool_take(&statements);
	if (!s) {
		agent_missed("libpq");
		return;
	}
	s->key = key;
	sql_copy(&s->sql, &c->sql);
	statement_keep(c, s);
}

/* ---- calls ----------------------------------------------------------------------------------------- */

static void call_end(struct connection *c, struct call *q)
{
	if (q->error && q->prepares)
		statement_drop(c, q->prepares);
	database_end(&q->call, &(struct database_outcome){
				       .error = q->error,
				       .status = q->status[0] ? q->status : NULL,
				       .rows = q->rows,
			       });
	pool_give(&calls, q);
}

static void first_end(struct connection *c)
{
	struct call *q = c->first;

	c->first = q->next;
	if (!c->first)
		c->last = NULL;
	call_end(c, q);
}

static void all_end(struct connection *c)
{
	while (c->first)
		first_end(c);
}

static bool in_pipeline(const struct connection *c, PGconn *conn)
{
	return c->pipelines && PQ_REAL(PQpipelineStatus)(conn) != PQ_PIPELINE_OFF;
}

static struct call *call_begin(struct connection *c, PGconn *conn, struct database_seen seen)
{
	struct call *q = NULL;

	if (!in_pipeline(c, conn))
		c->adrift = false;
	if (!c->adrift)
		q = pool_take(&calls);
	if (!q) {
		agent_missed("libpq");
		c->adrift = true;
		all_end(c);
		return NULL;
	}
	server_know(c, conn);
	if (c->known)
		database_opened(&c->counted, &c->server);
	q->next = NULL;
	q->rows = -1;
	q->prepares = 0;
	q->error = NULL;
	q->answered = q->copies = false;
	q->status[0] = '\0';
	seen.system = "postgresql";
	seen.server = &c->server;
	seen.connection = &c->counted;
	seen.scope = SCOPE_LIBPQ;
	database_begin(&q->call, &seen);
	return q;
}

static enum sql_dialect dialect_of(PGconn *conn)
{
	const char *standard = PQ_REAL(PQparameterStatus)(conn, "standard_conforming_strings");

	return standard && !strcmp(standard, "off") ? SQL_POSTGRESQL_ESCAPES : SQL_POSTGRESQL;
}

struct call *libpq_text(struct connection *c, PGconn *conn, const char *query)
{
	struct call *q;
	int kept = errno;

	sql_recall(&c->sql, dialect_of(conn), str_of(query));
	q = call_begin(c, conn, statement_seen(&c->sql));
	if (q && comments)
		c->commented = sqlcommenter_write(&c->sql, str_of(query), &q->call);
	errno = kept;
	return q;
}

struct call *libpq_prepare(struct connection *c, PGconn *conn, const char *query)
{
	struct database_seen seen;
	struct call *q;
	int kept = errno;

	sql_recall(&c->sql, dialect_of(conn), str_of(query));
	seen = statement_seen(&c->sql);
	seen.name = seen.operation = STR("PREPARE");
	q = call_begin(c, conn, seen);
	errno = kept;
	return q;
}

struct call *libpq_run(struct connection *c, PGconn *conn, const char *name)
{
	struct statement *s = statement_find(c, libpq_key(name));
	struct call *q;
	int kept = errno;

	q = call_begin(c, conn,
		       s ? statement_seen(&s->sql)
			 : (struct database_seen){ .operation = STR("EXECUTE") });
	errno = kept;
	return q;
}

struct call *libpq_other(struct connection *c, PGconn *conn, struct str operation)
{
	int kept = errno;
	struct call *q = call_begin(c, conn, (struct database_seen){ .operation = operation });

	errno = kept;
	return q;
}

/* ---- results --------------------------------------------------------------------------------------- */

/* The first error of several statements is the call's. */
static void call_failed(struct call *q, const char *name, const char *state)
{
	if (q->error)
		return;
	q->error = name;
	if (state && strlen(state) == sizeof(q->status) - 1) {
		strcpy(q->status, state);
		q->error = q->status;
	}
}

static void rows_add(struct call *q, int64_t n)
{
	q->rows = (q->rows < 0 ? 0 : q->rows) + n;
}

static void result_read(struct call *q, const PGresult *result)
{
	ExecStatusType status = PQ_REAL(PQresultStatus)(result);

	q->answered = true;
	switch ((int)status) {
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
	case PGRES_PIPELINE_ABORTED:
		call_failed(q, PQ_REAL(PQresStatus)(status),
			    PQ_REAL(PQresultErrorField)(result, PG_DIAG_SQLSTATE));
		break;
	case PGRES_COPY_OUT:
		q->copies = true;
		break;
	case PGRES_COMMAND_OK:
		if (q->copies) /* "COPY 3" */
			rows_add(q, atoll(PQ_REAL(PQcmdTuples)((PGresult *)(uintptr_t)result)));
		break;
	case PGRES_EMPTY_QUERY:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
		break;
	default: /* tuples, also as later versions give them */
		rows_add(q, PQ_REAL(PQntuples)(result));
	}
}

static bool goes_on(const PGresult *result)
{
	ExecStatusType status = PQ_REAL(PQresultStatus)(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static void call_wait(struct connection *c, struct call *q)
{
	if (c->last)
		c->last->next = q;
	else
		c->first = q;
	c->last = q;
}

/* What failed here, without the server's saying so. */
static const char *unsaid(PGconn *conn)
{
	return PQ_REAL(PQstatus)(conn) == CONNECTION_BAD ? "CONNECTION_BAD" : "PGRES_FATAL_ERROR";
}

PGresult *libpq_answered(struct connection *c, struct call *q, PGconn *conn, PGresult *result)
{
	int kept = errno;

	if (!in_pipeline(c, conn))
		all_end(c);
	if (q && result)
		result_read(q, result);
	else if (q)
		call_failed(q, unsaid(conn), NULL);
	if (q && result && goes_on(result))
		call_wait(c, q);
	else if (q)
		call_end(c, q);
	libpq_leave(c);
	errno = kept;
	return result;
}

int libpq_sent(struct connection *c, struct call *q, PGconn *conn, int ok)
{
	int kept = errno;

	if (ok && !in_pipeline(c, conn))
		all_end(c);
	if (q && ok) {
		call_wait(c, q);
	} else if (q) {
		call_failed(q, unsaid(conn), NULL);
		call_end(c, q);
	}
	libpq_leave(c);
	errno = kept;
	return ok;
}

void libpq_got(struct connection *c, PGresult *result)
{
	int kept = errno;

	if (!c->first)
		;
	else if (result && PQ_REAL(PQresultStatus)(result) != PGRES_PIPELINE_SYNC)
		result_read(c->first, result);
	else if (!result && c->first->answered)
		first_end(c);
	libpq_leave(c);
	errno = kept;
}

/* ---- ends ------------------------------------------------------------------------------------------ */

void libpq_forget(struct connection *c)
{
	int kept = errno;

	all_end(c);
	while (c->statements) {
		struct statement *s = c->statements;

		c->statements = s->next;
		pool_give(&statements, s);
	}
	c->n_statements = 0;
	c->known = c->adrift = false;
	database_closed(&c->counted);
	errno = kept;
}

struct connection *libpq_remove(PGconn *conn)
{
	return conn ? table_remove(&connection_of, conn) : NULL;
}

void libpq_free(struct connection *c)
{
	libpq_forget(c);
	libpq_leave(c);
	pool_give(&connections, c);
}

static void libpq_start(void)
{
	inside_ready();
	comments = sqlcommenter_wants("postgresql");
}

const struct watched watched_libpq = {
	.name = "libpq",
	.aliases = "postgresql,psycopg2,asyncpg,sql,database",
	.summary = "SQL statements that the program sends to PostgreSQL",
	.start = libpq_start,
	.watch = &libpq_watch,
};
