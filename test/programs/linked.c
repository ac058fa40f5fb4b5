/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is linked with the agent, which it switches on and off itself. Each statement's text
 * says when it ran, but for the many at the end, which are traffic.
 */
#include <oriel-agent.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void run(const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) || sqlite3_exec(db, sql, NULL, NULL, NULL))
		abort();
	sqlite3_close(db);
}

static atomic_bool stop;

static void *traffic(void *arg)
{
	while (!stop)
		run("SELECT 1 AS traffic");
	return arg;
}

static void under_traffic(void)
{
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, traffic, NULL))
			abort();
	for (int i = 0; i < 1000; i++) {
		oriel_instrument(i % 2 ? NULL : "sqlite");
		oriel_uninstrument(i % 3 ? "sqlite" : NULL);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

int main(void)
{
	run("SELECT 1 AS said_before");
	errno = 4711;
	printf("%d\n", oriel_instrument(" nobody , SQLite3"));
	printf("%d\n", oriel_instrument("sqlite"));
	run("SELECT 1 AS said_one");
	oriel_uninstrument("libcurl");
	run("SELECT 1 AS said_two");
	oriel_uninstrument("sqlite");
	oriel_uninstrument("sqlite");
	run("SELECT 1 AS said_off");
	printf("%d\n", oriel_instrument(NULL));
	run("SELECT 1 AS said_three");
	oriel_uninstrument(NULL);
	run("SELECT 1 AS said_off");
	printf("%d\n", errno == 4711);
	under_traffic();
	return 0;
}
