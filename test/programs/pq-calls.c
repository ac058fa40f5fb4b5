/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL by libpq, in every way that it can be asked. Takes what to do and a connection string;
 * prints what the server answered.
 *
 *     pq-calls sync|prepared|async|pipeline|rows|copy|lost|commented|pool CONNINFO [stay]
 *
 * stay: until the standard input ends.
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oriel.h"

static const char *conninfo;

static void show(const PGresult *r)
{
	const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

	if (!r) {
		puts("NULL");
		return;
	}
	printf("%s %s%s", PQresStatus(PQresultStatus(r)), PQcmdStatus((PGresult *)(size_t)r),
	       state ? state : "");
	for (int i = 0; i < PQntuples(r); i++)
		for (int k = 0; k < PQnfields(r); k++)
			printf(" %s=%s", PQfname(r, k), PQgetvalue(r, i, k));
	putchar('\n');
}

static void done(PGresult *r)
{
	show(r);
	PQclear(r);
}

static PGconn *opened(void)
{
	PGconn *c = PQconnectdb(conninfo);

	if (PQstatus(c) != CONNECTION_OK) {
		fputs(PQerrorMessage(c), stderr);
		exit(1);
	}
	return c;
}

static PGconn *opened_slowly(void)
{
	PGconn *c = PQconnectStart(conninfo);
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
		struct pollfd p = { PQsocket(c), want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
				    0 };

		poll(&p, 1, 10000);
		want = PQconnectPoll(c);
	}
	return c;
}

static void sync_calls(void)
{
	static const char *const values[] = { "3", "secret" };
	PGconn *c = opened();
	Oid function;
	int out = 0, length = 0;
	PQArgBlock argument = { .isint = 1, .len = 4, .u.integer = -7 };

	done(PQexec(c, "CREATE TEMP TABLE orders(id int PRIMARY KEY, name text)"));
	done(PQexec(c, "INSERT INTO orders VALUES (1, 'secret'), (2, $$secret$$)"));
	done(PQexec(c, "SELECT id FROM orders WHERE name = E'secret' -- secret"));
	done(PQexecParams(c, "INSERT INTO orders VALUES ($1, $2)", 2, NULL, values, NULL, NULL, 0));
	done(PQexec(c, "SELECT 1/0 FROM orders"));
	done(PQexec(c, "INSERT INTO orders VALUES (1, 'secret')"));
	done(PQexec(c, "BEGIN; UPDATE orders SET name = 'secret'; COMMIT"));
	done(PQexec(c, ""));
	done(PQexec(c, "SELECT 'abs(int)'::regprocedure::oid"));
	{
		PGresult *r = PQexec(c, "SELECT 'abs(int)'::regprocedure::oid::text AS o");

		function = (Oid)atol(PQgetvalue(r, 0, 0));
		PQclear(r);
	}
	done(PQfn(c, (int)function, &out, &length, 1, &argument, 1));
	printf("%d\n", out);
	done(PQexec(c, "CREATE PROCEDURE pg_temp.nothing(a text) LANGUAGE sql AS 'SELECT 1'"));
	done(PQexec(c, "CALL pg_temp.nothing('secret')"));
	done(PQexec(c, "SET standard_conforming_strings = off; SET escape_string_warning = off"));
	done(PQexec(c, "SELECT 'it\\'s secret' AS t"));
	PQreset(c);
	done(PQexec(c, "SELECT count(*) FROM orders"));
	PQfinish(c);
	PQfinish(NULL);
}

static void prepared_calls(void)
{
	static const char *const one[] = { "1" };
	PGconn *c = opened();

	done(PQprepare(c, "get", "SELECT $1::int AS n FROM pg_class WHERE relname = 'pg_class'", 1,
		       NULL));
	done(PQdescribePrepared(c, "get"));
	for (int i = 0; i < 3; i++)
		done(PQexecPrepared(c, "get", 1, one, NULL, NULL, 0));
	done(PQprepare(c, "get", "SELECT 'other'", 0, NULL)); /* is taken: the first one stays */
	done(PQexecPrepared(c, "get", 1, one, NULL, NULL, 0));
	done(PQexecPrepared(c, "none", 1, one, NULL, NULL, 0));
	for (int i = 0; i < 300; i++) { /* more than are remembered */
		char name[16], text[64];

		snprintf(name, sizeof(name), "s%d", i);
		snprintf(text, sizeof(text), "SELECT %d", i);
		PQclear(PQprepare(c, name, text, 0, NULL));
	}
	done(PQexecPrepared(c, "s299", 0, NULL, NULL, NULL, 0));
	done(PQexecPrepared(c, "s0", 0, NULL, NULL, NULL, 0));
	PQfinish(c);
}

/* Two connections at once, each in a context of its own; the second one answers first. */
static void async_calls(void)
{
	PGconn *c[2] = { opened(), opened_slowly() };
	static const char *const query[2] = { "SELECT pg_sleep(0.3), 'slow' AS a",
					      "SELECT 'quick' AS b" };

	for (int i = 0; i < 2; i++)
		ORIEL_SPAN (i ? "second" : "first")
			printf("%d\n", PQsendQuery(c[i], query[i]));
	for (int i = 1; i >= 0; i--) {
		for (PGresult *r; (r = PQgetResult(c[i]));)
			done(r);
	}
	printf("%d\n", PQsendQuery(c[0], "SELECT 1; SELECT 2; SELECT 1/0"));
	printf("%d\n", PQsendQuery(c[0], "SELECT 'too early'"));
	for (PGresult *r; (r = PQgetResult(c[0]));)
		done(r);
	printf("%d\n", PQsendQuery(c[0], "SELECT 'thrown away'"));
	done(PQexec(c[0], "SELECT 'kept' AS k"));
	printf("%d\n", PQsendQuery(c[0], "SELECT pg_sleep(0)"));
	PQfinish(c[0]);
	PQfinish(c[1]);
}

static void pipeline_part(PGconn *c, int n)
{
	PGresult *r;

	for (int nulls = 0; nulls < n;) {
		r = PQgetResult(c);
		done(r);
		nulls = r ? 0 : nulls + 1;
		if (r && PQresultStatus(r) == PGRES_PIPELINE_SYNC)
			break;
	}
}

static void pipeline_calls(void)
{
	static const char *const one[] = { "1" };
	PGconn *c = opened();

	done(PQexec(c, "CREATE TEMP TABLE lines(id int PRIMARY KEY)"));
	PQenterPipelineMode(c);
	PQsendPrepare(c, "add", "INSERT INTO lines VALUES ($1)", 1, NULL);
	PQsendQueryPrepared(c, "add", 1, one, NULL, NULL, 0);
	PQsendQueryParams(c, "SELECT id FROM lines", 0, NULL, NULL, NULL, NULL, 0);
	PQsendDescribePrepared(c, "add");
	PQpipelineSync(c);
	PQsendQueryPrepared(c, "add", 1, one, NULL, NULL, 0);
	PQsendQueryParams(c, "SELECT 'aborted'", 0, NULL, NULL, NULL, NULL, 0);
	PQpipelineSync(c);
	pipeline_part(c, 2);
	pipeline_part(c, 2);
	PQsendQueryParams(c, "SELECT 'flushed'", 0, NULL, NULL, NULL, NULL, 0);
	PQsendFlushRequest(c);
	done(PQexec(c, "SELECT 'not in a pipeline'"));
	pipeline_part(c, 1);
	PQpipelineSync(c);
	pipeline_part(c, 2);
	printf("%d\n", PQexitPipelineMode(c));
	done(PQexec(c, "SELECT 'after'"));
	PQfinish(c);
}

static void row_calls(void)
{
	PGconn *c = opened();

	PQsendQuery(c, "SELECT generate_series(1, 5) AS n");
	PQsetSingleRowMode(c);
	for (PGresult *r; (r = PQgetResult(c));)
		done(r);
	PQsendQuery(c, "SELECT 10 / (3 - n) AS n FROM generate_series(1, 5) AS n");
	PQsetSingleRowMode(c);
	for (PGresult *r; (r = PQgetResult(c));)
		done(r);
	PQfinish(c);
}

static void copy_calls(void)
{
	PGconn *c = opened();
	char *line = NULL;
	int n;

	done(PQexec(c, "CREATE TEMP TABLE lines(a int, b text)"));
	done(PQexec(c, "COPY lines FROM STDIN"));
	PQputCopyData(c, "1\tone\n2\ttwo\n", 12);
	printf("%d\n", PQputCopyEnd(c, NULL));
	for (PGresult *r; (r = PQgetResult(c));)
		done(r);
	PQsendQuery(c, "COPY lines TO STDOUT");
	done(PQgetResult(c));
	while ((n = PQgetCopyData(c, &line, 0)) > 0) {
		printf("%.*s", n, line);
		PQfreemem(line);
	}
	for (PGresult *r; (r = PQgetResult(c));)
		done(r);
	done(PQexec(c, "COPY lines FROM STDIN"));
	PQputCopyData(c, "x\n", 2);
	printf("%d\n", PQputCopyEnd(c, NULL));
	for (PGresult *r; (r = PQgetResult(c));)
		done(r);
	PQfinish(c);
}

static void lost_calls(void)
{
	PGconn *c = opened();

	done(PQexec(c, "SELECT pg_terminate_backend(pg_backend_pid())"));
	done(PQexec(c, "SELECT 'gone'"));
	printf("%d\n", PQsendQuery(c, "SELECT 'gone too'"));
	PQreset(c);
	done(PQexec(c, "SELECT 'back' AS b"));
	PQfinish(c);
	conninfo = "host=/nowhere";
	c = PQconnectdb(conninfo);
	printf("%d\n", PQstatus(c));
	done(PQexec(c, "SELECT 'never'"));
	PQfinish(c);
}

/* What the server sees of each text. */
static void commented_calls(void)
{
	PGconn *c = opened();

	ORIEL_SPAN ("commented") {
		done(PQexec(c, "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();"));
		done(PQexec(
			c,
			"SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() -- own"));
		done(PQexecParams(c,
				  "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()",
				  0, NULL, NULL, NULL, NULL, 0));
		done(PQprepare(c, "p",
			       "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()", 0,
			       NULL));
		done(PQexecPrepared(c, "p", 0, NULL, NULL, NULL, 0));
		done(PQexec(c, "SHOW application_name"));
		done(PQexec(
			c,
			"SELECT 1; SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"));
	}
	PQfinish(c);
}

/* In the end two have nothing to do, and one has two answers to come. */
static void pool_calls(void)
{
	PGconn *c[4];

	for (int i = 0; i < 4; i++) {
		c[i] = opened();
		done(PQexec(c[i], "SELECT 1"));
	}
	PQenterPipelineMode(c[0]);
	PQsendQueryParams(c[0], "SELECT 2", 0, NULL, NULL, NULL, NULL, 0);
	PQsendQueryParams(c[0], "SELECT 3", 0, NULL, NULL, NULL, NULL, 0);
	PQfinish(c[1]);
	PQreset(c[2]);
	done(PQexec(c[2], "SELECT 4"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} runs[] = {
		{ "sync", sync_calls },	  { "prepared", prepared_calls },
		{ "async", async_calls }, { "pipeline", pipeline_calls },
		{ "rows", row_calls },	  { "copy", copy_calls },
		{ "lost", lost_calls },	  { "commented", commented_calls },
		{ "pool", pool_calls },
	};

	if (argc < 3)
		return 2;
	oriel_start(NULL);
	conninfo = argv[2];
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (!strcmp(argv[1], runs[i].name))
			runs[i].run();
	fflush(stdout);
	while (argc > 3 && getchar() != EOF)
		;
	return 0;
}
