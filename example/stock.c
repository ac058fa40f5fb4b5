/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stock: knows what is left of each product, and says more about itself with liboriel.
 *
 *     stock --port 8081 --data DIR
 *
 *     GET  /stock                                what is left
 *     POST /reserve?product=book&quantity=1      take some: 200, 404 unknown, 409 not enough
 *
 * The server and database spans come from the agent; the calls below add what only this program
 * knows: which product, how many, and why an order was refused. A sofa is slow, because somebody
 * has to look in the warehouse, which says so in a scope of its own.
 */
#include <oriel.h>

#include "warehouse.h"

#include <microhttpd.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

struct stock {
	sqlite3 *db;
	struct oriel_counter *reserved, *refused;
};

/* How many are left, or -1: no such product. */
static int left(struct stock *stock, const char *product)
{
	sqlite3_stmt *select = NULL;
	int n = -1;

	sqlite3_prepare_v2(stock->db, "SELECT quantity FROM stock WHERE product = ?", -1, &select,
			   NULL);
	sqlite3_bind_text(select, 1, product, -1, SQLITE_STATIC);
	if (sqlite3_step(select) == SQLITE_ROW)
		n = sqlite3_column_int(select, 0);
	sqlite3_finalize(select);
	return n;
}

/* True if so many were there, and are taken now. */
static bool take(struct stock *stock, const char *product, int quantity)
{
	sqlite3_stmt *update = NULL;
	bool taken = false;

	sqlite3_prepare_v2(
		stock->db,
		"UPDATE stock SET quantity = quantity - ?1 WHERE product = ?2 AND quantity >= ?1 "
		"RETURNING quantity",
		-1, &update, NULL);
	sqlite3_bind_int(update, 1, quantity);
	sqlite3_bind_text(update, 2, product, -1, SQLITE_STATIC);
	taken = sqlite3_step(update) == SQLITE_ROW;
	sqlite3_finalize(update);
	return taken;
}

static unsigned reserve(struct stock *stock, const char *product, int quantity)
{
	ORIEL_SPAN ("reserve", oriel_str("product.id", product),
		    oriel_int("product.quantity", quantity)) {
		int n = left(stock, product);

		if (n < 0) {
			oriel_span_error(NULL, "no_such_product", product);
			oriel_error("no such product", oriel_str("product.id", product));
			return 404;
		}
		if (strcmp(product, "sofa") == 0)
			warehouse_look(product);
		if (quantity < 1 || !take(stock, product, quantity)) {
			oriel_warn("not enough left", oriel_str("product.id", product),
				   oriel_int("left", n));
			oriel_add(stock->refused, 1, oriel_str("product.id", product));
			return 409;
		}
		oriel_info("reserved", oriel_str("product.id", product),
			   oriel_int("left", n - quantity));
		oriel_add(stock->reserved, quantity, oriel_str("product.id", product));
	}
	return 200;
}

static void list_stock(struct stock *stock, char *body, size_t size)
{
	sqlite3_stmt *select = NULL;
	size_t n = 0;

	sqlite3_prepare_v2(stock->db, "SELECT product, quantity FROM stock ORDER BY product", -1,
			   &select, NULL);
	while (sqlite3_step(select) == SQLITE_ROW && n < size - 200)
		n += (size_t)snprintf(body + n, size - n, "%.100s %d\n",
				      sqlite3_column_text(select, 0),
				      sqlite3_column_int(select, 1));
	sqlite3_finalize(select);
}

static const char *parameter(struct MHD_Connection *c, const char *name, const char *otherwise)
{
	const char *value = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);

	return value && *value ? value : otherwise;
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **seen)
{
	char body[4096] = "";
	unsigned status = 404;

	(void)version;
	(void)upload;
	if (!*seen || *upload_n) { /* headers only, or a piece of a body that nobody needs */
		*seen = you;
		*upload_n = 0;
		return MHD_YES;
	}
	if (strcmp(path, "/reserve") == 0 && strcmp(method, "POST") == 0) {
		status = reserve(you, parameter(c, "product", ""),
				 atoi(parameter(c, "quantity", "1")));
	} else if (strcmp(path, "/stock") == 0 && strcmp(method, "GET") == 0) {
		list_stock(you, body, sizeof(body));
		status = 200;
	}

	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued = MHD_queue_response(c, status, response);

	MHD_destroy_response(response);
	return queued;
}

static sqlite3 *open_stock(const char *directory)
{
	char path[4096];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/stock.db", directory);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS "
			 "stock (product TEXT PRIMARY KEY, quantity INTEGER);"
			 "INSERT OR REPLACE INTO stock VALUES ('book', 100000), ('lamp', 3), "
			 "('sofa', 500)",
			 NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "stock: %s: %s\n", path, sqlite3_errmsg(db));
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
	struct stock stock = { 0 };
	sigset_t ends;
	int signal;

	(void)argc;
	oriel_start(ORIEL_OPTIONS(.service = "stock", .version = "1.0.0"));
	stock.reserved = oriel_counter("stock.reserved", "{item}", "Items that were reserved");
	stock.refused = oriel_counter("stock.refused", "{order}", "Reservations that were refused");
	warehouse_open();
	at.sin_port = htons((uint16_t)atoi(option(argv, "--port", "8081")));
	stock.db = open_stock(option(argv, "--data", "/tmp"));
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);

	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				 handle, &stock, MHD_OPTION_SOCK_ADDR, &at,
				 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);

	if (!daemon)
		return 1;
	printf("stock: http://127.0.0.1:%d\n",
	       MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &signal);
	MHD_stop_daemon(daemon);
	sqlite3_close(stock.db);
	oriel_stop();
	return 0;
}
