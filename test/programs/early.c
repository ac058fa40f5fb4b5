/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watched functions before main, from a priority constructor, and after it, from a destructor; in
 * between from threads with the smallest stacks that there are, with errno checked around.
 */
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	(void)cls, (void)c, (void)url, (void)method, (void)version, (void)upload, (void)upload_n;
	(void)state;
	return MHD_NO;
}

static void all(const char *when)
{
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
						handle, NULL, MHD_OPTION_END);
	CURL *c = curl_easy_init();
	sqlite3 *db = NULL;
	int r, s;

	curl_easy_setopt(c, CURLOPT_URL, "http://127.0.0.1:1/");
	r = (int)curl_easy_perform(c);
	curl_easy_cleanup(c);
	s = sqlite3_open(":memory:", &db) || sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL);
	sqlite3_close(db);
	printf("%s: %d %d %d\n", when, d != NULL, r, s);
	if (d)
		MHD_stop_daemon(d);
}

__attribute__((constructor(101))) static void before(void)
{
	all("before");
}

__attribute__((destructor(101))) static void after(void)
{
	all("after");
}

static void *statement(void *arg)
{
	sqlite3_stmt *s;

	sqlite3_prepare_v2(arg, "SELECT 1", -1, &s, NULL);
	errno = 4711;
	if (sqlite3_step(s) != SQLITE_ROW || sqlite3_step(s) != SQLITE_DONE || errno != 4711)
		abort();
	sqlite3_finalize(s);
	return NULL;
}

int main(void)
{
	pthread_attr_t small;
	pthread_t thread;
	sqlite3 *db;

	all("main");
	if (sqlite3_open(":memory:", &db))
		return 1;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
	for (int i = 0; i < 100; i++) {
		if (pthread_create(&thread, &small, statement, db))
			return 2;
		pthread_join(thread, NULL);
	}
	sqlite3_close(db);
	return 0;
}
