/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows of a libpq connection: its calls that are under way, in the order in which
 * their results come, and its prepared statements by name. The hooks are in agent/libraries/libpq.c.
 *
 *     c = libpq_enter(conn, caller)              NULL: pass the call through
 *     q = libpq_text(c, conn, query)             a call begins
 *     libpq_answered(c, q, conn, result)           it has ended, or (COPY) goes on
 *     libpq_sent(c, q, conn, ok)                 its results come by PQgetResult
 *
 * One thread at a time uses a connection; libpq asks that of programs.
 */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "agent/agent.h"
#include "agent/real.h"
#include "agent/database/sqlcommenter.h"
#include "agent/database/statement.h"

#define PQ_CALLS(X) \
	X(PQexec) \
	X(PQexecParams) \
	X(PQprepare) \
	X(PQexecPrepared) \
	X(PQdescribePrepared) \
	X(PQdescribePortal) \
	X(PQfn) \
	X(PQsendQuery) \
	X(PQsendQueryParams) \
	X(PQsendPrepare) \
	X(PQsendQueryPrepared) \
	X(PQsendDescribePrepared) \
	X(PQsendDescribePortal) \
	X(PQgetResult) \
	X(PQendcopy) \
	X(PQreset) \
	X(PQresetStart) \
	X(PQfinish) \
	X(PQhost) \
	X(PQport) \
	X(PQdb) \
	X(PQstatus) \
	X(PQresStatus) \
	X(PQresultStatus) \
	X(PQresultErrorField) \
	X(PQntuples) \
	X(PQcmdTuples) \
	X(PQparameterStatus) \
	X(PQhostaddr) /* from here on may be missing */ \
	X(PQpipelineStatus)

enum pq_call {
#define X(call) CALL_##call,
	PQ_CALLS(X) N_PQ_CALLS
#undef X
};

extern struct real libpq_real[N_PQ_CALLS];

#define PQ_REAL(call) ((__typeof__(call) *)real_of(&libpq_real[CALL_##call]))

extern struct watch libpq_watch;

/* What is prepared, by its name. */
struct statement {
	struct pool_item item;
	struct statement *next;
	uint64_t key; /* of the name */
	struct sql sql;
};

struct call {
	struct pool_item item;
	struct call *next;
	struct database_call call;
	int64_t rows;
	uint64_t prepares; /* the key of a statement, gone again if this fails; 0: none */
	const char *error; /* a name that stays, or `status` */
	bool answered, copies;
	char status[6];
};

struct connection {
	struct pool_item item;
	struct call *first, *last;    /* calls whose results are to come */
	struct statement *statements; /* the last used first */
	struct commented *commented;  /* the text for the call that is made now */
	unsigned n_statements;
	bool inside, known, adrift;
	bool pipelines; /* the library has them */
	struct database_server server;
	struct database_connection counted;
	struct sql sql; /* the statement that begins */
};

struct connection *libpq_enter(PGconn *conn, const void *caller);
struct connection *libpq_known(PGconn *conn, const void *caller); /* never new; also when off */
void libpq_leave(struct connection *c);

/* A call begins: any of these may return NULL, which the others take. */
struct call *libpq_text(struct connection *c, PGconn *conn, const char *query);
struct call *libpq_prepare(struct connection *c, PGconn *conn, const char *query);
struct call *libpq_run(struct connection *c, PGconn *conn, const char *name);
struct call *libpq_other(struct connection *c, PGconn *conn, struct str operation);

/* The text that was read last is a statement's by this name; false: no room. */
void libpq_remember(struct connection *c, const char *name);
uint64_t libpq_key(const char *name);

/* What the program was given for it; these leave the connection. */
PGresult *libpq_answered(struct connection *c, struct call *q, PGconn *conn, PGresult *result);
int libpq_sent(struct connection *c, struct call *q, PGconn *conn, int ok);
void libpq_got(struct connection *c, PGresult *result);

void libpq_forget(struct connection *c); /* everything under way, and the statements */
struct connection *libpq_remove(PGconn *conn);
void libpq_free(struct connection *c);
