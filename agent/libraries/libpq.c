/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq: a client span for each command that goes to a PostgreSQL server.
 *
 *     PQexec*, PQprepare, PQdescribe*, PQfn     from call to return; COPY: until it is over
 *     PQsend*                                   until PQgetResult has returned NULL for it
 *     PQreset*, PQfinish                        what is under way ends
 *
 * A connection is known from its first command on, so the many ways to connect need no hooks, and
 * one that was made before we were there is as good. The span is never current: in pipeline mode
 * many are under way at once.
 *
 * libpq calls itself, in PQexec for one: agent/inside.h. Cancelling, notifications, polling and the
 * transfer of COPY's data are libpq's alone.
 */
#include "agent/libraries/libpq.h"

#define CALLER __builtin_return_address(0)

/* The connection that is watched as `c`, or the real call. */
#define PASS_UNLESS_WATCHED(call, none, ...) \
	struct connection *c; \
\
	if (!PQ_REAL(call)) \
		return none; \
	c = libpq_enter(conn, CALLER); \
	if (!c) \
	return PQ_REAL(call)(__VA_ARGS__)

static const char *text_of(const struct connection *c, const char *query)
{
	return c->commented ? c->commented->text : query;
}

/* ---- from call to return ---------------------------------------------------------------------------- */

HOOK PGresult *PQexec(PGconn *conn, const char *query)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQexec, NULL, conn, query);

	q = libpq_text(c, conn, query);
	return libpq_answered(c, q, conn, PQ_REAL(PQexec)(conn, text_of(c, query)));
}

HOOK PGresult *PQexecParams(PGconn *conn, const char *command, int n, const Oid *types,
			    const char *const *values, const int *lengths, const int *formats,
			    int format)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQexecParams, NULL, conn, command, n, types, values, lengths, formats,
			    format);

	q = libpq_text(c, conn, command);
	return libpq_answered(c, q, conn,
			      PQ_REAL(PQexecParams)(conn, text_of(c, command), n, types, values,
						    lengths, formats, format));
}

/* The text stays this name's only if the server took it. */
HOOK PGresult *PQprepare(PGconn *conn, const char *name, const char *query, int n, const Oid *types)
{
	PGresult *result;
	struct call *q;
	PASS_UNLESS_WATCHED(PQprepare, NULL, conn, name, query, n, types);

	q = libpq_prepare(c, conn, query);
	result = PQ_REAL(PQprepare)(conn, name, query, n, types);
	if (result && PQ_REAL(PQresultStatus)(result) == PGRES_COMMAND_OK)
		libpq_remember(c, name);
	return libpq_answered(c, q, conn, result);
}

HOOK PGresult *PQexecPrepared(PGconn *conn, const char *name, int n, const char *const *values,
			      const int *lengths, const int *formats, int format)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQexecPrepared, NULL, conn, name, n, values, lengths, formats, format);

	q = libpq_run(c, conn, name);
	return libpq_answered(c, q, conn,
			      PQ_REAL(PQexecPrepared)(conn, name, n, values, lengths, formats,
						      format));
}

HOOK PGresult *PQdescribePrepared(PGconn *conn, const char *name)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQdescribePrepared, NULL, conn, name);

	q = libpq_other(c, conn, STR("DESCRIBE"));
	return libpq_answered(c, q, conn, PQ_REAL(PQdescribePrepared)(conn, name));
}

HOOK PGresult *PQdescribePortal(PGconn *conn, const char *name)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQdescribePortal, NULL, conn, name);

	q = libpq_other(c, conn, STR("DESCRIBE"));
	return libpq_answered(c, q, conn, PQ_REAL(PQdescribePortal)(conn, name));
}

/* The server knows functions by number here, so there is no name to tell. */
HOOK PGresult *PQfn(PGconn *conn, int function, int *out, int *length, int is_int,
		    const PQArgBlock *args, int n)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQfn, NULL, conn, function, out, length, is_int, args, n);

	q = libpq_other(c, conn, STR("CALL"));
	return libpq_answered(c, q, conn,
			      PQ_REAL(PQfn)(conn, function, out, length, is_int, args, n));
}

/* ---- results that come later ------------------------------------------------------------------------ */

HOOK int PQsendQuery(PGconn *conn, const char *query)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQsendQuery, 0, conn, query);

	q = libpq_text(c, conn, query);
	return libpq_sent(c, q, conn, PQ_REAL(PQsendQuery)(conn, text_of(c, query)));
}

HOOK int PQsendQueryParams(PGconn *conn, const char *command, int n, const Oid *types,
			   const char *const *values, const int *lengths, const int *formats,
			   int format)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQsendQueryParams, 0, conn, command, n, types, values, lengths, formats,
			    format);

	q = libpq_text(c, conn, command);
	return libpq_sent(c, q, conn,
			  PQ_REAL(PQsendQueryParams)(conn, text_of(c, command), n, types, values,
						     lengths, formats, format));
}

/* In pipeline mode it may be run before the server has said what it thinks of it. */
HOOK int PQsendPrepare(PGconn *conn, const char *name, const char *query, int n, const Oid *types)
{
	struct call *q;
	int ok;
	PASS_UNLESS_WATCHED(PQsendPrepare, 0, conn, name, query, n, types);

	q = libpq_prepare(c, conn, query);
	ok = PQ_REAL(PQsendPrepare)(conn, name, query, n, types);
	if (ok && q) {
		libpq_remember(c, name);
		q->prepares = libpq_key(name);
	}
	return libpq_sent(c, q, conn, ok);
}

HOOK int PQsendQueryPrepared(PGconn *conn, const char *name, int n, const char *const *values,
			     const int *lengths, const int *formats, int format)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQsendQueryPrepared, 0, conn, name, n, values, lengths, formats,
			    format);

	q = libpq_run(c, conn, name);
	return libpq_sent(c, q, conn,
			  PQ_REAL(PQsendQueryPrepared)(conn, name, n, values, lengths, formats,
						       format));
}

HOOK int PQsendDescribePrepared(PGconn *conn, const char *name)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQsendDescribePrepared, 0, conn, name);

	q = libpq_other(c, conn, STR("DESCRIBE"));
	return libpq_sent(c, q, conn, PQ_REAL(PQsendDescribePrepared)(conn, name));
}

HOOK int PQsendDescribePortal(PGconn *conn, const char *name)
{
	struct call *q;
	PASS_UNLESS_WATCHED(PQsendDescribePortal, 0, conn, name);

	q = libpq_other(c, conn, STR("DESCRIBE"));
	return libpq_sent(c, q, conn, PQ_REAL(PQsendDescribePortal)(conn, name));
}

HOOK PGresult *PQgetResult(PGconn *conn)
{
	struct connection *c;
	PGresult *result;

	if (!PQ_REAL(PQgetResult))
		return NULL;
	c = libpq_known(conn, CALLER);
	result = PQ_REAL(PQgetResult)(conn);
	if (c)
		libpq_got(c, result);
	return result;
}

/* The old way to end a COPY: 0 is success. */
HOOK int PQendcopy(PGconn *conn)
{
	struct connection *c;
	int r;

	if (!PQ_REAL(PQendcopy))
		return 1;
	c = libpq_known(conn, CALLER);
	r = PQ_REAL(PQendcopy)(conn);
	if (c && r && c->first && !c->first->error)
		c->first->error = "PGRES_FATAL_ERROR";
	if (c)
		libpq_got(c, NULL);
	return r;
}

/* ---- ends of connections ---------------------------------------------------------------------------- */

/* The same handle, another session. */
static void begin_anew(PGconn *conn, const void *caller)
{
	struct connection *c = libpq_known(conn, caller);

	if (!c)
		return;
	libpq_forget(c);
	libpq_leave(c);
}

HOOK void PQreset(PGconn *conn)
{
	if (!PQ_REAL(PQreset))
		return;
	begin_anew(conn, CALLER);
	PQ_REAL(PQreset)(conn);
}

HOOK int PQresetStart(PGconn *conn)
{
	if (!PQ_REAL(PQresetStart))
		return 0;
	begin_anew(conn, CALLER);
	return PQ_REAL(PQresetStart)(conn);
}

/* Out of the table first: another thread may connect at the same address at once. */
HOOK void PQfinish(PGconn *conn)
{
	struct connection *c = libpq_remove(conn);

	if (c)
		libpq_free(c);
	if (PQ_REAL(PQfinish))
		PQ_REAL(PQfinish)(conn);
}
