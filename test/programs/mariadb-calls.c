/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MariaDB by libmariadb, in every way that it can be asked. Takes what to do and where the server
 * is: a socket's path, or a port of 127.0.0.1; prints what it answered.
 *
 *     mariadb-calls sync|rows|several|prepared|waiting|lost|commented WHERE [stay]
 *
 * stay: until the standard input ends.
 */
#include <mysql.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oriel.h"

static const char *where;

/* The same function by its third version; programs get libmysqlclient_18 or libmariadb_3. */
int mysql_query_by_old_name(MYSQL *m, const char *text);
__asm__(".symver mysql_query_by_old_name,mysql_query@libmariadbclient_18");

static MYSQL *opened(const char *schema, unsigned long flags)
{
	MYSQL *m = mysql_init(NULL);
	bool path = where[0] == '/';

	if (!mysql_real_connect(m, path ? NULL : "127.0.0.1", "root", "", schema,
				path ? 0 : (unsigned)atoi(where), path ? where : NULL, flags)) {
		fprintf(stderr, "%s\n", mysql_error(m));
		exit(1);
	}
	return m;
}

static void show_error(MYSQL *m)
{
	printf("error %u %s %s\n", mysql_errno(m), mysql_sqlstate(m), mysql_error(m));
}

static void show_rows(MYSQL_RES *result, int most)
{
	MYSQL_ROW row;

	while (most-- && (row = mysql_fetch_row(result)))
		for (unsigned i = 0; i < mysql_num_fields(result); i++)
			printf("%s%s", row[i] ? row[i] : "NULL",
			       i + 1 < mysql_num_fields(result) ? " " : "\n");
}

static void show(MYSQL *m)
{
	MYSQL_RES *result = mysql_store_result(m);

	if (result) {
		show_rows(result, -1);
		mysql_free_result(result);
	} else if (mysql_errno(m)) {
		show_error(m);
	} else {
		printf("affected %llu\n", (unsigned long long)mysql_affected_rows(m));
	}
}

static void query(MYSQL *m, const char *text)
{
	if (mysql_query(m, text))
		show_error(m);
	else
		show(m);
}

static void sync_calls(void)
{
	static const char text[] = "SELECT id FROM `orders` WHERE name = \"secret\" # secret";
	MYSQL *m = opened(NULL, 0);

	query(m, "SET @a = 'secret'");
	printf("%d\n", mysql_select_db(m, "shop"));
	query(m, "CREATE TEMPORARY TABLE orders(id INT PRIMARY KEY, name TEXT)");
	query(m, "INSERT INTO orders VALUES (1, 'secret'), (2, \"secret\")");
	printf("%d\n", mysql_real_query(m, text, sizeof(text) - 1));
	show(m);
	query(m, "INSERT INTO orders VALUES (1, 'secret')");
	query(m, "SELECT secret FROM orders");
	query(m, "USE mysql");
	printf("%d\n", mysql_ping(m));
	printf("%d\n", mysql_autocommit(m, 0));
	printf("%d\n", mysql_commit(m));
	printf("%d\n", mysql_set_character_set(m, "utf8mb4"));
	printf("%d\n", mysql_send_query(m, "SELECT 'sent'", 13));
	printf("%d\n", mysql_read_query_result(m));
	show(m);
	printf("%d\n", mysql_change_user(m, "root", "", "shop"));
	query(m, "SELECT DATABASE()");
	query(m, "SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
	query(m, "SELECT 'back\\', 'secret'");
	printf("%d\n", mysql_query_by_old_name(m, "SELECT 'old'"));
	show(m);
	mysql_close(m);
}

static void row_calls(void)
{
	MYSQL *m = opened("mysql", 0);
	MYSQL_RES *result;

	query(m, "SELECT seq FROM seq_1_to_5");
	printf("%d\n", mysql_query(m, "SELECT seq FROM seq_1_to_100"));
	result = mysql_use_result(m);
	show_rows(result, -1);
	mysql_free_result(result);
	printf("%d\n", mysql_query(m, "SELECT seq FROM seq_1_to_100"));
	result = mysql_use_result(m);
	show_rows(result, 3);
	mysql_free_result(result);
	printf("%d\n", mysql_query(m, "SELECT 'never read'"));
	query(m, "SELECT 'too early'");
	mysql_close(m);
}

static void several_calls(void)
{
	MYSQL *m = opened("mysql", CLIENT_MULTI_STATEMENTS);
	int r;

	r = mysql_query(m, "SELECT 'a' UNION SELECT 'b'; DO 1; SELECT 'c'");
	for (printf("%d\n", r); !r; r = mysql_next_result(m))
		show(m);
	printf("%d\n", r);
	r = mysql_query(m, "SELECT 'a'; SELECT nothing; SELECT 'c'");
	for (printf("%d\n", r); !r; r = mysql_next_result(m))
		show(m);
	printf("%d\n", r);
	show_error(m);
	query(m, "CREATE OR REPLACE PROCEDURE two(n INT) BEGIN SELECT n; SELECT n + 1; END");
	r = mysql_query(m, "CALL two(41)");
	for (printf("%d\n", r); !r; r = mysql_next_result(m))
		show(m);
	printf("%d\n", r);
	query(m, "DROP PROCEDURE two");
	mysql_close(m);
}

static void fetch(MYSQL_STMT *s, int *value)
{
	int r;

	while (!(r = mysql_stmt_fetch(s)))
		printf("%d\n", *value);
	printf("end %d\n", r);
}

static void prepared_calls(void)
{
	static const char text[] = "SELECT seq FROM seq_1_to_3 WHERE seq > ? AND 'secret' <> ''";
	static const char bad[] = "SELECT nothing FROM seq_1_to_3";
	static const char insert[] = "INSERT INTO items VALUES (?)";
	MYSQL *m = opened("mysql", 0);
	MYSQL_STMT *s = mysql_stmt_init(m);
	int values[] = { 1, 2, 1 }, value;
	unsigned n = 3;
	MYSQL_BIND in = { .buffer_type = MYSQL_TYPE_LONG, .buffer = values };
	MYSQL_BIND out = { .buffer_type = MYSQL_TYPE_LONG, .buffer = &value };

	printf("%d\n", mysql_stmt_prepare(s, text, sizeof(text) - 1));
	mysql_stmt_bind_param(s, &in);
	for (int stored = 0; stored < 2; stored++) {
		printf("%d\n", mysql_stmt_execute(s));
		mysql_stmt_bind_result(s, &out);
		if (stored)
			printf("%d\n", mysql_stmt_store_result(s));
		fetch(s, &value);
		mysql_stmt_free_result(s);
	}
	printf("%d\n", mysql_stmt_execute(s));
	printf("%d\n", mysql_stmt_reset(s));
	printf("%d\n", mysql_stmt_prepare(s, bad, sizeof(bad) - 1));
	printf("%u\n", mysql_stmt_errno(s));
	printf("%d\n", mysql_stmt_close(s));

	query(m, "CREATE TEMPORARY TABLE items(id INT PRIMARY KEY)");
	s = mysql_stmt_init(m);
	printf("%d\n", mysql_stmt_prepare(s, insert, sizeof(insert) - 1));
	mysql_stmt_attr_set(s, STMT_ATTR_ARRAY_SIZE, &n);
	mysql_stmt_bind_param(s, &in);
	printf("%d\n", mysql_stmt_execute(s));
	printf("%u\n", mysql_stmt_errno(s));
	mysql_stmt_close(s);
	s = mysql_stmt_init(m);
	printf("%d\n", mariadb_stmt_execute_direct(s, "SELECT 7", 8));
	mysql_stmt_bind_result(s, &out);
	fetch(s, &value);
	mysql_close(m);
	printf("%d\n", mysql_stmt_execute(s));
	printf("%d\n", mysql_stmt_close(s));
}

static int wait_for(MYSQL *m, int what)
{
	struct pollfd p = { mysql_get_socket(m),
			    (short)((what & MYSQL_WAIT_READ ? POLLIN : 0) |
				    (what & MYSQL_WAIT_WRITE ? POLLOUT : 0)),
			    0 };

	poll(&p, 1, 10000);
	return (p.revents & POLLIN ? MYSQL_WAIT_READ : 0) |
	       (p.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0);
}

#define WAIT(call, ret, on, m, ...) \
	for (int waits = call##_start(ret, on __VA_OPT__(, ) __VA_ARGS__); waits;) \
	waits = call##_cont(ret, on, wait_for(m, waits))

/* Two connections at once, each in a context of its own; then each call that can wait. */
static void waiting_calls(void)
{
	static const char *const text[2] = { "SELECT SLEEP(0.3), 'slow'", "SELECT 'quick'" };
	MYSQL *m[2], *made;
	MYSQL_RES *result;
	MYSQL_STMT *s;
	my_bool no;
	int r, what[2], value;
	MYSQL_BIND out = { .buffer_type = MYSQL_TYPE_LONG, .buffer = &value };

	for (int i = 0; i < 2; i++) {
		m[i] = mysql_init(NULL);
		mysql_options(m[i], MYSQL_OPT_NONBLOCK, 0);
		WAIT(mysql_real_connect, &made, m[i], m[i], where[0] == '/' ? NULL : "127.0.0.1",
		     "root", "", "mysql", where[0] == '/' ? 0 : (unsigned)atoi(where),
		     where[0] == '/' ? where : NULL, 0);
		printf("%d\n", made == m[i]);
	}
	for (int i = 0; i < 2; i++)
		ORIEL_SPAN (i ? "second" : "first")
			what[i] = mysql_real_query_start(&r, m[i], text[i], strlen(text[i]));
	for (int i = 1; i >= 0; i--) {
		while (what[i])
			what[i] = mysql_real_query_cont(&r, m[i], wait_for(m[i], what[i]));
		WAIT(mysql_store_result, &result, m[i], m[i]);
		show_rows(result, -1);
		mysql_free_result(result);
	}
	WAIT(mysql_query, &r, m[0], m[0], "SELECT nothing");
	printf("%d %u\n", r, mysql_errno(m[0]));
	WAIT(mysql_send_query, &r, m[0], m[0], "SELECT seq FROM seq_1_to_3", 26);
	WAIT(mysql_read_query_result, &no, m[0], m[0]);
	result = mysql_use_result(m[0]);
	show_rows(result, -1);
	for (int w = mysql_free_result_start(result); w;)
		w = mysql_free_result_cont(result, wait_for(m[0], w));
	WAIT(mysql_commit, &no, m[0], m[0]);
	s = mysql_stmt_init(m[0]);
	WAIT(mysql_stmt_prepare, &r, s, m[0], "SELECT seq FROM seq_1_to_2", 26);
	WAIT(mysql_stmt_execute, &r, s, m[0]);
	mysql_stmt_bind_result(s, &out);
	do {
		WAIT(mysql_stmt_fetch, &r, s, m[0]);
		printf("%d\n", r);
	} while (!r);
	WAIT(mysql_stmt_execute, &r, s, m[0]);
	WAIT(mysql_stmt_store_result, &r, s, m[0]);
	printf("%llu\n", (unsigned long long)mysql_stmt_num_rows(s));
	WAIT(mysql_stmt_close, &no, s, m[0]);
	for (int i = 0; i < 2; i++)
		for (int w = mysql_close_start(m[i]); w;)
			w = mysql_close_cont(m[i], wait_for(m[i], w));
}

static void lost_calls(void)
{
	MYSQL *m = opened("mysql", 0), *never = mysql_init(NULL);

	query(m, "KILL CONNECTION_ID()");
	wait_for(m, MYSQL_WAIT_READ);
	printf("%d\n", mysql_query(m, "SELECT 'gone'"));
	printf("%u\n", mysql_errno(m));
	mysql_close(m);
	printf("%d\n", mysql_query(never, "SELECT 'never'"));
	printf("%u\n", mysql_errno(never));
	mysql_close(never);
}

/* What the server sees of each text. */
static void commented_calls(void)
{
	static const char text[] =
		"SELECT info FROM information_schema.processlist WHERE id = CONNECTION_ID();";
	static const char own[] = "SELECT info /* own */ FROM information_schema.processlist "
				  "WHERE id = CONNECTION_ID()";
	MYSQL *m = opened("mysql", 0);
	int r, what;

	ORIEL_SPAN ("commented") {
		query(m, text);
		query(m, own);
		mysql_real_query(m, text, sizeof(text) - 1);
		show(m);
		query(m, "SHOW VARIABLES LIKE 'port_open_timeout'");
	}
	mysql_close(m);
	m = opened("mysql", 0);
	mysql_options(m, MYSQL_OPT_NONBLOCK, 0);
	ORIEL_SPAN ("commented later")
		what = mysql_query_start(&r, m, text);
	while (what)
		what = mysql_query_cont(&r, m, wait_for(m, what));
	show(m);
	mysql_close(m);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} runs[] = {
		{ "sync", sync_calls },		  { "rows", row_calls },
		{ "several", several_calls },	  { "prepared", prepared_calls },
		{ "waiting", waiting_calls },	  { "lost", lost_calls },
		{ "commented", commented_calls },
	};

	if (argc < 3)
		return 2;
	oriel_start(NULL);
	where = argv[2];
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (!strcmp(argv[1], runs[i].name))
			runs[i].run();
	fflush(stdout);
	while (argc > 3 && getchar() != EOF)
		;
	return 0;
}
