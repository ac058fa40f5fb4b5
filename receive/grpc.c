/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener and its connections, on one epoll. What a connection says is receive/grpc-session.c's.
 *
 * A connection is read only while everything that we said has gone out, so who asks and never
 * listens doesn't fill our memory.
 */
#include "receive/grpc.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/host.h"
#include "model/stats.h"
#include "receive/grpc-session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 128, EVENTS = 32, READ_AT_ONCE = 64 * 1024, READS_A_TURN = 16 };

#define SWEEP_NS 5000000000ull
#define IDLE_NS 900000000000ull /* nobody has asked anything for so long */
#define STUCK_NS 60000000000ull /* a call that isn't whole; an answer that nobody reads */

struct connection {
	struct connection *next;
	int fd;
	struct grpc_session *session;
	struct out unsent; /* from n_sent on */
	size_t n_sent;
	uint32_t waits_for;
	uint64_t moved_ns; /* when something was read or written last */
	bool over;
};

struct receive_grpc {
	struct receiver *receiver;
	struct host host;
	char address[HOST_BYTES + 16];
	char sender[SENDER_ID + 1];
	int epoll_fd, listen_fd[2]; /* 127.0.0.1, and ::1 when there is one */
	struct connection *connection;
	size_t n_connections;
	uint64_t swept_ns;
	char bytes[READ_AT_ONCE];
};

/* ---- one connection ------------------------------------------------------------------------------ */

static void connection_end(struct receive_grpc *g, struct connection *c)
{
	for (struct connection **at = &g->connection; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	g->n_connections--;
	grpc_session_free(c->session);
	out_fini(&c->unsent);
	close(c->fd);
	free(c);
}

/* False: the other side is gone. */
static bool connection_send(struct connection *c)
{
	do {
		while (c->n_sent < c->unsent.n) {
			ssize_t n = send(c->fd, c->unsent.p + c->n_sent, c->unsent.n - c->n_sent,
					 MSG_NOSIGNAL);

			if (n < 0)
				return errno == EAGAIN || errno == EINTR;
			c->n_sent += (size_t)n;
			c->moved_ns = clock_mono_ns();
		}
		out_clear(&c->unsent);
		c->n_sent = 0;
		if (!grpc_session_write(c->session, &c->unsent))
			return false;
	} while (c->unsent.n);
	return true;
}

static bool connection_read(struct receive_grpc *g, struct connection *c)
{
	for (int i = 0; i < READS_A_TURN && !c->unsent.n; i++) {
		ssize_t n = recv(c->fd, g->bytes, sizeof(g->bytes), 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		c->moved_ns = clock_mono_ns();
		if (!grpc_session_read(c->session, g->bytes, (size_t)n))
			c->over = true;
		if (!connection_send(c))
			return false;
		if (c->over)
			break;
	}
	return true;
}

static void connection_wait(struct receive_grpc *g, struct connection *c)
{
	struct epoll_event e = { .events = c->unsent.n ? EPOLLOUT : EPOLLIN, .data.ptr = c };

	if (e.events == c->waits_for)
		return;
	c->waits_for = e.events;
	epoll_ctl(g->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* Over: nothing more is read, and what there is to say has been said. */
static void connection_turn(struct receive_grpc *g, struct connection *c)
{
	if (!connection_send(c) || (!c->over && !connection_read(g, c)) ||
	    ((c->over || grpc_session_is_over(c->session)) && !c->unsent.n))
		connection_end(g, c);
	else
		connection_wait(g, c);
}

static void connection_begin(struct receive_grpc *g, int fd)
{
	struct connection *c = g->n_connections < CONNECTIONS_MOST ? calloc(1, sizeof(*c)) : NULL;
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	if (c)
		c->session = grpc_session_new(g->receiver, g->sender);
	if (!c || !c->session || epoll_ctl(g->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		if (c)
			grpc_session_free(c->session);
		free(c);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->fd = fd;
	c->waits_for = EPOLLIN;
	c->moved_ns = clock_mono_ns();
	c->next = g->connection;
	g->connection = c;
	g->n_connections++;
	connection_turn(g, c);
}

static void accept_all(struct receive_grpc *g, int listen_fd)
{
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		connection_begin(g, fd);
}

/* ---- the server ---------------------------------------------------------------------------------- */

static void sweep(struct receive_grpc *g)
{
	uint64_t now = clock_mono_ns();
	struct connection *next;

	if (now - g->swept_ns < SWEEP_NS)
		return;
	g->swept_ns = now;
	for (struct connection *c = g->connection; c; c = next) {
		bool stuck = c->unsent.n && now - c->moved_ns > STUCK_NS;

		next = c->next;
		if (stuck || grpc_session_is_late(c->session, now - STUCK_NS)) {
			stats_add(receive_slow, 1);
			connection_end(g, c);
		} else if (now - c->moved_ns > IDLE_NS) {
			grpc_session_goodbye(c->session);
			connection_turn(g, c);
		}
	}
}

void receive_grpc_turn(struct receive_grpc *g)
{
	struct epoll_event event[EVENTS];
	int n = epoll_wait(g->epoll_fd, event, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		if (event[i].data.ptr == &g->listen_fd[0] || event[i].data.ptr == &g->listen_fd[1])
			accept_all(g, *(int *)event[i].data.ptr);
		else
			connection_turn(g, event[i].data.ptr);
	}
	sweep(g);
}

static int listen_here(struct receive_grpc *g, int which, struct host *host)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = &g->listen_fd[which] };

	g->listen_fd[which] = host_listen(host);
	if (g->listen_fd[which] < 0)
		return TRACE(g->listen_fd[which]);
	return epoll_ctl(g->epoll_fd, EPOLL_CTL_ADD, g->listen_fd[which], &e) < 0 ? ERR(-errno) : 0;
}

int receive_grpc_open(struct receive_grpc **out, struct receiver *receiver, const char *listen,
		      const char *sender)
{
	struct receive_grpc *g = calloc(1, sizeof(*g));
	struct host other = { .name = "::1", .exact = true };
	int r = 0;

	if (!g)
		return ERR(-ENOMEM);
	g->receiver = receiver;
	g->listen_fd[0] = g->listen_fd[1] = -1;
	snprintf(g->sender, sizeof(g->sender), "%s", sender);
	g->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (g->epoll_fd < 0)
		r = ERR(-errno);
	if (r == 0 && host_read(&g->host, str_of(listen)) != HOST_OK)
		r = ERR(-EINVAL);
	if (r == 0)
		r = listen_here(g, 0, &g->host);
	if (r < 0) {
		receive_grpc_close(g);
		return TRACE(r);
	}
	host_text(&g->host, g->address, sizeof(g->address));
	other.port = g->host.port;
	if (strcmp(g->host.name, "127.0.0.1") == 0)
		listen_here(g, 1, &other);
	*out = g;
	return 0;
}

struct receive_grpc *receive_grpc_close(struct receive_grpc *g)
{
	if (!g)
		return NULL;
	while (g->connection) {
		grpc_session_goodbye(g->connection->session);
		connection_send(g->connection);
		connection_end(g, g->connection);
	}
	for (int i = 0; i < 2; i++)
		if (g->listen_fd[i] >= 0)
			close(g->listen_fd[i]);
	if (g->epoll_fd >= 0)
		close(g->epoll_fd);
	free(g);
	return NULL;
}

const char *receive_grpc_address(const struct receive_grpc *g)
{
	return g->address;
}

int receive_grpc_fd(const struct receive_grpc *g)
{
	return g->epoll_fd;
}
