/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows of a libmariadb connection and of its prepared statements. The hooks are in
 * agent/libraries/libmariadb.c and libmariadb-statement.c.
 *
 *     c = maria_enter(mysql, caller)       NULL: pass the call through
 *     maria_text(c, text, n)               a run begins
 *     maria_header(c, failed)              the server has answered: it ends, or has rows to come
 *     maria_part(c, rows)                  a result is over: it ends, or there is another one
 *     maria_leave(c)
 *
 * One thread at a time uses a connection; libmariadb asks that of programs.
 */
#pragma once

#include <mysql.h>
#include <stdbool.h>

#include "agent/agent.h"
#include "agent/real.h"
#include "agent/database/sqlcommenter.h"
#include "agent/database/statement.h"

#define MARIA_BOTH(X, call) \
	X(call) \
	X(call##_start) \
	X(call##_cont)

#define MARIA_CALLS(X) \
	X(mariadb_get_info) \
	X(mysql_errno) \
	X(mysql_field_count) \
	X(mysql_more_results) \
	X(mysql_num_rows) \
	X(mysql_stmt_errno) \
	X(mysql_stmt_field_count) \
	X(mysql_stmt_more_results) \
	X(mysql_stmt_num_rows) \
	X(mysql_stmt_attr_get) \
	X(mysql_use_result) \
	X(mysql_stmt_init) \
	X(mariadb_stmt_execute_direct) \
	MARIA_BOTH(X, mysql_query) \
	MARIA_BOTH(X, mysql_real_query) \
	MARIA_BOTH(X, mysql_send_query) \
	MARIA_BOTH(X, mysql_read_query_result) \
	MARIA_BOTH(X, mysql_store_result) \
	MARIA_BOTH(X, mysql_next_result) \
	MARIA_BOTH(X, mysql_free_result) \
	MARIA_BOTH(X, mysql_close) \
	MARIA_BOTH(X, mysql_stmt_prepare) \
	MARIA_BOTH(X, mysql_stmt_execute) \
	MARIA_BOTH(X, mysql_stmt_store_result) \
	MARIA_BOTH(X, mysql_stmt_fetch) \
	MARIA_BOTH(X, mysql_stmt_next_result) \
	MARIA_BOTH(X, mysql_stmt_free_result) \
	MARIA_BOTH(X, mysql_stmt_reset) \
	MARIA_BOTH(X, mysql_stmt_close)

enum maria_call {
#define X(call) CALL_##call,
	MARIA_CALLS(X) N_MARIA_CALLS
#undef X
};

extern struct real maria_real[N_MARIA_CALLS];

#define MARIA_REAL(call) ((__typeof__(call) *)real_of(&maria_real[CALL_##call]))

extern struct watch maria_watch;

/* One span, of a text or of a prepared statement. */
struct run {
	bool on;
	int64_t rows;
	struct database_call call;
};

struct prepared;

struct connection {
	struct pool_item item;
	MYSQL *mysql;
	bool inside;
	const char *system;
	struct run run;
	MYSQL_RES *result;	     /* whose rows the program fetches */
	struct commented *commented; /* the text that is sent now */
	struct prepared *prepared;   /* all of this connection's */
	struct database_server server;
	struct database_connection counted;
	struct sql sql;
};

struct prepared {
	struct pool_item item;
	struct prepared *next;
	struct connection *connection; /* NULL: closed before this one */
	MYSQL_STMT *statement;
	bool known; /* what it is: the server took the text */
	struct run run;
	struct sql sql;
};

struct connection *maria_enter(MYSQL *mysql, const void *caller);
struct connection *maria_known(MYSQL *mysql, const void *caller); /* never new; also when off */
void maria_leave(struct connection *c);

void maria_text(struct connection *c, const char *text, unsigned long n);
const char *maria_said(const struct connection *c, const char *text);
unsigned long maria_said_n(const struct connection *c, unsigned long n);

/* What the library returned; these are all right when no run is on. */
void maria_header(struct connection *c, int failed);
void maria_sent(struct connection *c, int failed);
void maria_next(struct connection *c, int r);
void maria_stored(struct connection *c, MYSQL_RES *result);
void maria_used(struct connection *c, MYSQL_RES *result);
void maria_part(struct connection *c, int64_t rows);

/* A result whose rows are fetched is to be freed: whose it is and how many came. Or NULL. */
struct connection *maria_result_begin_free(MYSQL_RES *result, int64_t *rows);
void maria_result_freed(struct connection *c, int64_t rows);

void maria_closed(MYSQL *mysql);

/* ---- prepared statements: their connection is entered and left --------------------------------------- */

void maria_statement_new(struct connection *c, MYSQL_STMT *statement);
struct prepared *maria_statement_enter(MYSQL_STMT *statement, const void *caller);
struct prepared *maria_statement_known(MYSQL_STMT *statement, const void *caller);
void maria_statement_leave(struct prepared *p);

void maria_prepare(struct prepared *p, const char *text, unsigned long n);
void maria_prepared(struct prepared *p, int failed);
void maria_execute(struct prepared *p);
void maria_execute_direct(struct prepared *p, const char *text, unsigned long n);
void maria_executed(struct prepared *p, int failed);
void maria_statement_stored(struct prepared *p, int failed);
void maria_statement_fetched(struct prepared *p, int r);
void maria_statement_next(struct prepared *p, int r);
void maria_statement_over(struct prepared *p);
void maria_statement_closed(MYSQL_STMT *statement);
