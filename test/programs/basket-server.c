/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that knows nothing of Oriel, on libmicrohttpd, PostgreSQL and Redis. Prints its port, serves
 * until standard input ends.
 *
 *     basket-server REDIS-SOCKET       PostgreSQL by PGHOST and its kin
 *
 *     GET /basket/7                    "7: from the database" at first, then "7: from the cache"
 */
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *cache;
static PGconn *database;

/* False: it isn't in the cache. */
static int from_cache(const char *id, char *text, size_t size)
{
	redisReply *r = redisCommand(cache, "GET basket:%s", id);
	int found = r && r->type == REDIS_REPLY_STRING;

	if (found)
		snprintf(text, size, "%s: from the cache\n", id);
	if (r)
		freeReplyObject(r);
	return found;
}

static int from_database(const char *id, char *text, size_t size)
{
	const char *values[] = { id };
	PGresult *r = PQexecParams(database, "SELECT $1::text AS id, 'secret' AS note", 1, NULL,
				   values, NULL, NULL, 0);
	int found = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1;

	if (found)
		snprintf(text, size, "%s: from the database\n", PQgetvalue(r, 0, 0));
	PQclear(r);
	return found;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	char text[256] = "no such basket\n";
	const char *id = strncmp(url, "/basket/", 8) ? NULL : url + 8;
	unsigned status = 404;
	struct MHD_Response *r;
	enum MHD_Result done;

	(void)cls, (void)method, (void)version, (void)upload;
	if (!*state) {
		*state = &cache;
		return MHD_YES;
	}
	*upload_n = 0;
	if (id && from_cache(id, text, sizeof(text))) {
		status = 200;
	} else if (id && from_database(id, text, sizeof(text))) {
		redisReply *kept = redisCommand(cache, "SET basket:%s %s", id, text);

		if (kept)
			freeReplyObject(kept);
		status = 200;
	}
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;

	cache = redisConnectUnix(argc > 1 ? argv[1] : "");
	database = PQconnectdb("");
	if (!cache || cache->err || PQstatus(database) != CONNECTION_OK)
		return 1;
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
				  MHD_OPTION_END);
	if (!daemon)
		return 1;
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
	PQfinish(database);
	redisFree(cache);
	return 0;
}
