/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that uses all of libmicrohttpd that an agent could disturb: an array of options, its own
 * URI log and completion callbacks, suspended requests that another thread answers, an upgrade; and
 * calls another server and SQLite from its handler. Prints its port, serves until standard input
 * ends, then prints how many requests it saw begin and end.
 *
 *     /sql     a statement      /next?URL     fetches URL       /later    from another thread
 *     /upgrade 101              /hang         never answered    others    404
 */
#include <curl/curl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
	char uri[256];
	int calls;
	bool suspended;
};

static sqlite3 *db;
static struct MHD_Connection *_Atomic hanging;
static _Atomic int n_begun, n_completed, n_later;

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done = MHD_queue_response(c, status, r);

	MHD_destroy_response(r);
	return done;
}

static size_t ignore(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static unsigned next(const char *url)
{
	CURL *c = curl_easy_init();
	long status = 502;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	return (unsigned)status;
}

static void *answer_later(void *connection)
{
	usleep(2000);
	answer(connection, 202, "later\n");
	MHD_resume_connection(connection);
	n_later--;
	return NULL;
}

static void upgraded(void *cls, struct MHD_Connection *c, void *con_cls, const char *extra,
		     size_t n, MHD_socket s, struct MHD_UpgradeResponseHandle *handle)
{
	(void)cls;
	(void)c;
	(void)con_cls;
	(void)extra;
	(void)n;
	if (write(s, "raw\n", 4) != 4)
		abort();
	MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static enum MHD_Result upgrade(struct MHD_Connection *c)
{
	struct MHD_Response *r = MHD_create_response_for_upgrade(upgraded, NULL);
	enum MHD_Result done;

	MHD_add_response_header(r, "Upgrade", "raw");
	done = MHD_queue_response(c, 101, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	struct request *q = *state;
	pthread_t thread;

	(void)method;
	(void)version;
	(void)upload;
	if (cls != &db || !q)
		abort();
	if (!q->calls++)
		return MHD_YES;
	if (*upload_n) {
		*upload_n = 0;
		return MHD_YES;
	}
	if (!strcmp(url, "/sql"))
		return answer(c, sqlite3_exec(db, "SELECT 'secret', 42", 0, 0, 0) ? 500 : 200,
			      "sql\n");
	if (!strcmp(url, "/next"))
		return answer(c, next(strchr(q->uri, '?') ? strchr(q->uri, '?') + 1 : ""),
			      "next\n");
	if (!strcmp(url, "/upgrade"))
		return upgrade(c);
	if (!strcmp(url, "/later") || !strcmp(url, "/hang")) {
		if (q->suspended)
			return MHD_YES;
		q->suspended = true;
		MHD_suspend_connection(c);
		if (url[1] == 'h') {
			hanging = c;
			return MHD_YES;
		}
		atomic_fetch_add(&n_later, 1);
		if (!pthread_create(&thread, NULL, answer_later, c))
			pthread_detach(thread);
		return MHD_YES;
	}
	return answer(c, 404, "no\n");
}

static void *begun(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct request *q = calloc(1, sizeof(*q));

	(void)c;
	if (cls != &n_begun)
		abort();
	n_begun++;
	strncpy(q->uri, uri, sizeof(q->uri) - 1);
	return q;
}

static void completed(void *cls, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode code)
{
	(void)c;
	(void)code;
	if (cls != &n_completed || !*state)
		abort();
	n_completed++;
	free(*state);
	*state = NULL;
}

int main(void)
{
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begun, &n_begun },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, &n_completed },
		{ MHD_OPTION_THREAD_POOL_SIZE, 2, NULL },
		{ MHD_OPTION_THREAD_STACK_SIZE, 256 * 1024, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_Daemon *daemon;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (sqlite3_open(":memory:", &db))
		return 1;
	for (int i = 0; i < 3; i++) {
		daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
						  MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE,
					  0, NULL, NULL, handle, &db, MHD_OPTION_ARRAY, options,
					  MHD_OPTION_END);
		if (!daemon)
			return 2;
		if (i < 2)
			MHD_stop_daemon(daemon);
	}
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	while (n_later)
		usleep(1000);
	if (hanging)
		MHD_resume_connection(hanging);
	MHD_stop_daemon(daemon);
	sqlite3_close(db);
	printf("begun %d completed %d\n", n_begun, n_completed);
	return 0;
}
