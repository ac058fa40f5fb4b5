/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A called exchange: its span, and whose child it is. A connection that was made for a request that
 * is being served belongs to that one, however many others were read before it could be written to;
 * one that is used again belongs to the request that this thread has read last.
 */
#include <stdio.h>

#include "agent/sockets/connection.h"
#include "agent/sockets/current.h"
#include "agent/sockets/whose.h"
#include "wire/record.h"

struct text {
	char *p;
	size_t n, size;
};

static void add(struct text *t, struct str s)
{
	size_t n = s.n < t->size - t->n ? s.n : t->size - t->n;

	if (n)
		memcpy(t->p + t->n, s.p, n);
	t->n += n;
}

static void add_peer(struct text *t, const struct connection *c, int *port)
{
	bool six = c->peer.any.sa_family == AF_INET6;
	char address[46];

	if (!http_peer_of(&c->peer.any, address, port)) {
		add(t, STR("localhost"));
		return;
	}
	six = six && strchr(address, ':');
	if (six)
		add(t, STR("["));
	add(t, str_of(address));
	if (six)
		add(t, STR("]"));
}

static bool is_absolute(struct str target)
{
	return str_eq_nocase(str_first(target, 7), STR("http://")) ||
	       str_eq_nocase(str_first(target, 8), STR("https://"));
}

/* The port is the Host field's, else where we are connected to. */
static struct str url_of(const struct connection *c, struct reading *r, int *port)
{
	struct text t = { r->url, 0, sizeof(r->url) };
	struct str target = http1_target(&r->head);
	const char *host = http1_value(&r->head, "host");
	struct http_host named;

	*port = 0;
	if (is_absolute(target))
		return target;
	add(&t, c->tls ? STR("https://") : STR("http://"));
	if (str_eq(http1_method(&r->head), STR("CONNECT"))) {
		add(&t, target);
		return (struct str){ t.p, t.n };
	}
	if (host && http_host_of(str_of(host), &named)) {
		char address[46];

		add(&t, str_of(host));
		if (named.port < 0 && !http_peer_of(&c->peer.any, address, port))
			*port = 0;
	} else {
		add_peer(&t, c, port);
	}
	add(&t, target);
	return (struct str){ t.p, t.n };
}

static void parent_find(struct connection *c, struct exchange *e, const struct http1_head *head)
{
	bool bound = c->bound && exchange_lives(c->bound, c->bound_serial);
	struct exchange *parent = whose(bound ? c->bound : current_exchange(), head);

	e->parent = parent;
	if (parent)
		e->parent_serial = atomic_load_explicit(&parent->serial, memory_order_relaxed);
	c->bound = NULL;
}

struct exchange *called_begin(struct connection *c, struct reading *r)
{
	struct client_seen seen = { .method = http1_method(&r->head), .scope = SCOPE_SOCKETS };
	struct exchange *now = current_exchange(), *e = exchange_new(&c->own, 2);

	if (!e)
		return NULL;
	parent_find(c, e, &r->head);
	/* What the program itself has begun since the request was read is nearer. */
	if (e->parent && e->parent != now)
		seen.parent = server_context(&e->parent->as.served);
	seen.url = url_of(c, r, &seen.port);
	if (client_begin(&e->as.called, &seen))
		return e;
	exchange_over(e);
	exchange_let_go(e);
	exchange_let_go(e);
	return NULL;
}

void called_end(struct connection *c, struct exchange *e, bool complete)
{
	struct client_outcome o = {
		.status = e->status,
		.version = c->responses.minor ? "1.1" : "1.0",
		.request_bytes =
			(int64_t)atomic_load_explicit(&e->request_bytes, memory_order_relaxed),
		.response_bytes = -1,
	};
	char address[46];

	if (http_peer_of(&c->peer.any, address, &o.peer_port))
		o.peer_address = address;
	if (complete && e->status != 101)
		o.response_bytes = (int64_t)c->responses.body_n;
	if (!e->status)
		o.version = NULL;
	if (!complete && !c->lost) {
		o.error = c->reset ? "connection_reset" : "connection_closed";
		o.message = "The connection ended before the response was complete.";
	}
	exchange_over(e);
	if (exchange_is_ours(e))
		client_end(&e->as.called, &o);
}
