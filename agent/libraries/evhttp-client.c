/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evhttp's client: a span for each request that the program makes, our fields in it, and the
 * program's callbacks in the context that it made the request in.
 *
 *     evhttp_make_request      the span begins; the request's callbacks become ours, which all have
 *                              one argument
 *     done                     the answer, or NULL: the span ends
 *     failed                   says why, before that; of a request that is cancelled it is the last
 *     evhttp_connection_free, evhttp_cancel_request
 *                              may free requests without a word to them
 *
 * The socket is left to us. Where evdns looks the name up its number isn't known yet, and the
 * sockets' watcher sees the connection, too.
 */
#define REAL_LIBRARY libevent_extra
#include "agent/libraries/evhttp-client.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "agent/agent.h"
#include "agent/http/client.h"
#include "agent/libraries/libevent.h"
#include "agent/life.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/sockets/sockets.h"
#include "agent/table.h"
#include "wire/record.h"

#define CALLS(X) \
	X(evhttp_make_request) \
	X(evhttp_cancel_request) \
	X(evhttp_connection_free) \
	X(evhttp_connection_get_peer) \
	X(evhttp_connection_get_bufferevent) \
	X(evhttp_request_set_chunked_cb) \
	X(evhttp_request_set_header_cb) \
	X(evhttp_request_set_error_cb) \
	X(evhttp_find_header) \
	X(evhttp_add_header)

REAL_TABLE(CALLS);

static struct real_library core;
static struct real getfd = { .name = "bufferevent_getfd", .library = &core };

typedef void (*request_callback)(struct evhttp_request *, void *);
typedef int (*header_callback)(struct evhttp_request *, void *);
typedef void (*error_callback)(enum evhttp_request_error, void *);

enum { CALLS_MOST = 4096, URL_MOST = 1024 };

struct call {
	struct pool_item item;
	struct evhttp_request *request; /* NULL: it was freed */
	bool used;
	struct oriel_context context; /* of who made it */
	struct life life;
	const char *error;
	void *arg;
	request_callback done, chunk;
	header_callback header;
	error_callback failed;
	struct client_request client;
	char url[URL_MOST];
};

static struct pool calls = { .item_bytes = sizeof(struct call), .n = CALLS_MOST };

static struct table_slot slots[2 * CALLS_MOST];
static const struct table call_of = { slots, 2 * CALLS_MOST };

static struct watch watch;
static __thread bool closing; /* in evhttp_connection_free: nobody is told */

/* ---- a call ----------------------------------------------------------------------------------- */

static void call_end(struct call *c, const struct evhttp_request *r)
{
	struct client_outcome o = { .request_bytes = -1, .response_bytes = -1 };

	if (r && r->response_code > 0)
		o.status = (unsigned)r->response_code;
	else
		o.error = c->error ? c->error : "connection_error";
	client_end(&c->client, &o);
}

/* The program's callbacks are its own again. */
static void call_drop(struct call *c)
{
	struct evhttp_request *r = c->request;

	if (r) {
		table_remove(&call_of, r);
		r->cb = c->done;
		r->cb_arg = c->arg;
		r->chunk_cb = c->chunk;
		r->header_cb = c->header;
		r->error_cb = c->failed;
	}
	c->used = false;
	oriel_context_release(&c->context);
	pool_give(&calls, c);
}

struct turn {
	struct oriel_context held;
	struct life before;
	unsigned token;
};

static void turn_begin(struct turn *t, const struct call *c)
{
	int kept = errno;

	t->token = oriel_context_attach(&c->context);
	t->held = oriel_context_capture();
	t->before = life_now;
	life_now = c->life;
	errno = kept;
}

static void turn_end(struct turn *t)
{
	int kept = errno;

	life_now = t->before;
	oriel_context_detach(t->token);
	oriel_context_release(&t->held);
	errno = kept;
}

static void done(struct evhttp_request *r, void *arg)
{
	struct call *c = arg;
	request_callback own = c->done;
	void *own_arg = c->arg;
	int kept = errno;
	struct turn t;

	call_end(c, r);
	turn_begin(&t, c);
	call_drop(c);
	errno = kept;
	if (own)
		own(r, own_arg);
	turn_end(&t);
}

static void chunk_came(struct evhttp_request *r, void *arg)
{
	struct call *c = arg;
	struct turn t;

	turn_begin(&t, c);
	c->chunk(r, c->arg);
	turn_end(&t);
}

static int header_came(struct evhttp_request *r, void *arg)
{
	struct call *c = arg;
	struct turn t;
	int result;

	turn_begin(&t, c);
	result = c->header(r, c->arg);
	turn_end(&t);
	return result;
}

static const char *error_name(enum evhttp_request_error e)
{
	switch (e) {
	case EVREQ_HTTP_TIMEOUT:
		return "timeout";
	case EVREQ_HTTP_INVALID_HEADER:
		return "invalid_header";
	case EVREQ_HTTP_REQUEST_CANCEL:
		return "cancelled";
	case EVREQ_HTTP_DATA_TOO_LONG:
		return "data_too_long";
	default:
		return "connection_error";
	}
}

static void failed(enum evhttp_request_error e, void *arg)
{
	struct call *c = arg;
	struct turn t;

	c->error = error_name(e);
	if (!c->failed)
		return;
	turn_begin(&t, c);
	c->failed(e, c->arg);
	turn_end(&t);
}

void evhttp_client_freed(const struct evhttp_request *request)
{
	struct call *c = table_remove(&call_of, request);

	if (!c)
		return;
	c->request = NULL;
	if (closing) {
		call_end(c, NULL);
		call_drop(c);
	}
}

/* ---- what the program calls -------------------------------------------------------------------- */

static const char *method_of(enum evhttp_cmd_type type)
{
	static const char *const names[] = { "GET",	"POST",	 "HEAD",    "PUT",  "DELETE",
					     "OPTIONS", "TRACE", "CONNECT", "PATCH" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((unsigned)type == 1u << i)
			return names[i];
	return "";
}

static size_t put(char *out, size_t at, struct str text)
{
	text = str_first(text, URL_MOST - at);
	if (text.n)
		memcpy(out + at, text.p, text.n);
	return at + text.n;
}

static size_t put_port(char *out, size_t at, unsigned port)
{
	char text[6];
	size_t i = sizeof(text);

	do
		text[--i] = (char)('0' + port % 10);
	while ((port /= 10) && i > 1);
	text[--i] = ':';
	return put(out, at, (struct str){ text + i, sizeof(text) - i });
}

static struct str url_of(struct call *c, struct evhttp_connection *connection, const char *uri)
{
	char *address = NULL;
	ev_uint16_t port = 0;
	bool six;
	size_t n;

	if (uri[0] != '/')
		return str_first(str_of(uri), URL_MOST);
	REAL(evhttp_connection_get_peer)(connection, &address, &port);
	six = address && strchr(address, ':');
	n = put(c->url, 0, six ? STR("http://[") : STR("http://"));
	n = put(c->url, n, str_of(address));
	n = put(c->url, n, six ? STR("]") : STR(""));
	if (port != 80)
		n = put_port(c->url, n, port);
	n = put(c->url, n, str_of(uri));
	return (struct str){ c->url, n };
}

static void field_set(void *carrier, const char *name, const char *value)
{
	struct evkeyvalq *fields = carrier;

	if (!REAL(evhttp_find_header)(fields, name))
		REAL(evhttp_add_header)(fields, name, value);
}

static struct call *call_new(struct evhttp_connection *connection, struct evhttp_request *r,
			     enum evhttp_cmd_type type, const char *uri)
{
	struct call *c = pool_open(&calls) ? pool_take(&calls) : NULL;

	if (!c || !table_put(&call_of, r, c)) {
		if (c)
			pool_give(&calls, c);
		agent_missed("evhttp");
		return NULL;
	}
	client_ready();
	c->context = oriel_context_capture();
	c->life = life_now;
	c->request = r;
	c->used = true;
	c->error = NULL;
	c->done = r->cb;
	c->arg = r->cb_arg;
	c->chunk = r->chunk_cb;
	c->header = r->header_cb;
	c->failed = r->error_cb;
	if (!client_begin(&c->client, &(struct client_seen){ .method = str_of(method_of(type)),
							     .url = url_of(c, connection, uri),
							     .scope = SCOPE_EVHTTP })) {
		call_drop(c);
		return NULL;
	}
	client_inject(&c->client, field_set, r->output_headers);
	r->cb = done;
	r->cb_arg = c;
	r->chunk_cb = c->chunk ? chunk_came : NULL;
	r->header_cb = c->header ? header_came : NULL;
	r->error_cb = failed;
	return c;
}

static bool all_there(void)
{
	for (int i = 0; i < N_CALLS; i++)
		if (!real_of(&real[i]))
			return false;
	return libevent_is_known();
}

HOOK int evhttp_make_request(struct evhttp_connection *connection, struct evhttp_request *r,
			     enum evhttp_cmd_type type, const char *uri)
{
	struct call *c = NULL;
	int result, kept = errno;
	evutil_socket_t (*fd_of)(struct bufferevent *);

	if (!REAL(evhttp_make_request))
		return -1;
	if (connection && r && uri && watches(&watch) && all_there() && !table_get(&call_of, r))
		c = call_new(connection, r, type, uri);
	errno = kept;
	result = REAL(evhttp_make_request)(connection, r, type, uri);
	if (!c)
		return result;
	kept = errno;
	if (result != 0 && c->used && (!c->request || c->request == r)) {
		call_end(c, NULL);
		call_drop(c);
	} else if (result == 0 && table_get(&call_of, r) == c) {
		fd_of = (evutil_socket_t(*)(struct bufferevent *))real_of(&getfd);
		if (fd_of)
			sockets_leave(fd_of(REAL(evhttp_connection_get_bufferevent)(connection)));
	}
	errno = kept;
	return result;
}

HOOK void evhttp_cancel_request(struct evhttp_request *r)
{
	struct call *c = table_get(&call_of, r);
	int kept;

	if (!REAL(evhttp_cancel_request))
		return;
	REAL(evhttp_cancel_request)(r);
	kept = errno;
	if (c && c->used && !c->request) {
		c->error = "cancelled";
		call_end(c, NULL);
		call_drop(c);
	}
	errno = kept;
}

HOOK void evhttp_connection_free(struct evhttp_connection *connection)
{
	bool before = closing;

	if (!REAL(evhttp_connection_free))
		return;
	closing = true;
	REAL(evhttp_connection_free)(connection);
	closing = before;
}

HOOK void evhttp_request_set_chunked_cb(struct evhttp_request *r, request_callback call)
{
	struct call *c = table_get(&call_of, r);

	if (!REAL(evhttp_request_set_chunked_cb))
		return;
	if (c)
		c->chunk = call;
	REAL(evhttp_request_set_chunked_cb)(r, c && call ? chunk_came : call);
}

HOOK void evhttp_request_set_header_cb(struct evhttp_request *r, header_callback call)
{
	struct call *c = table_get(&call_of, r);

	if (!REAL(evhttp_request_set_header_cb))
		return;
	if (c)
		c->header = call;
	REAL(evhttp_request_set_header_cb)(r, c && call ? header_came : call);
}

HOOK void evhttp_request_set_error_cb(struct evhttp_request *r, error_callback call)
{
	struct call *c = table_get(&call_of, r);

	if (!REAL(evhttp_request_set_error_cb))
		return;
	if (c)
		c->failed = call;
	else
		REAL(evhttp_request_set_error_cb)(r, call);
}

const struct watched watched_evhttp_client = {
	.name = "evhttp-client",
	.summary = "HTTP requests that the program makes with libevent",
	.watch = &watch,
	.passes = contexts_pass,
};
