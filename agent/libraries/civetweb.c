/* SPDX-License-Identifier: Apache-2.0 */
/*
 * civetweb: a server span for each request.
 *
 *     mg_start, mg_start2      the program's callbacks, with some of ours in between
 *     begin_request            the span begins, and is current in this thread until it ends
 *     mg_set_request_handler   the pattern that a handler was set for is the route
 *     mg_write                 whatever is written goes by here, also by mg_printf and by civetweb
 *                              itself: the status line, and our field before the empty line
 *     http_error               civetweb refuses something: also what it could not read as a request
 *     end_request              the span ends; for what never began so, connection_close
 *
 * A thread serves a request from its beginning to its end. A websocket's span ends at 101, before
 * its frames. The structs of another version than the one we were built for are not ours to copy:
 * such a server is left alone.
 */
#include <errno.h>
#include <civetweb.h>

#include "agent/agent.h"
#include "agent/http/head.h"
#include "agent/life.h"
#include "agent/http/peer.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/http/server.h"
#include "agent/sockets/sockets.h"
#include "agent/table.h"
#include "wire/record.h"

#define CALLS(X) \
	X(mg_start) \
	X(mg_start2) \
	X(mg_stop) \
	X(mg_version) \
	X(mg_write) \
	X(mg_get_context) \
	X(mg_get_header) \
	X(mg_get_request_info) \
	X(mg_set_request_handler)

static struct real_library library;
REAL_TABLE(CALLS);

enum { REQUESTS_MOST = 4096, SERVERS_MOST = 256, HANDLERS_MOST = 1024, TARGET_MOST = 800 };
enum { FIELD_MOST = 160, WRITE_MOST = 1400 };

struct server {
	struct pool_item item;
	struct mg_callbacks own; /* the program's */
	const struct mg_context *context;
};

struct request {
	struct pool_item item;
	_Atomic uint32_t ended; /* how many requests this item has been */
	const struct mg_connection *connection;
	const struct server *server;
	bool handled; /* begin_request came, and end_request will */
	bool broken;  /* a write failed */
	unsigned token;
	struct life before;
	struct head head;
	struct server_request served;
	char target[TARGET_MOST];
};

static struct pool requests = { .item_bytes = sizeof(struct request), .n = REQUESTS_MOST };
static struct pool servers = { .item_bytes = sizeof(struct server), .n = SERVERS_MOST };

static struct table_slot request_slots[2 * REQUESTS_MOST];
static const struct table request_of = { request_slots, 2 * REQUESTS_MOST };

static struct table_slot server_slots[2 * SERVERS_MOST];
static const struct table server_of = { server_slots, 2 * SERVERS_MOST };

static struct watch watch;
static __thread struct server *starting; /* whose threads begin before mg_start returns */

/* ---- a request ------------------------------------------------------------------------------- */

/* civetweb cuts the query off with a NUL of its own. */
static struct str target_of(const struct mg_request_info *info, char room[TARGET_MOST])
{
	struct str path = str_first(str_of(info->request_uri), TARGET_MOST);
	struct str query = str_of(info->query_string);
	size_t n = path.n;

	if (!query.n || n + 1 >= TARGET_MOST)
		return path;
	query = str_first(query, TARGET_MOST - n - 1);
	memcpy(room, path.p, n);
	room[n++] = '?';
	memcpy(room + n, query.p, query.n);
	return (struct str){ room, n + query.n };
}

static struct str version_of(const struct mg_request_info *info)
{
	if (!info->http_version)
		return (struct str){ 0 };
	if (!strcmp(info->http_version, "1.1"))
		return STR("HTTP/1.1");
	return !strcmp(info->http_version, "1.0") ? STR("HTTP/1.0") : (struct str){ 0 };
}

static const char *header_get(void *connection, const char *name)
{
	return REAL(mg_get_header)(connection, name);
}

static void request_seen(struct request *q, const struct mg_request_info *info, bool whole)
{
	static const struct mg_request_info none;
	struct sockaddr_in6 room;
	struct headers h;

	if (!info)
		info = &none;
	headers_begin(&h, header_get, (void *)q->connection);
	for (int i = 0; whole && i < info->num_headers && i < MG_MAX_HEADERS; i++)
		headers_see(&h, info->http_headers[i].name, info->http_headers[i].value);
	server_begin(&q->served,
		     &(struct server_seen){
			     .method = whole ? str_of(info->request_method) : (struct str){ 0 },
			     .target = whole ? target_of(info, q->target) : (struct str){ 0 },
			     .version = whole ? version_of(info) : (struct str){ 0 },
			     .headers = &h,
			     .peer = peer_of_text(info->remote_addr, info->remote_port, &room),
			     .https = info->is_ssl,
			     .scope = SCOPE_CIVETWEB,
		     });
}

/* `whole`: civetweb has read it; else it could not. */
static struct request *request_begin(const struct mg_connection *c, const struct server *s,
				     bool whole)
{
	struct request *q = pool_take(&requests);

	if (!q || !table_put(&request_of, c, q)) {
		if (q)
			pool_give(&requests, q);
		agent_missed("civetweb");
		return NULL;
	}
	server_ready();
	q->connection = c;
	q->server = s;
	q->handled = q->broken = false;
	q->token = 0;
	request_seen(q, REAL(mg_get_request_info)(c), whole);
	head_begin(&q->head, HEAD_HTTP, server_id_header());
	return q;
}

static void request_enter(struct request *q)
{
	q->token = oriel_context_attach(server_context(&q->served));
	q->before = life_now;
	life_now = life_of(&q->ended);
}

/* `status`: as civetweb logs it, if nothing was seen of it. */
static void request_end(struct request *q, int status)
{
	struct server_outcome o = { .request_bytes = -1, .response_bytes = -1 };

	o.status = q->head.status;
	if (!q->head.done && status >= 100 && status < 600)
		o.status = (unsigned)status;
	if (q->token) {
		oriel_context_detach(q->token);
		life_now = q->before;
	}
	if (q->broken) {
		o = server_client_closed(o.status, q->handled);
	} else if (!o.status) {
		o.error = "refused";
		o.message = "The handler sent no response.";
	}
	server_end(&q->served, &o);
	atomic_fetch_add_explicit(&q->ended, 1, memory_order_relaxed);
	table_remove(&request_of, q->connection);
	pool_give(&requests, q);
}

/* ---- what is written --------------------------------------------------------------------------- */

/*
 * The bytes with our field in them, at `k`; in one write if they are short, as they were. As many
 * are told as the program gave.
 */
static int write_with_field(struct request *q, struct mg_connection *c, const char *p, size_t n,
			    size_t k)
{
	char field[FIELD_MOST], all[WRITE_MOST];
	size_t n_field = head_field(&q->head, q->served.id, field, sizeof(field));
	int r;

	if (!n_field)
		return REAL(mg_write)(c, p, n);
	if (n + n_field <= sizeof(all)) {
		memcpy(all, p, k);
		memcpy(all + k, field, n_field);
		memcpy(all + k + n_field, p + k, n - k);
		r = REAL(mg_write)(c, all, n + n_field);
		return r == (int)(n + n_field) ? (int)n : r > (int)n ? (int)n : r;
	}
	if (k > 0) {
		r = REAL(mg_write)(c, p, k);
		if (r != (int)k)
			return r;
	}
	r = REAL(mg_write)(c, field, n_field);
	if (r == (int)n_field)
		r = REAL(mg_write)(c, p + k, n - k);
	else
		r = -1;
	return r < 0 ? r : (int)k + r;
}

HOOK int mg_write(struct mg_connection *c, const void *bytes, size_t n)
{
	struct request *q = table_get(&request_of, c);
	size_t k = SIZE_MAX;
	int r, kept = errno;

	if (!REAL(mg_write))
		return -1;
	if (!q)
		return REAL(mg_write)(c, bytes, n);
	if (!q->head.done && bytes)
		k = head_follow(&q->head, bytes, n);
	errno = kept;
	if (k <= n && q->served.id[0])
		r = write_with_field(q, c, bytes, n, k);
	else
		r = REAL(mg_write)(c, bytes, n);
	kept = errno;
	if (n > 0 && r < (int)n)
		q->broken = true;
	if (q->head.done && q->head.status == 101)
		request_end(q, 101);
	errno = kept;
	return r;
}

/* ---- what civetweb calls ----------------------------------------------------------------------- */

static struct server *server_at(const struct mg_connection *c)
{
	return table_get(&server_of, REAL(mg_get_context)(c));
}

static int begun(struct mg_connection *c)
{
	const struct server *s = server_at(c);
	int kept = errno;
	struct request *q;

	if (!s)
		return 0;
	q = table_get(&request_of, c);
	if (q)
		request_end(q, 0);
	q = watches(&watch) ? request_begin(c, s, true) : NULL;
	if (q) {
		q->handled = true;
		request_enter(q);
	}
	errno = kept;
	return s->own.begin_request ? s->own.begin_request(c) : 0;
}

static void ended(const struct mg_connection *c, int status)
{
	const struct server *s = server_at(c);
	struct request *q;
	int kept;

	if (!s)
		return;
	if (s->own.end_request)
		s->own.end_request(c, status);
	kept = errno;
	q = table_get(&request_of, c);
	if (q)
		request_end(q, status);
	errno = kept;
}

/* 1: civetweb makes the page. */
static int error_comes(struct mg_connection *c, int status, const char *text)
{
	const struct server *s = server_at(c);
	int kept = errno;

	if (!s)
		return 1;
	if (watches(&watch) && !table_get(&request_of, c))
		request_begin(c, s, false);
	errno = kept;
	return s->own.http_error ? s->own.http_error(c, status, text) : 1;
}

static void closing(const struct mg_connection *c)
{
	const struct server *s = server_at(c);
	struct request *q = table_get(&request_of, c);
	int kept = errno;

	if (q)
		request_end(q, 0);
	errno = kept;
	if (s && s->own.connection_close)
		s->own.connection_close(c);
}

static void context_made(const struct mg_context *context)
{
	struct server *s = starting;

	starting = NULL;
	if (!s)
		return;
	if (table_put(&server_of, context, s))
		s->context = context;
	else
		agent_missed("civetweb");
	if (s->own.init_context)
		s->own.init_context(context);
}

/* ---- starting and stopping ------------------------------------------------------------------------ */

static bool version_is_known(void)
{
	for (int i = 0; i < N_CALLS; i++)
		if (!real_of(&real[i]))
			return false;
	return !strcmp(REAL(mg_version)(), CIVETWEB_VERSION);
}

/* The program's callbacks with ours, in `out`; NULL: not to be watched. */
static struct server *server_new(const struct mg_callbacks *own, struct mg_callbacks *out)
{
	struct server *s = NULL;

	if (version_is_known() && pool_open(&requests) && pool_open(&servers))
		s = pool_take(&servers);
	if (!s) {
		agent_missed("civetweb");
		return NULL;
	}
	s->context = NULL;
	memset(&s->own, 0, sizeof(s->own));
	if (own)
		s->own = *own;
	*out = s->own;
	out->begin_request = begun;
	out->end_request = ended;
	out->http_error = error_comes;
	out->connection_close = closing;
	out->init_context = context_made;
	return s;
}

/* A context that civetweb could not start is gone. */
static struct mg_context *started(struct mg_context *context, struct server *s)
{
	starting = NULL;
	if (!context) {
		table_remove(&server_of, s->context);
		pool_give(&servers, s);
	}
	return context;
}

HOOK struct mg_context *mg_start(const struct mg_callbacks *own, void *user_data,
				 const char **options)
{
	struct mg_callbacks callbacks;
	struct server *s;
	int kept = errno;

	if (!REAL(mg_start))
		return NULL;
	s = watches(&watch) ? server_new(own, &callbacks) : NULL;
	errno = kept;
	if (!s)
		return REAL(mg_start)(own, user_data, options);
	starting = s;
	return started(REAL(mg_start)(&callbacks, user_data, options), s);
}

/* mg_start comes here, too, from within. */
HOOK struct mg_context *mg_start2(struct mg_init_data *init, struct mg_error_data *error)
{
	struct mg_callbacks callbacks;
	struct mg_init_data changed;
	struct server *s;
	int kept = errno;

	if (!REAL(mg_start2))
		return NULL;
	s = init && watches(&watch) && !starting &&
			    !(init->callbacks && init->callbacks->begin_request == begun)
		    ? server_new(init->callbacks, &callbacks)
		    : NULL;
	errno = kept;
	if (!s)
		return REAL(mg_start2)(init, error);
	changed = *init;
	changed.callbacks = &callbacks;
	starting = s;
	return started(REAL(mg_start2)(&changed, error), s);
}

/* ---- routes ------------------------------------------------------------------------------------ */

/* In a list of its own, as nobody says when civetweb lets go of one. */
struct handler {
	_Atomic(struct mg_context *) context; /* NULL: free */
	mg_request_handler call;
	void *arg;
	uint8_t n;
	char uri[SERVER_ROUTE_MOST];
};

static struct handler handlers[HANDLERS_MOST];
static char filling; /* its address stands for a context while an item is filled */

static int handled(struct mg_connection *c, void *arg)
{
	const struct handler *h = arg;
	struct request *q = table_get(&request_of, c);
	int kept = errno;

	if (q)
		server_route(&q->served, (struct str){ h->uri, h->n });
	errno = kept;
	return h->call(c, h->arg);
}

static struct handler *handler_new(struct mg_context *context, const char *uri,
				   mg_request_handler call, void *arg)
{
	for (size_t i = 0; i < HANDLERS_MOST; i++) {
		struct handler *h = &handlers[i];
		struct mg_context *none = NULL;

		if (!atomic_compare_exchange_strong(&h->context, &none, (void *)&filling))
			continue;
		h->call = call;
		h->arg = arg;
		h->n = (uint8_t)strlen(uri);
		memcpy(h->uri, uri, h->n);
		atomic_store(&h->context, context);
		return h;
	}
	agent_missed("civetweb");
	return NULL;
}

/* Those that are nobody's now: of this context, and of this uri if there is one. */
static void handlers_drop(struct mg_context *context, const char *uri, const struct handler *but)
{
	for (size_t i = 0; i < HANDLERS_MOST; i++) {
		struct handler *h = &handlers[i];

		if (h == but || atomic_load(&h->context) != context)
			continue;
		if (!uri || str_eq((struct str){ h->uri, h->n }, str_of(uri)))
			atomic_store(&h->context, NULL);
	}
}

/* It returns when no thread is in the handler that it replaces. */
HOOK void mg_set_request_handler(struct mg_context *context, const char *uri,
				 mg_request_handler call, void *arg)
{
	struct handler *h = NULL;

	if (!REAL(mg_set_request_handler))
		return;
	if (call && uri && strlen(uri) <= SERVER_ROUTE_MOST && table_get(&server_of, context))
		h = handler_new(context, uri, call, arg);
	if (h)
		REAL(mg_set_request_handler)(context, uri, handled, h);
	else
		REAL(mg_set_request_handler)(context, uri, call, arg);
	if (uri && table_get(&server_of, context))
		handlers_drop(context, uri, h);
}

/* No callback comes after it has returned. */
HOOK void mg_stop(struct mg_context *context)
{
	struct server *s;

	if (!REAL(mg_stop))
		return;
	REAL(mg_stop)(context);
	s = table_remove(&server_of, context);
	if (!s)
		return;
	handlers_drop(context, NULL, NULL);
	pool_give(&servers, s);
}

static void civetweb_start(void)
{
	sockets_own(&library);
}

const struct watched watched_civetweb = {
	.name = "civetweb",
	.aliases = "http,server",
	.summary = "HTTP requests that civetweb answers in the program",
	.start = civetweb_start,
	.watch = &watch,
	.passes = contexts_pass,
};
