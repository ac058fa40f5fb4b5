/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on civetweb that knows nothing of Oriel. Prints its port, serves until standard input
 * ends, and then says how many requests began and ended.
 *
 *     /hello /ok /fields /pieces   by mg_printf, mg_send_http_ok, mg_response_header_*, byte by byte
 *     /own /error /sql             with a request id of its own; 500; asks SQLite
 *     /big /quiet                  8 MiB; nothing is answered
 *     /ws                          a websocket that answers each text, and asks SQLite
 *     /context                     the trace context that is current
 *     /begun                       by the begin_request callback
 *     else                         404 of civetweb's own
 */
#include "current.h"

#include <civetweb.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = "mark";
static atomic_int n_begun, n_ended, n_closed;

static void ask(void)
{
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) || sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL))
		abort();
	sqlite3_close(db);
}

static int begun(struct mg_connection *c)
{
	if (mg_get_user_context_data(c) != mark)
		abort();
	n_begun++;
	if (strcmp(mg_get_request_info(c)->local_uri, "/begun"))
		return 0;
	mg_printf(c, "HTTP/1.1 203 Begun\r\nContent-Length: 6\r\n\r\nbegun\n");
	return 203;
}

static void ended(const struct mg_connection *c, int status)
{
	(void)c;
	(void)status;
	n_ended++;
}

static void closed(const struct mg_connection *c)
{
	(void)c;
	n_closed++;
}

/* As many bytes as were given, or the client has gone. */
static int wrote(int r, int given)
{
	if (r > 0 && r != given)
		abort();
	return r == given;
}

static int hello(struct mg_connection *c, void *arg)
{
	if (arg != mark)
		abort();
	wrote(mg_printf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", 6, "hello\n"), 44);
	return 200;
}

static int context(struct mg_connection *c, void *arg)
{
	char room[56];

	(void)arg;
	mg_printf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s\n", current(room));
	return 200;
}

static int ok(struct mg_connection *c, void *arg)
{
	(void)arg;
	mg_send_http_ok(c, "text/plain", 3);
	mg_write(c, "ok\n", 3);
	return 200;
}

static int fields(struct mg_connection *c, void *arg)
{
	(void)arg;
	mg_response_header_start(c, 202);
	mg_response_header_add(c, "Content-Length", "7", -1);
	mg_response_header_send(c);
	mg_write(c, "fields\n", 7);
	return 202;
}

static int pieces(struct mg_connection *c, void *arg)
{
	const char *text = "HTTP/1.1 201 Made\r\nContent-Length: 7\r\nX: y\r\n";

	(void)arg;
	for (const char *p = text; *p; p++)
		if (!wrote(mg_write(c, p, 1), 1))
			return 201;
	wrote(mg_write(c, "\r\npieces\n", 9), 9);
	return 201;
}

static int own(struct mg_connection *c, void *arg)
{
	(void)arg;
	mg_printf(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n");
	mg_printf(c, "x-request-id: mine\r\n\r\nown\n");
	return 1;
}

static int error(struct mg_connection *c, void *arg)
{
	(void)arg;
	return mg_send_http_error(c, 500, "%s", "broken");
}

static int sql(struct mg_connection *c, void *arg)
{
	char body[64];
	int n = 0, r;

	(void)arg;
	while ((r = mg_read(c, body, sizeof(body))) > 0)
		n += r;
	ask();
	r = snprintf(body, sizeof(body), "sql %d\n", n);
	mg_printf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", r, body);
	return 200;
}

static int big(struct mg_connection *c, void *arg)
{
	static const char kilobyte[1024];

	(void)arg;
	mg_printf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 8192 * 1024);
	for (int i = 0; i < 8192; i++)
		if (mg_write(c, kilobyte, sizeof(kilobyte)) <= 0)
			break;
	return 200;
}

static int quiet(struct mg_connection *c, void *arg)
{
	(void)c;
	(void)arg;
	return 1;
}

static int ws_text(struct mg_connection *c, int bits, char *text, size_t n, void *arg)
{
	(void)arg;
	if ((bits & 15) != MG_WEBSOCKET_OPCODE_TEXT)
		return 0;
	ask();
	mg_websocket_write(c, MG_WEBSOCKET_OPCODE_TEXT, text, n);
	return 1;
}

int main(void)
{
	static const char *options[] = { "listening_ports",    "127.0.0.1:0", "num_threads", "8",
					 "enable_keep_alive",  "yes",	      "tcp_nodelay", "1",
					 "request_timeout_ms", "10000",	      NULL };
	struct mg_callbacks callbacks = { .begin_request = begun,
					  .end_request = ended,
					  .connection_close = closed };
	struct mg_server_port port = { 0 };
	struct mg_context *c;

	mg_init_library(0);
	c = mg_start(&callbacks, (void *)mark, options);
	if (!c || mg_get_server_ports(c, 1, &port) != 1)
		return 1;
	mg_set_request_handler(c, "/hello", quiet, NULL);
	mg_set_request_handler(c, "/hello", hello, (void *)mark);
	mg_set_request_handler(c, "/gone", hello, NULL);
	mg_set_request_handler(c, "/gone", NULL, NULL);
	mg_set_request_handler(c, "/context", context, NULL);
	mg_set_request_handler(c, "/ok", ok, NULL);
	mg_set_request_handler(c, "/fields", fields, NULL);
	mg_set_request_handler(c, "/pieces", pieces, NULL);
	mg_set_request_handler(c, "/own", own, NULL);
	mg_set_request_handler(c, "/error", error, NULL);
	mg_set_request_handler(c, "/sql", sql, NULL);
	mg_set_request_handler(c, "/big", big, NULL);
	mg_set_request_handler(c, "/quiet", quiet, NULL);
	mg_set_websocket_handler(c, "/ws", NULL, NULL, ws_text, NULL, NULL);
	printf("%d\n", port.port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	mg_stop(c);
	mg_exit_library();
	printf("begun %d ended %d%s\n", n_begun, n_ended, n_closed ? " closed" : "");
	return 0;
}
