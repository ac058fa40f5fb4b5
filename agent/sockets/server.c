/* SPDX-License-Identifier: Apache-2.0 */
/* A served exchange: its span, from its request's head to its response's end. */
#include "agent/sockets/connection.h"
#include "agent/sockets/current.h"
#include "agent/sockets/sockets.h"
#include "agent/sockets/whose.h"
#include "base/hot.h"
#include "wire/record.h"

static struct exchange *served_new(struct connection *c, uint32_t sides)
{
	struct exchange *e = exchange_new(&c->own, sides);

	if (e)
		atomic_store_explicit(&e->is_served, true, memory_order_relaxed);
	return e;
}

static struct exchange *served(struct connection *c, const struct server_seen *seen, uint32_t sides)
{
	struct exchange *e = served_new(c, sides);

	if (e)
		server_begin(&e->as.served, seen);
	return e;
}

static struct server_seen seen_of(const struct connection *c)
{
	return (struct server_seen){
		.version = c->requests.minor ? STR("HTTP/1.1") : STR("HTTP/1.0"),
		.https = c->tls,
		.no_fresh_id = !sockets_settings.request_id && !sockets_settings.inject,
		.scope = SCOPE_SOCKETS
	};
}

struct exchange *served_begin(struct connection *c, struct reading *r)
{
	struct server_seen seen = seen_of(c);
	struct exchange *e;

	reading_headers(r);
	seen.method = http1_method(&r->head);
	seen.target = http1_target(&r->head);
	if (r->head.cut) /* what a proxy added may be missing, and then the rest is anybody's word */
		r->headers.x_forwarded_for = r->headers.forwarded = NULL;
	seen.headers = &r->headers;
	seen.peer = &c->peer.any;
	e = served(c, &seen, 2);
	if (e && atomic_load_explicit(&whose_asked, memory_order_relaxed))
		whose_read(e, &r->head);
	return e;
}

struct exchange *served_again(struct connection *c, struct str method, struct str target)
{
	struct server_seen seen = seen_of(c);

	seen.method = method;
	seen.target = target;
	seen.known = &c->usual->known;
	return served(c, &seen, 1);
}

HOT struct exchange *served_same(struct connection *c)
{
	struct exchange *e = served_new(c, 1);

	if (e)
		server_begin_same(&e->as.served, &c->usual->known);
	return e;
}

bool served_know(struct server_known *known, const struct connection *c, const struct reading *r)
{
	struct server_seen seen = seen_of(c);

	if (r->headers.context || r->headers.request_id || r->head.cut)
		return false;
	seen.method = http1_method(&r->head);
	seen.headers = &r->headers;
	seen.peer = &c->peer.any;
	return server_know(known, &seen);
}

void served_know_target(struct connection *c, struct str method, struct str target)
{
	struct server_seen seen = seen_of(c);

	seen.method = method;
	seen.target = target;
	server_know_target(&c->usual->known, &seen);
}

/*
 * A connection that ended too early. One that was handed to a forked child goes on there, where we
 * know nothing of it any more; one that we could follow no longer may have been answered well.
 */
static struct server_outcome cut_off(const struct connection *c, const struct exchange *e)
{
	bool unknown = c->lost || (!e->status && e->forks != sockets_forks);

	if (!unknown && (c->peer_gone || c->reset))
		return server_client_closed(e->status, true);
	return (struct server_outcome){
		.status = e->status,
		.error = unknown ? NULL : "connection_error",
		.message = unknown ? NULL : "The connection ended before the response was sent.",
	};
}

/* By the responses' side, whose the usual answer is. */
static void end_as_usual(struct usual_answer *a, struct server_request *q,
			 const struct server_outcome *o)
{
	if (__builtin_expect(server_end_same(q, &a->ending, o), 1))
		return;
	server_end(q, o);
	if (a->n_endings < USUAL_LEARNED_MOST) {
		a->n_endings++;
		server_know_ending(&a->ending, q, o);
	}
}

HOT void served_end(struct connection *c, struct exchange *e, bool complete)
{
	struct server_outcome o = { .status = e->status };

	if (__builtin_expect(!complete, 0))
		o = cut_off(c, e);
	o.request_bytes = (int64_t)atomic_load_explicit(&e->request_bytes, memory_order_relaxed);
	o.response_bytes = complete && e->status != 101 ? (int64_t)c->responses.body_n : -1;
	exchange_over(e);
	if (__builtin_expect(exchange_is_ours(e), 1)) {
		if (complete && c->usual_answer)
			end_as_usual(c->usual_answer, &e->as.served, &o);
		else
			server_end(&e->as.served, &o);
	}
	current_drop(e);
}
