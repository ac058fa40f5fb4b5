/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storefront: takes orders, and knows nothing of Oriel.
 *
 *     storefront --port 8080 --stock http://127.0.0.1:8081 --data DIR
 *
 *     GET  /                                 what there is
 *     GET  /orders?product=book              the last orders
 *     POST /orders?product=book&quantity=1   order: 201, 404 unknown, 409 sold out, 502 no stock
 * service
 *
 * An ordinary small service: libmicrohttpd in front, libcurl to the next service, SQLite behind.
 */
#include <curl/curl.h>
#include <microhttpd.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

struct shop {
	sqlite3 *db;
	const char *stock;
};

struct reply {
	unsigned status;
	char body[4096];
};

static void say(struct reply *r, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct reply *r, unsigned status, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	va_start(ap, fmt);
	vsnprintf(r->body, sizeof(r->body), fmt, ap);
	va_end(ap);
}

static const char *parameter(struct MHD_Connection *c, const char *name, const char *otherwise)
{
	const char *value = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);

	return value && *value ? value : otherwise;
}

static size_t discard(char *bytes, size_t size, size_t n, void *you)
{
	(void)bytes;
	(void)you;
	return size * n;
}

/* The stock service's answer as an HTTP status; 0 when it can't be reached. */
static long reserve(struct shop *shop, const char *product, int quantity)
{
	CURL *curl = curl_easy_init();
	char *name = curl ? curl_easy_escape(curl, product, 0) : NULL;
	char url[1024];
	long status = 0;

	if (name) {
		snprintf(url, sizeof(url), "%s/reserve?product=%s&quantity=%d", shop->stock, name,
			 quantity);
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
		if (curl_easy_perform(curl) == CURLE_OK)
			curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	curl_free(name);
	curl_easy_cleanup(curl);
	return status;
}

static void place_order(struct shop *shop, const char *product, int quantity, struct reply *r)
{
	long status = reserve(shop, product, quantity);
	sqlite3_stmt *insert = NULL;

	if (status != 200) {
		if (status == 404 || status == 409)
			say(r, (unsigned)status,
			    status == 404 ? "no such product\n" : "sold out\n");
		else
			say(r, 502, "the stock service does not answer\n");
		return;
	}
	sqlite3_prepare_v2(shop->db,
			   "INSERT INTO orders (product, quantity) VALUES (?, ?) RETURNING id", -1,
			   &insert, NULL);
	sqlite3_bind_text(insert, 1, product, -1, SQLITE_STATIC);
	sqlite3_bind_int(insert, 2, quantity);
	if (sqlite3_step(insert) == SQLITE_ROW)
		say(r, 201, "order %lld\n", (long long)sqlite3_column_int64(insert, 0));
	else
		say(r, 500, "the order could not be written\n");
	sqlite3_finalize(insert);
}

static void list_orders(struct shop *shop, const char *product, struct reply *r)
{
	sqlite3_stmt *select = NULL;
	size_t n = 0;

	sqlite3_prepare_v2(shop->db,
			   "SELECT id, product, quantity FROM orders WHERE ?1 = '' OR product = ?1 "
			   "ORDER BY id DESC LIMIT 20",
			   -1, &select, NULL);
	sqlite3_bind_text(select, 1, product, -1, SQLITE_STATIC);
	say(r, 200, "%s", "");
	while (sqlite3_step(select) == SQLITE_ROW && n < sizeof(r->body) - 200)
		n += (size_t)snprintf(r->body + n, sizeof(r->body) - n, "%lld %d %.100s\n",
				      (long long)sqlite3_column_int64(select, 0),
				      sqlite3_column_int(select, 2),
				      (const char *)sqlite3_column_text(select, 1));
	sqlite3_finalize(select);
}

static void answer(struct shop *shop, struct MHD_Connection *c, const char *method,
		   const char *path, struct reply *r)
{
	int get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;

	if (strcmp(path, "/") == 0 && get)
		say(r, 200, "A small shop. Try: POST /orders?product=book\n");
	else if (strcmp(path, "/orders") == 0 && get)
		list_orders(shop, parameter(c, "product", ""), r);
	else if (strcmp(path, "/orders") == 0 && post)
		place_order(shop, parameter(c, "product", "book"),
			    atoi(parameter(c, "quantity", "1")), r);
	else
		say(r, 404, "no such page\n");
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **seen)
{
	struct reply r = { 0 };

	(void)version;
	(void)upload;
	if (!*seen || *upload_n) { /* headers only, or a piece of a body that nobody needs */
		*seen = you;
		*upload_n = 0;
		return MHD_YES;
	}
	answer(you, c, method, path, &r);

	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(r.body), r.body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued = MHD_queue_response(c, r.status, response);

	MHD_destroy_response(response);
	return queued;
}

static sqlite3 *open_orders(const char *directory)
{
	char path[4096];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/storefront.db", directory);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS "
			 "orders (id INTEGER PRIMARY KEY, product TEXT, quantity INTEGER)",
			 NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "storefront: %s: %s\n", path, sqlite3_errmsg(db));
		exit(1);
	}
	sqlite3_busy_timeout(db, 2000);
	return db;
}

static const char *option(char **argv, const char *name, const char *otherwise)
{
	for (; argv[0] && argv[1]; argv++)
		if (strcmp(argv[0], name) == 0)
			return argv[1];
	return otherwise;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct shop shop = { .stock = option(argv, "--stock", "http://127.0.0.1:8081") };
	sigset_t ends;
	int signal;

	(void)argc;
	at.sin_port = htons((uint16_t)atoi(option(argv, "--port", "8080")));
	shop.db = open_orders(option(argv, "--data", "/tmp"));
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);

	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				 handle, &shop, MHD_OPTION_SOCK_ADDR, &at,
				 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);

	if (!daemon)
		return 1;
	printf("storefront: http://127.0.0.1:%d\n",
	       MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &signal);
	MHD_stop_daemon(daemon);
	curl_global_cleanup();
	sqlite3_close(shop.db);
	return 0;
}
