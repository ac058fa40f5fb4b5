/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmariadb, prepared statements: a client span for each preparation and each execution, to the end
 * of its rows.
 */
#include "agent/libraries/libmariadb.h"

#define CALLER __builtin_return_address(0)

/* The statement that is watched as `p`, or the real call. */
#define PASS_UNLESS_WATCHED(call, none, ...) \
	struct prepared *p; \
\
	if (!MARIA_REAL(call)) \
		return none; \
	p = maria_statement_enter(statement, CALLER); \
	if (!p) \
	return MARIA_REAL(call)(__VA_ARGS__)

/* The rest of a call that had to wait. */
#define CONTINUED(call, type, over) \
	HOOK int call##_cont(type *ret, MYSQL_STMT *statement, int status) \
	{ \
		struct prepared *p; \
		int waits; \
\
		if (!MARIA_REAL(call##_cont)) \
			return 0; \
		p = maria_statement_known(statement, CALLER); \
		waits = MARIA_REAL(call##_cont)(ret, statement, status); \
		if (p && !waits) \
			over(p, *ret); \
		if (p) \
			maria_statement_leave(p); \
		return waits; \
	}

/* A call that goes on with what was begun, in all three forms; nothing to do when none was. */
#define GOES_ON(call, type, over) \
	HOOK type call(MYSQL_STMT *statement) \
	{ \
		struct prepared *p; \
		type r; \
\
		if (!MARIA_REAL(call)) \
			return 1; \
		p = maria_statement_known(statement, CALLER); \
		r = MARIA_REAL(call)(statement); \
		if (p) { \
			over(p, r); \
			maria_statement_leave(p); \
		} \
		return r; \
	} \
	HOOK int call##_start(type *ret, MYSQL_STMT *statement) \
	{ \
		struct prepared *p; \
		int waits; \
\
		if (!MARIA_REAL(call##_start)) \
			return 0; \
		p = maria_statement_known(statement, CALLER); \
		waits = MARIA_REAL(call##_start)(ret, statement); \
		if (p && !waits) \
			over(p, *ret); \
		if (p) \
			maria_statement_leave(p); \
		return waits; \
	} \
	CONTINUED(call, type, over)

static void over(struct prepared *p, my_bool r)
{
	(void)r;
	maria_statement_over(p);
}

HOOK MYSQL_STMT *mysql_stmt_init(MYSQL *mysql)
{
	struct connection *c;
	MYSQL_STMT *statement;

	if (!MARIA_REAL(mysql_stmt_init))
		return NULL;
	c = maria_enter(mysql, CALLER);
	statement = MARIA_REAL(mysql_stmt_init)(mysql);
	if (c && statement)
		maria_statement_new(c, statement);
	if (c)
		maria_leave(c);
	return statement;
}

HOOK int mysql_stmt_prepare(MYSQL_STMT *statement, const char *text, unsigned long n)
{
	int r;
	PASS_UNLESS_WATCHED(mysql_stmt_prepare, 1, statement, text, n);

	maria_prepare(p, text, n);
	r = MARIA_REAL(mysql_stmt_prepare)(statement, text, n);
	maria_prepared(p, r);
	maria_statement_leave(p);
	return r;
}

HOOK int mysql_stmt_prepare_start(int *ret, MYSQL_STMT *statement, const char *text,
				  unsigned long n)
{
	int waits;
	PASS_UNLESS_WATCHED(mysql_stmt_prepare_start, 0, ret, statement, text, n);

	maria_prepare(p, text, n);
	waits = MARIA_REAL(mysql_stmt_prepare_start)(ret, statement, text, n);
	if (!waits)
		maria_prepared(p, *ret);
	maria_statement_leave(p);
	return waits;
}

CONTINUED(mysql_stmt_prepare, int, maria_prepared)

HOOK int mysql_stmt_execute(MYSQL_STMT *statement)
{
	int r;
	PASS_UNLESS_WATCHED(mysql_stmt_execute, 1, statement);

	maria_execute(p);
	r = MARIA_REAL(mysql_stmt_execute)(statement);
	maria_executed(p, r);
	maria_statement_leave(p);
	return r;
}

HOOK int mysql_stmt_execute_start(int *ret, MYSQL_STMT *statement)
{
	int waits;
	PASS_UNLESS_WATCHED(mysql_stmt_execute_start, 0, ret, statement);

	maria_execute(p);
	waits = MARIA_REAL(mysql_stmt_execute_start)(ret, statement);
	if (!waits)
		maria_executed(p, *ret);
	maria_statement_leave(p);
	return waits;
}

CONTINUED(mysql_stmt_execute, int, maria_executed)

/* Prepared and run in one. */
HOOK int mariadb_stmt_execute_direct(MYSQL_STMT *statement, const char *text, size_t n)
{
	int r;
	PASS_UNLESS_WATCHED(mariadb_stmt_execute_direct, 1, statement, text, n);

	maria_execute_direct(p, text, n);
	r = MARIA_REAL(mariadb_stmt_execute_direct)(statement, text, n);
	maria_executed(p, r);
	maria_statement_leave(p);
	return r;
}

GOES_ON(mysql_stmt_store_result, int, maria_statement_stored)
GOES_ON(mysql_stmt_fetch, int, maria_statement_fetched)
GOES_ON(mysql_stmt_next_result, int, maria_statement_next)
GOES_ON(mysql_stmt_free_result, my_bool, over)
GOES_ON(mysql_stmt_reset, my_bool, over)

/* Forgotten first: another thread may be given the same address at once. */
HOOK my_bool mysql_stmt_close(MYSQL_STMT *statement)
{
	maria_statement_closed(statement);
	return MARIA_REAL(mysql_stmt_close) ? MARIA_REAL(mysql_stmt_close)(statement) : 1;
}

HOOK int mysql_stmt_close_start(my_bool *ret, MYSQL_STMT *statement)
{
	maria_statement_closed(statement);
	return MARIA_REAL(mysql_stmt_close_start)
		       ? MARIA_REAL(mysql_stmt_close_start)(ret, statement)
		       : 0;
}
