/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FastCGI program that knows nothing of Oriel.
 *
 *     fcgi-server [THREADS]    prints its port, serves until standard input ends
 *     fcgi-server stdio        on the socket that is its standard input, by fcgi_stdio, until
 *                              /end was asked for
 *
 *     /hello /status /own /big /long /pieces /sql /nothing /context, by DOCUMENT_URI or REQUEST_URI
 */
#define NO_FCGI_DEFINES
#include "current.h"

#include <fcgi_stdio.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int listening;

static void ask(void)
{
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) || sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL))
		abort();
	sqlite3_close(db);
}

static void status(FCGX_Stream *out)
{
	for (const char *p = "Status: 503 Busy\r\nContent-Type: text/plain\r\n\r\nbusy\n"; *p; p++)
		FCGX_PutChar(*p, out);
}

static void big(FCGX_Stream *out)
{
	char kilobyte[1024];

	memset(kilobyte, 'b', sizeof(kilobyte));
	FCGX_PutS("Content-Type: text/plain\r\n\r\n", out);
	for (int i = 0; i < 100; i++)
		FCGX_PutStr(kilobyte, sizeof(kilobyte), out);
}

/* A head that is longer than the buffer. */
static void long_head(FCGX_Stream *out)
{
	char line[256]; /* libfcgi's own formatting can't do long ones */

	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "X-%d: %0200d\r\n", i, i);
		FCGX_PutS(line, out);
	}
	FCGX_PutS("\r\nlong\n", out);
}

static void pieces(FCGX_Stream *out)
{
	FCGX_PutS("Content-Type: te", out);
	FCGX_FFlush(out);
	FCGX_PutS("xt/plain\r\n", out);
	FCGX_FFlush(out);
	FCGX_PutS("\r\npieces\n", out);
}

static void answer(FCGX_Request *r)
{
	const char *path = FCGX_GetParam("DOCUMENT_URI", r->envp);

	if (!path)
		path = FCGX_GetParam("REQUEST_URI", r->envp);
	if (!path)
		path = "";
	if (!strcmp(path, "/status"))
		status(r->out);
	else if (!strcmp(path, "/big"))
		big(r->out);
	else if (!strcmp(path, "/long"))
		long_head(r->out);
	else if (!strcmp(path, "/pieces"))
		pieces(r->out);
	else if (!strcmp(path, "/context"))
		FCGX_FPrintF(r->out, "Content-Type: text/plain\r\n\r\n%s\n",
			     current((char[56]){ 0 }));
	else if (!strcmp(path, "/own"))
		FCGX_PutS("x-request-id: mine\r\n\r\nown\n", r->out);
	else if (strcmp(path, "/nothing") != 0)
		FCGX_FPrintF(r->out, "Content-Type: text/plain\r\n\r\nhello\n");
	if (!strcmp(path, "/sql"))
		ask();
}

static void *serve(void *arg)
{
	FCGX_Request r;

	(void)arg;
	FCGX_InitRequest(&r, listening, 0);
	while (FCGX_Accept_r(&r) == 0)
		answer(&r);
	FCGX_Free(&r, 1);
	return NULL;
}

static int serve_stdio(void)
{
	int ends = 0;

	while (!ends && FCGI_Accept() >= 0) {
		const char *path = getenv("REQUEST_URI");

		ends = path && !strcmp(path, "/end");
		FCGI_printf("Content-Type: text/%s\r\n\r\n", "plain");
		FCGI_puts("stdio");
		ask();
	}
	FCGI_Finish();
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t thread[16];

	if (argc > 1 && !strcmp(argv[1], "stdio"))
		return serve_stdio();
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM, 0);
	if (listening < 0 || threads < 1 || threads > 16 || FCGX_Init() ||
	    bind(listening, (struct sockaddr *)&a, n) || listen(listening, 64) ||
	    getsockname(listening, (struct sockaddr *)&a, &n))
		return 1;
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, serve, NULL))
			return 1;
	while (getchar() != EOF)
		;
	shutdown(listening, SHUT_RDWR);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
