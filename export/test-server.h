/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real HTTP server for tests, on a free port of the loopback interface: it keeps what it was
 * asked and answers from a script, word for word. One connection after the other.
 *
 *     struct server s = { .script = (const struct reply[]){ { OK_EMPTY }, { NULL } } };
 *     server_start(&s);
 *     ...
 *     server_stop(&s);
 */
#pragma once

#include "base/out.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OK_EMPTY \
	"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
#define HANG "hang" /* take the request and say nothing */
#define CUT "cut"   /* close without a word */

struct reply {
	const char *text; /* its end is where its NUL is, or after n bytes if that is set */
	size_t n;
};

enum { REQUESTS_MOST = 64 };

struct server {
	const struct reply *script; /* the last before { NULL } goes on for ever */
	uint16_t port;
	int listener;
	pthread_t thread;
	atomic_bool stop;
	/* Read these after server_stop, or when the answer has come. */
	struct request {
		struct out head, body;
	} request[REQUESTS_MOST];
	_Atomic size_t n_requests, n_connections;
};

static bool server_wait(struct server *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (!atomic_load(&s->stop))
		if (poll(&p, 1, 20) > 0)
			return true;
	return false;
}

static size_t content_length(struct str head)
{
	const char *at = memmem(head.p, head.n, "Content-Length: ", 16);

	return at ? strtoul(at + 16, NULL, 10) : 0;
}

static bool server_read(struct server *s, int fd, struct request *q)
{
	static const size_t piece = 65536;
	const char *end = NULL;

	while (!end || q->body.n < content_length(out_all(&q->head))) {
		struct out *to = end ? &q->body : &q->head;

		if (!server_wait(s, fd) || !out_reserve(to, piece))
			return false;
		ssize_t n = recv(fd, to->p + to->n, piece, 0);

		if (n <= 0)
			return false;
		to->n += (size_t)n;
		if (end)
			continue;
		end = memmem(q->head.p, q->head.n, "\r\n\r\n", 4);
		if (end) {
			size_t head = (size_t)(end + 4 - q->head.p);

			out_bytes(&q->body, q->head.p + head, q->head.n - head);
			q->head.n = head;
		}
	}
	return true;
}

static const struct reply *server_next(struct server *s, size_t i)
{
	const struct reply *r = s->script;

	while (i-- && r[1].text)
		r++;
	return r;
}

static bool server_answer(struct server *s, int fd, const struct reply *r)
{
	size_t n = r->n ? r->n : strlen(r->text);

	if (!strcmp(r->text, CUT))
		return false;
	if (!strcmp(r->text, HANG)) {
		while (!atomic_load(&s->stop))
			poll(NULL, 0, 20);
		return false;
	}
	for (size_t at = 0; at < n;) {
		ssize_t sent = send(fd, r->text + at, n - at, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += (size_t)sent;
	}
	return true;
}

static void *server_run(void *arg)
{
	struct server *s = arg;

	while (server_wait(s, s->listener)) {
		int fd = accept(s->listener, NULL, NULL);

		atomic_fetch_add(&s->n_connections, 1);
		for (;;) {
			size_t i = atomic_load(&s->n_requests);
			struct request dummy = { .head = { 0 } };
			struct request *q = i < REQUESTS_MOST ? &s->request[i] : &dummy;
			bool more = server_read(s, fd, q);

			if (more) {
				atomic_store(&s->n_requests, i + 1);
				more = server_answer(s, fd, server_next(s, i));
			} else if (i < REQUESTS_MOST) {
				out_fini(&q->head);
				out_fini(&q->body);
			}
			out_fini(&dummy.head);
			out_fini(&dummy.body);
			if (!more)
				break;
		}
		close(fd);
	}
	return NULL;
}

static void server_start(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, n) ||
	    listen(s->listener, 16) || getsockname(s->listener, (struct sockaddr *)&at, &n))
		abort();
	s->port = ntohs(at.sin_port);
	if (pthread_create(&s->thread, NULL, server_run, s))
		abort();
}

static void server_stop(struct server *s)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	close(s->listener);
}

static void server_forget(struct server *s)
{
	for (size_t i = 0; i < REQUESTS_MOST; i++) {
		out_fini(&s->request[i].head);
		out_fini(&s->request[i].body);
	}
}

/* Does the i-th request's head hold this text? */
static inline bool server_saw(const struct server *s, size_t i, const char *text)
{
	const struct out *head = &s->request[i].head;

	return head->n && memmem(head->p, head->n, text, strlen(text));
}

/* Settings that lead to the server, "NAME=value" strings; the block is the caller's buffer. */
static inline struct str server_settings(const struct server *s, char *block, size_t room,
					 const char *const more[])
{
	size_t n = (size_t)snprintf(block, room, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%u",
				    s->port) +
		   1;

	for (; more && *more; more++)
		n += (size_t)snprintf(block + n, room - n, "%s", *more) + 1;
	return (struct str){ block, n };
}
