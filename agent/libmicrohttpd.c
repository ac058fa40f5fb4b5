/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd: a server span for each request.
 *
 *     request line      uri_seen         takes a request from the pool; it is MHD's con_cls
 *     handler calls     handle           the first begins the span; each runs inside its context
 *     response          MHD_queue_response   the status, also from another thread
 *     end               completed        however it ended: ends the span
 *
 * The program's handler gets &request->app as its con_cls, so it finds there just what it put. When
 * the pool is empty the program's con_cls goes straight through and the request is not watched.
 *
 * A start with an option that we don't know is passed on untouched: nothing of that daemon is seen.
 * Plain MHD knows no routes, so there is no http.route and the span's name is the method.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdarg.h>
#include <microhttpd.h>
#include <strings.h>

#include "agent/http.h"
#include "agent/mhd-options.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/table.h"
#include "wire/record.h"

#define CALLS(X) \
	X(MHD_start_daemon) \
	X(MHD_start_daemon_va) \
	X(MHD_stop_daemon) \
	X(MHD_queue_response) \
	X(MHD_get_connection_info) \
	X(MHD_get_connection_values) \
	X(MHD_lookup_connection_value)

enum {
#define X(call) CALL_##call,
	CALLS(X) N_CALLS
#undef X
};

static struct real_library library;
static struct real real[] = {
#define X(call) { .name = #call, .library = &library },
	CALLS(X)
#undef X
};

#define REAL(call) ((__typeof__(call) *)real_of(&real[CALL_##call]))

/* A watched daemon: what the program asked for. Freed when it is stopped. */
struct daemon {
	struct pool_item item;
	MHD_AccessHandlerCallback handler;
	void *handler_cls;
	mhd_uri_log uri_log;
	void *uri_log_cls;
	MHD_RequestCompletedCallback completed;
	void *completed_cls;
	bool tls;
};

enum { URI_MOST = 800 };

struct request {
	struct pool_item item;
	bool handled; /* the program's handler was called */
	bool begun, ended;
	bool refused;		 /* the handler answered MHD_NO */
	_Atomic uint16_t status; /* of the response that was queued */
	uint16_t uri_n;
	void *app; /* the program's con_cls */
	struct daemon *daemon;
	struct MHD_Connection *connection;
	const char *method, *version; /* as metric labels; these texts stay */
	uint64_t begin_ns;
	struct oriel_context parent;
	struct oriel_span span;
	char uri[URI_MOST];
};

enum { REQUESTS_MOST = 4096, DAEMONS_MOST = 64 };

static struct pool requests = { .item_bytes = sizeof(struct request), .n = REQUESTS_MOST };
static struct pool daemons = { .item_bytes = sizeof(struct daemon), .n = DAEMONS_MOST };

static struct table_slot connection_slots[2 * REQUESTS_MOST];
static const struct table connections = { connection_slots, 2 * REQUESTS_MOST };

static struct table_slot daemon_slots[2 * DAEMONS_MOST];
static const struct table daemon_of = { daemon_slots, 2 * DAEMONS_MOST };

static struct oriel_histogram *_Atomic duration;

/* ---- a request's headers ------------------------------------------------------------------ */

enum { JOINED_MOST = 1024 };

struct headers {
	struct MHD_Connection *connection;
	const char *traceparent, *tracestate, *baggage, *host, *user_agent;
	bool two_parents;
	bool context; /* something that may carry one: traceparent, b3, baggage, uber-, x- */
	size_t n;     /* bytes of `joined` */
	char joined[JOINED_MOST];
};

/* tracestate and baggage may come in several headers, which together are one list. */
static const char *join(struct headers *h, const char *first, const char *more)
{
	size_t first_n = strlen(first), more_n = strlen(more);
	char *at = h->joined + h->n;

	if (first_n + more_n + 2 > JOINED_MOST - h->n)
		return first;
	memcpy(at, first, first_n);
	at[first_n] = ',';
	memcpy(at + first_n + 1, more, more_n + 1);
	h->n += first_n + more_n + 2;
	return at;
}

static enum MHD_Result header_seen(void *arg, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	struct headers *h = arg;

	(void)kind;
	if (!key || !value)
		return MHD_YES;
	switch (str_lower(key[0])) {
	case 't':
		h->context = true;
		if (!strcasecmp(key, "traceparent")) {
			h->two_parents |= h->traceparent != NULL;
			h->traceparent = value;
		} else if (!strcasecmp(key, "tracestate")) {
			h->tracestate = h->tracestate ? join(h, h->tracestate, value) : value;
		}
		break;
	case 'b':
		h->context = true;
		if (!strcasecmp(key, "baggage"))
			h->baggage = h->baggage ? join(h, h->baggage, value) : value;
		break;
	case 'h':
		if (!strcasecmp(key, "host"))
			h->host = value;
		break;
	case 'u':
		if (!strcasecmp(key, "user-agent"))
			h->user_agent = value;
		else
			h->context = true;
		break;
	case 'x':
		h->context = true;
		break;
	}
	return MHD_YES;
}

static const char *header_get(void *arg, const char *name)
{
	struct headers *h = arg;

	if (!strcmp(name, "traceparent"))
		return h->two_parents ? NULL : h->traceparent;
	if (!strcmp(name, "tracestate"))
		return h->tracestate;
	if (!strcmp(name, "baggage"))
		return h->baggage;
	if (!REAL(MHD_lookup_connection_value))
		return NULL;
	return REAL(MHD_lookup_connection_value)(h->connection, MHD_HEADER_KIND, name);
}

/* ---- the span ------------------------------------------------------------------------------- */

static void gather_host(struct gathered *g, const char *header, bool tls)
{
	struct http_host host;

	if (!header || !http_host_of(str_of(header), &host))
		return;
	gather(g, oriel_strn("server.address", host.name.p, host.name.n));
	gather(g, oriel_int("server.port", host.port >= 0 ? host.port : tls ? 443 : 80));
}

static void gather_peer(struct gathered *g, struct MHD_Connection *connection, char text[46])
{
	const union MHD_ConnectionInfo *info = NULL;
	int port;

	if (REAL(MHD_get_connection_info))
		info = REAL(MHD_get_connection_info)(connection,
						     MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (!info || !http_peer_of(info->client_addr, text, &port))
		return;
	gather(g, oriel_str("client.address", text));
	gather(g, oriel_str("network.peer.address", text));
	gather(g, oriel_int("network.peer.port", port));
}

/* `method` is NULL for a request that ended before the program's handler was called. */
static void request_begin(struct request *q, const char *method, const char *version)
{
	struct http_target target = http_target_of((struct str){ q->uri, q->uri_n });
	struct headers h;
	struct gathered g;
	char query[URI_MOST], peer[46];

	h.connection = q->connection;
	h.traceparent = h.tracestate = h.baggage = h.host = h.user_agent = NULL;
	h.two_parents = h.context = false;
	h.n = 0;
	if (REAL(MHD_get_connection_values))
		REAL(MHD_get_connection_values)(q->connection, MHD_HEADER_KIND, header_seen, &h);
	if (h.context)
		oriel_context_extract(&q->parent, header_get, &h);

	q->begun = true;
	q->method = method ? http_method(str_of(method)) : NULL;
	q->version = version ? http_version(str_of(version)) : NULL;

	g.n = 0;
	gather(&g, oriel_str("http.request.method", q->method ? q->method : "_OTHER"));
	if (!q->method && method)
		gather(&g, oriel_str("http.request.method_original", method));
	gather(&g, oriel_strn("url.path", target.path.p, target.path.n));
	gather(&g, oriel_str("url.scheme", q->daemon->tls ? "https" : "http"));
	if (target.query.n)
		gather(&g, oriel_strn("url.query", query,
				      http_query_redact(target.query, query, sizeof(query))));
	gather_host(&g, h.host, q->daemon->tls);
	gather_peer(&g, q->connection, peer);
	if (q->version)
		gather(&g, oriel_str("network.protocol.version", q->version));
	if (h.user_agent)
		gather(&g, oriel_str("user_agent.original", h.user_agent));
	oriel_span_begin(&q->span, q->method ? q->method : "HTTP",
			 ORIEL_SPAN_OPTIONS(.kind = ORIEL_SERVER, .parent = &q->parent,
					    .detached = true, .scope = SCOPE_LIBMICROHTTPD),
			 gathered_all(&g));
}

enum { CLIENT_CLOSED = 499 };

struct outcome {
	unsigned status;   /* 0: none was sent */
	const char *error; /* error.type; NULL: none */
	const char *message;
};

static const char *status_text(unsigned status, char out[4])
{
	out[0] = (char)('0' + status / 100 % 10);
	out[1] = (char)('0' + status / 10 % 10);
	out[2] = (char)('0' + status % 10);
	out[3] = 0;
	return out;
}

static struct outcome client_closed(const struct request *q, unsigned status)
{
	return (struct outcome){
		status ? status : CLIENT_CLOSED,
		"client_closed",
		q->handled ? "Client closed the connection while the server was still processing "
			     "the request."
			   : "Client closed the connection before the server could start "
			     "processing the request.",
	};
}

static struct outcome outcome_of(const struct request *q, enum MHD_RequestTerminationCode code,
				 char text[4])
{
	unsigned status = atomic_load_explicit(&q->status, memory_order_relaxed);

	if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		return (struct outcome){ status, "timeout", "The connection timed out." };
	if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		return (struct outcome){ status, "shutdown", "The server was stopped." };
	if (code == MHD_REQUEST_TERMINATED_CLIENT_ABORT ||
	    code == MHD_REQUEST_TERMINATED_READ_ERROR)
		return client_closed(q, status);
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && q->refused)
		return (struct outcome){ status, "refused", "The handler closed the connection." };
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && status < 400)
		return (struct outcome){ status, "connection_error",
					 "The connection ended before the response was sent." };
	if (status >= 500)
		return (struct outcome){ status, status_text(status, text), NULL };
	return (struct outcome){ status, NULL, NULL };
}

static void request_measure(const struct request *q, const struct outcome *o)
{
	struct gathered g;

	g.n = 0;
	gather(&g, oriel_str("http.request.method", q->method ? q->method : "_OTHER"));
	gather(&g, oriel_str("url.scheme", q->daemon->tls ? "https" : "http"));
	if (o->status >= 100 && o->status < 600)
		gather(&g, oriel_int("http.response.status_code", o->status));
	if (o->error)
		gather(&g, oriel_str("error.type", o->error));
	if (q->version)
		gather(&g, oriel_str("network.protocol.version", q->version));
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed),
			 agent_seconds_since(q->begin_ns), gathered_all(&g));
}

static void request_end(struct request *q, enum MHD_RequestTerminationCode code)
{
	char text[4];
	struct outcome o = outcome_of(q, code, text);
	struct gathered g;

	if (q->ended)
		return;
	if (!q->begun)
		request_begin(q, NULL, NULL);
	q->ended = true;
	g.n = 0;
	if (o.status)
		gather(&g, oriel_int("http.response.status_code", o.status));
	if (o.error)
		gather(&g, oriel_str("error.type", o.error));
	if (g.n)
		oriel_span_set_all(&q->span, gathered_all(&g));
	if (o.error)
		oriel_span_status(&q->span, ORIEL_ERROR, o.message);
	oriel_span_end(&q->span);
	request_measure(q, &o);
}

/* ---- what MHD calls --------------------------------------------------------------------------- */

static struct request *request_at(void *con_cls)
{
	return pool_has(&requests, con_cls) ? con_cls : NULL;
}

static struct request *request_take(struct daemon *d, struct MHD_Connection *connection)
{
	struct request *q = pool_take(&requests);

	if (!q)
		return NULL;
	q->handled = q->begun = q->ended = q->refused = false;
	q->daemon = d;
	q->connection = connection;
	q->method = q->version = NULL;
	q->begin_ns = agent_now_ns();
	memset(&q->parent, 0, sizeof(q->parent));
	memset(&q->span, 0, sizeof(q->span));
	atomic_store_explicit(&q->status, 0, memory_order_relaxed);
	if (table_put(&connections, connection, q))
		return q;
	pool_give(&requests, q);
	return NULL;
}

static void *uri_seen(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct daemon *d = cls;
	void *app = d->uri_log ? d->uri_log(d->uri_log_cls, uri, connection) : NULL;
	int kept = errno;
	struct request *q;

	if (!agent_watches())
		return app;
	q = request_take(d, connection);
	if (!q) {
		agent_missed("libmicrohttpd");
		errno = kept;
		return app;
	}
	q->app = app;
	q->uri_n = (uint16_t)strnlen(uri, URI_MOST);
	memcpy(q->uri, uri, q->uri_n);
	errno = kept;
	return q;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **con_cls)
{
	struct daemon *d = cls;
	struct request *q = request_at(*con_cls);
	int kept = errno;
	enum MHD_Result r;
	unsigned token;

	if (!q)
		return d->handler(d->handler_cls, connection, url, method, version, upload,
				  upload_n, con_cls);
	if (!q->begun)
		request_begin(q, method, version);
	q->handled = true;
	token = oriel_context_attach(&q->span.context);
	errno = kept;
	r = d->handler(d->handler_cls, connection, url, method, version, upload, upload_n, &q->app);
	kept = errno;
	oriel_context_detach(token);
	q->refused = r == MHD_NO;
	/* An upgraded connection's request ends here: what follows is not HTTP any more. */
	if (atomic_load_explicit(&q->status, memory_order_relaxed) == 101)
		request_end(q, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	errno = kept;
	return r;
}

/*
 * MHD calls this for requests whose URI log callback was called, too. The program's own would not
 * be called for one that never reached its handler, had it no such callback.
 */
static void completed(void *cls, struct MHD_Connection *connection, void **con_cls,
		      enum MHD_RequestTerminationCode code)
{
	struct daemon *d = cls;
	struct request *q = request_at(*con_cls);
	int kept = errno;
	unsigned token;

	if (!q) {
		if (d->completed)
			d->completed(d->completed_cls, connection, con_cls, code);
		return;
	}
	if (d->completed && (q->handled || d->uri_log)) {
		token = oriel_context_attach(&q->span.context);
		errno = kept;
		d->completed(d->completed_cls, connection, &q->app, code);
		kept = errno;
		oriel_context_detach(token);
	}
	request_end(q, code);
	oriel_context_release(&q->parent);
	table_remove(&connections, connection);
	*con_cls = q->app;
	pool_give(&requests, q);
	errno = kept;
}

/* ---- what the program calls -------------------------------------------------------------------- */

static bool duration_ready(void)
{
	if (!atomic_load_explicit(&duration, memory_order_relaxed))
		atomic_store_explicit(&duration,
				      oriel_histogram("http.server.request.duration", "s",
						      "Duration of HTTP server requests.", NULL, 0),
				      memory_order_relaxed);
	return true;
}

static struct daemon *daemon_new(const struct mhd_options *o, unsigned flags,
				 MHD_AccessHandlerCallback handler, void *cls)
{
	struct daemon *d;

	if (!duration_ready() || !pool_open(&requests) || !pool_open(&daemons))
		return NULL;
	d = pool_take(&daemons);
	if (!d)
		return NULL;
	d->handler = handler;
	d->handler_cls = cls;
	d->uri_log = o->uri_log;
	d->uri_log_cls = o->uri_log_cls;
	d->completed = o->completed;
	d->completed_cls = o->completed_cls;
	d->tls = (flags & MHD_USE_TLS) != 0;
	return d;
}

static struct MHD_Daemon *start(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback policy,
				void *policy_cls, MHD_AccessHandlerCallback handler,
				void *handler_cls, va_list options)
{
	struct mhd_options o;
	struct MHD_Daemon *daemon;
	struct daemon *d = NULL;
	int kept = errno;

	if (!REAL(MHD_start_daemon_va) || !REAL(MHD_start_daemon))
		return NULL;
	/* MHD_start_daemon of the library calls MHD_start_daemon_va, which is here again. */
	if (handler && handler != handle && agent_watches() && mhd_options_read(&o, options))
		d = daemon_new(&o, flags, handler, handler_cls);
	errno = kept;
	if (!d) {
		if (handler != handle && agent_watches())
			agent_missed("libmicrohttpd");
		return REAL(MHD_start_daemon_va)(flags, port, policy, policy_cls, handler,
						 handler_cls, options);
	}
	mhd_options_add(&o, MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)uri_seen, d);
	mhd_options_add(&o, MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, d);
	mhd_options_add(&o, MHD_OPTION_END, 0, NULL);
	daemon = REAL(MHD_start_daemon)(flags, port, policy, policy_cls, handle, d,
					MHD_OPTION_ARRAY, o.item, MHD_OPTION_END);
	kept = errno;
	if (!daemon)
		pool_give(&daemons, d);
	else
		table_put(&daemon_of, daemon, d);
	errno = kept;
	return daemon;
}

HOOK struct MHD_Daemon *MHD_start_daemon_va(unsigned flags, uint16_t port,
					    MHD_AcceptPolicyCallback policy, void *policy_cls,
					    MHD_AccessHandlerCallback handler, void *handler_cls,
					    va_list options)
{
	return start(flags, port, policy, policy_cls, handler, handler_cls, options);
}

HOOK struct MHD_Daemon *MHD_start_daemon(unsigned flags, uint16_t port,
					 MHD_AcceptPolicyCallback policy, void *policy_cls,
					 MHD_AccessHandlerCallback handler, void *handler_cls, ...)
{
	struct MHD_Daemon *daemon;
	va_list options;

	va_start(options, handler_cls);
	daemon = start(flags, port, policy, policy_cls, handler, handler_cls, options);
	va_end(options);
	return daemon;
}

/* No callback comes after it has returned. */
HOOK void MHD_stop_daemon(struct MHD_Daemon *daemon)
{
	struct daemon *d = table_remove(&daemon_of, daemon);
	int kept;

	if (REAL(MHD_stop_daemon))
		REAL(MHD_stop_daemon)(daemon);
	kept = errno;
	if (d)
		pool_give(&daemons, d);
	errno = kept;
}

HOOK enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status,
					struct MHD_Response *response)
{
	struct request *q;
	enum MHD_Result r;

	if (!REAL(MHD_queue_response))
		return MHD_NO;
	q = table_get(&connections, connection);
	r = REAL(MHD_queue_response)(connection, status, response);
	if (q && r == MHD_YES)
		atomic_store_explicit(&q->status, (uint16_t)(status & ~(unsigned)MHD_ICY_FLAG),
				      memory_order_relaxed);
	return r;
}

static void libmicrohttpd_start(void)
{
	real_find_all(real, N_CALLS);
}

const struct watched watched_libmicrohttpd = {
	.name = "libmicrohttpd",
	.summary = "HTTP requests that the program serves",
	.start = libmicrohttpd_start,
};
