/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmariadb, texts: a client span for each, from its sending to the end of its results
 * (agent/libraries/libmariadb-calls.c); blocking, sent and read in two calls, and by the _start and _cont
 * pairs, which say with 0 that they are over. What mysql_commit and its like send, by functions of
 * their own library, is seen as the text that it is.
 *
 * The names are exported without a version: Debian's library has them as libmysqlclient_18,
 * libmariadbclient_18 and libmariadb_3, all the same functions, and this satisfies each.
 */
#include "agent/libraries/libmariadb.h"

#define CALLER __builtin_return_address(0)

/* The connection that is watched as `c`, or the real call. */
#define PASS_UNLESS_WATCHED(call, none, ...) \
	struct connection *c; \
\
	if (!MARIA_REAL(call)) \
		return none; \
	c = maria_enter(mysql, CALLER); \
	if (!c) \
	return MARIA_REAL(call)(__VA_ARGS__)

/* The rest of a call that had to wait. */
#define CONTINUED(call, type, over) \
	HOOK int call##_cont(type *ret, MYSQL *mysql, int status) \
	{ \
		struct connection *c; \
		int waits; \
\
		if (!MARIA_REAL(call##_cont)) \
			return 0; \
		c = maria_known(mysql, CALLER); \
		waits = MARIA_REAL(call##_cont)(ret, mysql, status); \
		if (c && !waits) \
			over(c, *ret); \
		if (c) \
			maria_leave(c); \
		return waits; \
	}

/* A call without arguments that goes on with what was begun, in all three forms. */
#define GOES_ON(call, type, none, over) \
	HOOK type call(MYSQL *mysql) \
	{ \
		struct connection *c; \
		type r; \
\
		if (!MARIA_REAL(call)) \
			return none; \
		c = maria_known(mysql, CALLER); \
		r = MARIA_REAL(call)(mysql); \
		if (c) { \
			over(c, r); \
			maria_leave(c); \
		} \
		return r; \
	}

#define GOES_ON_OR_WAITS(call, type, none, over) \
	GOES_ON(call, type, none, over) \
	HOOK int call##_start(type *ret, MYSQL *mysql) \
	{ \
		struct connection *c; \
		int waits; \
\
		if (!MARIA_REAL(call##_start)) \
			return 0; \
		c = maria_known(mysql, CALLER); \
		waits = MARIA_REAL(call##_start)(ret, mysql); \
		if (c && !waits) \
			over(c, *ret); \
		if (c) \
			maria_leave(c); \
		return waits; \
	} \
	CONTINUED(call, type, over)

/* ---- a text is sent --------------------------------------------------------------------------------- */

#define TEXT(call, over) \
	HOOK int call(MYSQL *mysql, const char *text, unsigned long n) \
	{ \
		int r; \
		PASS_UNLESS_WATCHED(call, 1, mysql, text, n); \
\
		maria_text(c, text, n); \
		r = MARIA_REAL(call)(mysql, maria_said(c, text), maria_said_n(c, n)); \
		over(c, r); \
		maria_leave(c); \
		return r; \
	} \
	HOOK int call##_start(int *ret, MYSQL *mysql, const char *text, unsigned long n) \
	{ \
		int waits; \
		PASS_UNLESS_WATCHED(call##_start, 0, ret, mysql, text, n); \
\
		maria_text(c, text, n); \
		waits = MARIA_REAL(call##_start)(ret, mysql, maria_said(c, text), \
						 maria_said_n(c, n)); \
		if (!waits) \
			over(c, *ret); \
		maria_leave(c); \
		return waits; \
	} \
	CONTINUED(call, int, over)

TEXT(mysql_real_query, maria_header)
TEXT(mysql_send_query, maria_sent)

HOOK int mysql_query(MYSQL *mysql, const char *text)
{
	int r;
	PASS_UNLESS_WATCHED(mysql_query, 1, mysql, text);

	maria_text(c, text, (unsigned long)-1);
	r = MARIA_REAL(mysql_query)(mysql, maria_said(c, text));
	maria_header(c, r);
	maria_leave(c);
	return r;
}

HOOK int mysql_query_start(int *ret, MYSQL *mysql, const char *text)
{
	int waits;
	PASS_UNLESS_WATCHED(mysql_query_start, 0, ret, mysql, text);

	maria_text(c, text, (unsigned long)-1);
	waits = MARIA_REAL(mysql_query_start)(ret, mysql, maria_said(c, text));
	if (!waits)
		maria_header(c, *ret);
	maria_leave(c);
	return waits;
}

CONTINUED(mysql_query, int, maria_header)

/* ---- its results ------------------------------------------------------------------------------------ */

typedef MYSQL_RES *result_pointer;

GOES_ON_OR_WAITS(mysql_read_query_result, my_bool, 1, maria_header)
GOES_ON_OR_WAITS(mysql_next_result, int, 1, maria_next)
GOES_ON_OR_WAITS(mysql_store_result, result_pointer, NULL, maria_stored)
GOES_ON(mysql_use_result, result_pointer, NULL, maria_used)

HOOK void mysql_free_result(MYSQL_RES *result)
{
	struct connection *c;
	int64_t rows = 0;

	if (!MARIA_REAL(mysql_free_result))
		return;
	c = maria_result_begin_free(result, &rows);
	MARIA_REAL(mysql_free_result)(result);
	maria_result_freed(c, rows);
}

/* The rows that nobody wanted may have to be waited for; the span doesn't. */
HOOK int mysql_free_result_start(MYSQL_RES *result)
{
	struct connection *c;
	int64_t rows = 0;
	int waits;

	if (!MARIA_REAL(mysql_free_result_start))
		return 0;
	c = maria_result_begin_free(result, &rows);
	waits = MARIA_REAL(mysql_free_result_start)(result);
	maria_result_freed(c, rows);
	return waits;
}

/* ---- the end of a connection ------------------------------------------------------------------------ */

/* Forgotten first: another thread may be given the same address at once. */
HOOK void mysql_close(MYSQL *mysql)
{
	maria_closed(mysql);
	if (MARIA_REAL(mysql_close))
		MARIA_REAL(mysql_close)(mysql);
}

HOOK int mysql_close_start(MYSQL *mysql)
{
	maria_closed(mysql);
	return MARIA_REAL(mysql_close_start) ? MARIA_REAL(mysql_close_start)(mysql) : 0;
}
