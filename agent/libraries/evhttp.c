/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evhttp: a server span for each request that libevent's HTTP server answers.
 *
 *     evhttp_new               a server is known from here on
 *     evhttp_request_new       the library makes a request; its callback becomes ours
 *     handle                   it was read: the span begins, and is current in the program's callback
 *     evhttp_set_cb            the path that the callback was set for is the route
 *     evhttp_response_code_    whatever the answer is: its status, and our field in it
 *     on_complete              it was sent: the span ends; the program's own is called from ours
 *     evhttp_request_free      it ends here at the latest
 *
 * These are calls that the library makes through its own table of functions, so that requests that
 * no callback of the program's sees are seen: 400, 404, 501. A library that was linked so that it
 * doesn't is not watched here.
 *
 * A server, its connections and requests belong to one thread at a time, as evhttp wants it.
 */
#define REAL_LIBRARY libevent_extra
#include <errno.h>
#include <sys/queue.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "agent/agent.h"
#include "agent/libraries/evhttp-client.h"
#include "agent/libraries/libevent.h"
#include "agent/life.h"
#include "agent/http/peer.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/http/server.h"
#include "agent/sockets/sockets.h"
#include "agent/table.h"
#include "wire/record.h"

struct bufferevent;
struct ssl_st;

/* The library's own, which it exports but declares in no header. */
void evhttp_response_code_(struct evhttp_request *request, int code, const char *reason);
void evhttp_send_page_(struct evhttp_request *request, struct evbuffer *page);

#define CALLS(X) \
	X(evhttp_new) \
	X(evhttp_free) \
	X(evhttp_bind_listener) \
	X(evhttp_bound_socket_get_fd) \
	X(evhttp_set_cb) \
	X(evhttp_del_cb) \
	X(evhttp_request_new) \
	X(evhttp_request_free) \
	X(evhttp_request_set_on_complete_cb) \
	X(evhttp_response_code_) \
	X(evhttp_send_page_) \
	X(evhttp_clear_headers) \
	X(evhttp_find_header) \
	X(evhttp_add_header) \
	X(evhttp_connection_get_bufferevent)

REAL_TABLE(CALLS);

static struct real_library tls_library;
static struct real get_ssl = { .name = "bufferevent_openssl_get_ssl", .library = &tls_library };

typedef void (*request_callback)(struct evhttp_request *, void *);
typedef struct ssl_st *(*get_ssl_call)(struct bufferevent *);

struct route {
	struct pool_item item;
	struct route *next;
	request_callback call;
	void *arg;
	uint8_t n;
	char path[SERVER_ROUTE_MOST];
};

struct server {
	struct pool_item item;
	struct route *routes;
	get_ssl_call get_ssl; /* NULL: TLS isn't there */
	bool stopping;
};

struct request {
	struct pool_item item;
	_Atomic uint32_t ended; /* how many requests this item has been */
	struct evhttp_request *request;
	struct server *server;
	uint16_t status; /* 0: nothing was sent */
	bool attached;	 /* its code runs: the end waits for that */
	bool sent, gone;
	request_callback complete; /* the program's own */
	void *complete_arg;
	struct server_request served;
};

enum { REQUESTS_MOST = 4096, SERVERS_MOST = 256, ROUTES_MOST = 4096 };

static struct pool requests = { .item_bytes = sizeof(struct request), .n = REQUESTS_MOST };
static struct pool servers = { .item_bytes = sizeof(struct server), .n = SERVERS_MOST };
static struct pool routes = { .item_bytes = sizeof(struct route), .n = ROUTES_MOST };

static struct table_slot request_slots[2 * REQUESTS_MOST];
static const struct table request_of = { request_slots, 2 * REQUESTS_MOST };

static struct table_slot server_slots[2 * SERVERS_MOST];
static const struct table server_of = { server_slots, 2 * SERVERS_MOST };

static struct watch watch;
static _Atomic(request_callback) handle_real; /* the library's */
static __thread struct request *sending_page; /* whose header list is being made anew */

/* ---- a request ------------------------------------------------------------------------------- */

static const char *method_of(const struct evhttp_request *r)
{
	switch (r->type) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	case EVHTTP_REQ_OPTIONS:
		return "OPTIONS";
	case EVHTTP_REQ_TRACE:
		return "TRACE";
	case EVHTTP_REQ_CONNECT:
		return "CONNECT";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	}
	return NULL; /* evhttp keeps none that it doesn't know */
}

static struct str version_of(const struct evhttp_request *r)
{
	if (r->major != 1)
		return (struct str){ 0 };
	return r->minor ? STR("HTTP/1.1") : STR("HTTP/1.0");
}

static const char *header_get(void *request, const char *name)
{
	const struct evhttp_request *r = request;

	return REAL(evhttp_find_header)(r->input_headers, name);
}

static bool is_https(const struct server *s, const struct evhttp_request *r)
{
	return s->get_ssl && r->evcon && REAL(evhttp_connection_get_bufferevent) &&
	       s->get_ssl(REAL(evhttp_connection_get_bufferevent)(r->evcon));
}

static void complete(struct evhttp_request *r, void *arg);

static struct request *request_begin(struct evhttp_request *r, struct server *s)
{
	struct request *q = pool_take(&requests);
	const struct evkeyval *field;
	struct sockaddr_in6 room;
	struct headers h;

	if (!q || !table_put(&request_of, r, q)) {
		if (q)
			pool_give(&requests, q);
		agent_missed("evhttp");
		return NULL;
	}
	server_ready();
	q->request = r;
	q->server = s;
	q->status = 0;
	q->attached = q->sent = q->gone = false;
	q->complete = r->on_complete_cb;
	q->complete_arg = r->on_complete_cb_arg;
	headers_begin(&h, header_get, r);
	TAILQ_FOREACH(field, r->input_headers, next)
	headers_see(&h, field->key, field->value);
	server_begin(&q->served,
		     &(struct server_seen){
			     .method = str_of(method_of(r)),
			     .target = str_of(r->uri),
			     .version = version_of(r),
			     .headers = &h,
			     .peer = peer_of_text(r->remote_host, r->remote_port, &room),
			     .https = is_https(s, r),
			     .scope = SCOPE_EVHTTP,
		     });
	REAL(evhttp_request_set_on_complete_cb)(r, complete, q);
	return q;
}

static void request_end(struct request *q)
{
	struct server_outcome o = { .status = q->status,
				    .request_bytes = -1,
				    .response_bytes = -1 };

	if (!q->sent && q->server && q->server->stopping) {
		o.error = "shutdown";
		o.message = "The server was stopped.";
	} else if (!q->sent && q->gone && q->attached && !q->status) {
		o.error = "refused";
		o.message = "The handler closed the connection.";
	} else if (!q->sent) {
		o = server_client_closed(q->status, true);
	}
	server_end(&q->served, &o);
	atomic_fetch_add_explicit(&q->ended, 1, memory_order_relaxed);
}

static void request_drop(struct request *q)
{
	request_end(q);
	q->attached = false;
	pool_give(&requests, q);
}

static void id_add(struct request *q, struct evkeyvalq *fields)
{
	const char *name = server_id_header();

	if (name && q->served.id[0] && fields && !REAL(evhttp_find_header)(fields, name))
		REAL(evhttp_add_header)(fields, name, q->served.id);
}

/* ---- what the library calls -------------------------------------------------------------------- */

/* In the context of the request: its code, which may end it. */
static void run(struct request *q, request_callback call, struct evhttp_request *r, void *arg)
{
	struct life before = life_now;
	bool outer = q->attached;
	unsigned token = oriel_context_attach(server_context(&q->served));
	int kept;

	life_now =
		(struct life){ &q->ended, atomic_load_explicit(&q->ended, memory_order_relaxed) };
	q->attached = true;
	call(r, arg);
	kept = errno;
	life_now = before;
	oriel_context_detach(token);
	if (!outer && q->gone)
		request_drop(q);
	else
		q->attached = outer;
	errno = kept;
}

static void handle(struct evhttp_request *r, void *http)
{
	request_callback call = atomic_load_explicit(&handle_real, memory_order_relaxed);
	struct server *s = watches(&watch) ? table_get(&server_of, http) : NULL;
	int kept = errno;
	struct request *q = s ? table_get(&request_of, r) : NULL;

	if (s && !q)
		q = request_begin(r, s);
	errno = kept;
	if (q)
		run(q, call, r, http);
	else
		call(r, http);
}

static void complete(struct evhttp_request *r, void *arg)
{
	struct request *q = arg;

	if (q->request != r)
		return;
	q->sent = true;
	if (q->complete)
		run(q, q->complete, r, q->complete_arg);
}

static void routed(struct evhttp_request *r, void *arg)
{
	const struct route *route = arg;
	struct request *q = table_get(&request_of, r);
	request_callback call = route->call;
	void *call_arg = route->arg;
	int kept = errno;

	if (q)
		server_route(&q->served, (struct str){ route->path, route->n });
	errno = kept;
	call(r, call_arg);
}

/* The library's requests that it makes for a server; others are the program's, for a client. */
HOOK struct evhttp_request *evhttp_request_new(request_callback call, void *arg)
{
	request_callback none = NULL;

	if (!REAL(evhttp_request_new))
		return NULL;
	if (!watches(&watch) || !table_get(&server_of, arg) ||
	    !real_calls_itself(&libevent_extra, __builtin_return_address(0)))
		return REAL(evhttp_request_new)(call, arg);
	if (atomic_compare_exchange_strong_explicit(&handle_real, &none, call, memory_order_relaxed,
						    memory_order_relaxed) ||
	    none == call)
		call = handle;
	return REAL(evhttp_request_new)(call, arg);
}

HOOK void evhttp_request_free(struct evhttp_request *r)
{
	struct request *q = table_remove(&request_of, r);
	int kept;

	if (!REAL(evhttp_request_free))
		return;
	REAL(evhttp_request_free)(r);
	kept = errno;
	evhttp_client_freed(r);
	errno = kept;
	if (!q)
		return;
	q->gone = true;
	q->request = NULL;
	if (!q->attached)
		request_drop(q);
	errno = kept;
}

HOOK void evhttp_response_code_(struct evhttp_request *r, int code, const char *reason)
{
	struct request *q;
	int kept = errno;

	if (!REAL(evhttp_response_code_))
		return;
	REAL(evhttp_response_code_)(r, code, reason);
	q = table_get(&request_of, r);
	if (!q)
		return;
	q->status = code > 0 && code < 1000 ? (uint16_t)code : 0;
	id_add(q, r->output_headers);
	errno = kept;
}

/* An error page has no fields but its own, and ours: the list is cleared within. */
HOOK void evhttp_send_page_(struct evhttp_request *r, struct evbuffer *page)
{
	struct request *before = sending_page;

	if (!REAL(evhttp_send_page_))
		return;
	sending_page = table_get(&request_of, r);
	REAL(evhttp_send_page_)(r, page);
	sending_page = before;
}

HOOK void evhttp_clear_headers(struct evkeyvalq *fields)
{
	struct request *q = sending_page;

	if (!REAL(evhttp_clear_headers))
		return;
	REAL(evhttp_clear_headers)(fields);
	if (!q || !q->request || fields != q->request->output_headers)
		return;
	sending_page = NULL;
	id_add(q, fields);
}

/* ---- what the program calls -------------------------------------------------------------------- */

static void server_add(const struct evhttp *http)
{
	struct server *s = table_remove(&server_of, http);

	for (int i = 0; i < N_CALLS; i++)
		if (!real_of(&real[i]))
			return;
	if (!libevent_is_known() || !pool_open(&requests) || !pool_open(&servers) ||
	    !pool_open(&routes))
		return;
	if (!s)
		s = pool_take(&servers);
	if (s) {
		s->routes = NULL;
		s->get_ssl = (get_ssl_call)real_of(&get_ssl);
		s->stopping = false;
		if (table_put(&server_of, http, s))
			return;
		pool_give(&servers, s);
	}
	agent_missed("evhttp");
}

HOOK struct evhttp *evhttp_new(struct event_base *base)
{
	struct evhttp *http;
	int kept;

	if (!REAL(evhttp_new))
		return NULL;
	http = REAL(evhttp_new)(base);
	kept = errno;
	if (http)
		server_add(http);
	errno = kept;
	return http;
}

/* It ends its connections' requests. A virtual host goes with the server that it was added to. */
HOOK void evhttp_free(struct evhttp *http)
{
	struct server *s = table_get(&server_of, http);
	int kept;

	if (!REAL(evhttp_free))
		return;
	if (s)
		s->stopping = true;
	REAL(evhttp_free)(http);
	if (!s)
		return;
	kept = errno;
	table_remove(&server_of, http);
	while (s->routes) {
		struct route *route = s->routes;

		s->routes = route->next;
		pool_give(&routes, route);
	}
	pool_give(&servers, s);
	errno = kept;
}

/* Every way to listen comes here. The connections are accepted by libevent for whoever asked. */
HOOK struct evhttp_bound_socket *evhttp_bind_listener(struct evhttp *http,
						      struct evconnlistener *listener)
{
	struct evhttp_bound_socket *bound;
	int kept;

	if (!REAL(evhttp_bind_listener))
		return NULL;
	bound = REAL(evhttp_bind_listener)(http, listener);
	kept = errno;
	if (bound && table_get(&server_of, http) && REAL(evhttp_bound_socket_get_fd))
		sockets_leave(REAL(evhttp_bound_socket_get_fd)(bound));
	errno = kept;
	return bound;
}

static struct route *route_new(const char *path, request_callback call, void *arg)
{
	struct route *route = pool_take(&routes);

	if (!route) {
		agent_missed("evhttp");
		return NULL;
	}
	route->call = call;
	route->arg = arg;
	route->n = (uint8_t)strnlen(path, sizeof(route->path));
	memcpy(route->path, path, route->n);
	return route;
}

/* A path that is longer than a route can be has none. */
HOOK int evhttp_set_cb(struct evhttp *http, const char *path, request_callback call, void *arg)
{
	struct server *s = path && call ? table_get(&server_of, http) : NULL;
	struct route *route;
	int r, kept = errno;

	if (!REAL(evhttp_set_cb))
		return -2;
	route = s && strlen(path) <= SERVER_ROUTE_MOST ? route_new(path, call, arg) : NULL;
	errno = kept;
	if (!route)
		return REAL(evhttp_set_cb)(http, path, call, arg);
	r = REAL(evhttp_set_cb)(http, path, routed, route);
	kept = errno;
	if (r == 0) {
		route->next = s->routes;
		s->routes = route;
	} else {
		pool_give(&routes, route);
	}
	errno = kept;
	return r;
}

HOOK int evhttp_del_cb(struct evhttp *http, const char *path)
{
	struct server *s = table_get(&server_of, http);
	struct str text = str_of(path);
	int r, kept;

	if (!REAL(evhttp_del_cb))
		return -1;
	r = REAL(evhttp_del_cb)(http, path);
	kept = errno;
	for (struct route **at = s && r == 0 ? &s->routes : NULL; at && *at; at = &(*at)->next) {
		struct route *route = *at;

		if (!str_eq((struct str){ route->path, route->n }, text))
			continue;
		*at = route->next;
		pool_give(&routes, route);
		break;
	}
	errno = kept;
	return r;
}

HOOK void evhttp_request_set_on_complete_cb(struct evhttp_request *r, request_callback call,
					    void *arg)
{
	struct request *q = table_get(&request_of, r);

	if (!REAL(evhttp_request_set_on_complete_cb))
		return;
	if (!q) {
		REAL(evhttp_request_set_on_complete_cb)(r, call, arg);
		return;
	}
	q->complete = call;
	q->complete_arg = arg;
}

const struct watched watched_evhttp = {
	.name = "evhttp",
	.aliases = "http,server",
	.summary = "HTTP requests that libevent's server answers",
	.watch = &watch,
	.passes = contexts_pass,
};
