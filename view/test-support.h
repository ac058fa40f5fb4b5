/* SPDX-License-Identifier: Apache-2.0 */
/* A server on a free port and a client of plain sockets. Tests only. */
#pragma once

#include "store/test-support.h"
#include "view/view.h"

#include <arpa/inet.h>
#define json_null jansson_null /* base/json.h has another */
#include <jansson.h>
#undef json_null
#include <sys/socket.h>

struct answer {
	int status;
	char *head, *body; /* `head` with its status line; both in `text` */
	size_t n_body;
	char *text;
};

static inline void answer_free(struct answer *a)
{
	free(a->text);
}

static inline int client_connect(const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* `request` is sent as it is; the answer is read until the server closes. */
static inline struct answer client_send(const char *address, const char *request, size_t n)
{
	int fd = client_connect(address);
	size_t room = 1 << 20, got = 0;
	struct answer a = { .text = malloc(room) };
	ssize_t r;

	assert_int_equal(send(fd, request, n, MSG_NOSIGNAL), (ssize_t)n);
	while ((r = recv(fd, a.text + got, room - got - 1, 0)) > 0)
		got += (size_t)r;
	close(fd);
	a.text[got] = '\0';
	a.head = a.text;
	a.body = strstr(a.text, "\r\n\r\n");
	assert_non_null(a.body);
	a.body[2] = '\0';
	a.body += 4;
	a.n_body = got - (size_t)(a.body - a.text);
	assert_int_equal(sscanf(a.head, "HTTP/1.1 %d", &a.status), 1);
	return a;
}

static inline struct answer client_ask(const char *address, const char *method, const char *target,
				       const char *headers)
{
	struct out o = { 0 };

	out_fmt(&o, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", method, target,
		address, headers);

	struct answer a = client_send(address, o.p, o.n);

	out_fini(&o);
	return a;
}

static inline json_t *client_json(const char *address, const char *target, int status)
{
	struct answer a = client_ask(address, "GET", target, "");
	json_error_t error;
	json_t *j = json_loads(a.body, 0, &error);

	assert_int_equal(a.status, status);
	assert_non_null(j);
	assert_non_null(strstr(a.head, "application/json"));
	answer_free(&a);
	return j;
}

static inline void json_drop(json_t **j)
{
	json_decref(*j);
}

#define scoped_json scoped(json_drop) json_t *
#define scoped_answer scoped(answer_free) struct answer
