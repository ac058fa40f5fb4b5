/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Database: one call of a database client: span and db.client.operation.duration, by
 * OpenTelemetry's stable conventions for databases.
 *
 *     database_begin(&c, &(struct database_seen){ .system = "postgresql", .operation = ...,
 *                                                 .server = &server, .scope = SCOPE_LIBPQ });
 *     database_end(&c, &(struct database_outcome){ .rows = n });
 *
 * The struct is the watcher's from begin to end, which may be on different threads; the span is
 * never current (calls may overlap on one connection), but its parent is what is current at begin.
 */
#pragma once

#include <stdint.h>

#include "agent/database/slow.h"
#include "base/str.h"
#include "oriel.h"

enum { DATABASE_LABEL_MOST = 48, DATABASE_ADDRESS_MOST = 112 };

/* Where a connection goes; the watcher keeps one per connection. */
struct database_server {
	char address[DATABASE_ADDRESS_MOST]; /* host, or a socket's path; "": unknown */
	int port;			     /* 0: none */
	char name[64];			     /* db.namespace; "": unknown */
	char peer[48];			     /* network.peer.address; "": unknown */
};

/* Its peer, too, is unknown then. */
void database_server_set(struct database_server *s, const char *address, int port,
			 const char *name);

/*
 * A connection, counted in db.client.connection.count from opened to closed: used while a call is
 * under way on it, else idle. The connections of a process to one server and database are its pool,
 * whoever keeps them. The watcher's, as the connection is; {0} is not counted. In a forked child it
 * counts from its first call there.
 */
struct database_connection {
	struct database_pool *pool;
	unsigned generation, n_calls;
};

/* Opened twice is once; of an unknown server not at all. Calls end before it is closed. */
void database_opened(struct database_connection *c, const struct database_server *s);
void database_closed(struct database_connection *c);

struct database_call {
	struct oriel_span span;
	uint64_t begun;
	const char *system; /* static */
	const struct database_server *server;
	struct database_connection *connection;
	uint8_t operation_n, collection_n;
	char operation[DATABASE_LABEL_MOST], collection[DATABASE_LABEL_MOST];
	struct slow_text text;
};

struct database_seen {
	const char *system; /* db.system.name; static */
	struct str name;    /* of the span; empty: summary, else operation, else system */
	struct str operation, collection, summary, text; /* empty: unknown */
	bool values_out;      /* of the text: it has placeholders for them, and needs no look */
	struct str procedure; /* db.stored_procedure.name */
	int64_t batch;	      /* db.operation.batch.size when 2 or more */
	const struct database_server *server;	/* stays until the end; may be NULL */
	struct database_connection *connection; /* stays until the end; may be NULL */
	const struct oriel_context *parent;	/* NULL: the current one */
	uint8_t scope;
};

void database_begin(struct database_call *c, const struct database_seen *seen);

struct database_outcome {
	const char *error;   /* error.type: a code's name; borrowed. NULL: none */
	const char *status;  /* db.response.status_code; borrowed or NULL */
	const char *message; /* no literals or secrets in it; borrowed or NULL */
	int64_t rows;	     /* db.response.returned_rows; -1: unknown */
	unsigned missed;     /* look-ups that found nothing: counted in oriel.db.client.misses */
};

/* A second call does nothing. */
void database_end(struct database_call *c, const struct database_outcome *o);

/* Makes the instruments, once; from a hook that is not on the hot path. */
void database_ready(void);

/*
 * The first and the last of a connection's calls, by database.c; or a client taken out of the library's
 * own pool and put back, by a watcher whose calls name no connection. And the instrument: database.c's.
 */
void database_connection_used(struct database_connection *c);
void database_connection_idle(struct database_connection *c);
void database_connection_ready(void);
