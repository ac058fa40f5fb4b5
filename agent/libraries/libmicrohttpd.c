/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd: a server span for each request.
 *
 *     request line      uri_seen         takes a request from the pool; it is MHD's con_cls
 *     handler calls     handle           the first begins the span; each runs inside its context
 *     response          MHD_queue_response   the status, also from another thread
 *     request id        MHD_destroy_response   into a response that is for one request alone
 *     end               completed        however it ended: ends the span
 *
 * The program's handler gets &request->app as its con_cls, so it finds there just what it put. When
 * the pool is empty the program's con_cls goes straight through and the request is not watched.
 *
 * A start with an option that we don't know is passed on untouched: nothing of that daemon is seen.
 * Plain MHD knows no routes, so there is no http.route and the span's name is the method; ulfius,
 * on top of it, does (agent/libraries/ulfius.c).
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdarg.h>
#include <microhttpd.h>

#include "agent/libraries/libmicrohttpd.h"
#include "agent/life.h"
#include "agent/libraries/mhd-options.h"
#include "agent/libraries/mhd-response.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/http/server.h"
#include "agent/sockets/sockets.h"
#include "agent/table.h"
#include "wire/record.h"

#define CALLS(X) \
	X(MHD_start_daemon) \
	X(MHD_start_daemon_va) \
	X(MHD_stop_daemon) \
	X(MHD_queue_response) \
	X(MHD_destroy_response) \
	X(MHD_resume_connection) \
	X(MHD_add_connection) \
	X(MHD_add_response_header) \
	X(MHD_get_response_header) \
	X(MHD_get_connection_info) \
	X(MHD_get_connection_values) \
	X(MHD_lookup_connection_value)

static struct watch watch;
static struct real_library library;
REAL_TABLE(CALLS);

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
	bool begun;
	bool refused;		 /* the handler answered MHD_NO */
	bool early;		 /* MHD refused it before its URI was known */
	_Atomic uint32_t ended;	 /* how many requests this item has been */
	_Atomic uint16_t status; /* of the response that was queued */
	uint16_t uri_n;
	void *app; /* the program's con_cls */
	struct daemon *daemon;
	struct MHD_Connection *connection;
	uint64_t came;
	int64_t request_bytes; /* that the handler has taken */
	_Atomic int64_t response_bytes;
	struct server_request served;
	char uri[URI_MOST];
};

enum { REQUESTS_MOST = 4096, DAEMONS_MOST = 64 };

static struct pool requests = { .item_bytes = sizeof(struct request), .n = REQUESTS_MOST };
static struct pool daemons = { .item_bytes = sizeof(struct daemon), .n = DAEMONS_MOST };

static struct table_slot connection_slots[2 * REQUESTS_MOST];
static const struct table connections = { connection_slots, 2 * REQUESTS_MOST };

static struct table_slot daemon_slots[2 * DAEMONS_MOST];
static const struct table daemon_of = { daemon_slots, 2 * DAEMONS_MOST };

static struct daemon *_Atomic last_daemon;
static _Atomic bool some_unwatched;

/* ---- a request ------------------------------------------------------------------------------- */

static enum MHD_Result header_seen(void *headers, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	(void)kind;
	headers_see(headers, key, value);
	return MHD_YES;
}

static const char *header_get(void *connection, const char *name)
{
	if (!REAL(MHD_lookup_connection_value))
		return NULL;
	return REAL(MHD_lookup_connection_value)(connection, MHD_HEADER_KIND, name);
}

static const struct sockaddr *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = NULL;

	if (REAL(MHD_get_connection_info))
		info = REAL(MHD_get_connection_info)(connection,
						     MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info ? info->client_addr : NULL;
}

/* `method` is NULL for a request that ended before the program's handler was called. */
static void request_begin(struct request *q, const char *method, const char *version)
{
	struct headers h;

	headers_begin(&h, header_get, q->connection);
	if (REAL(MHD_get_connection_values))
		REAL(MHD_get_connection_values)(q->connection, MHD_HEADER_KIND, header_seen, &h);
	q->begun = true;
	server_begin(&q->served, &(struct server_seen){
					 .method = str_of(method),
					 .target = { q->uri, q->uri_n },
					 .version = str_of(version),
					 .headers = &h,
					 .peer = peer_of(q->connection),
					 .https = q->daemon->tls,
					 .scope = SCOPE_LIBMICROHTTPD,
					 .begun = q->came,
				 });
}

/* Of the body: what answers HEAD, or says that nothing has changed, has none. */
static int64_t response_bytes(const struct request *q, unsigned status)
{
	const char *method = q->begun ? q->served.method : NULL;

	if (status == 204 || status == 304 || (method && !strcmp(method, "HEAD")))
		return 0;
	return atomic_load_explicit(&q->response_bytes, memory_order_relaxed);
}

static struct server_outcome outcome_of(const struct request *q,
					enum MHD_RequestTerminationCode code)
{
	unsigned status = atomic_load_explicit(&q->status, memory_order_relaxed);
	struct server_outcome o = { .status = status,
				    .request_bytes = q->request_bytes,
				    .response_bytes = -1 };

	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		o.response_bytes = response_bytes(q, status);
	if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED) {
		o.error = "timeout";
		o.message = "The connection timed out.";
	} else if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN) {
		o.error = "shutdown";
		o.message = "The server was stopped.";
	} else if (code == MHD_REQUEST_TERMINATED_CLIENT_ABORT ||
		   code == MHD_REQUEST_TERMINATED_READ_ERROR) {
		return server_client_closed(status, q->handled);
	} else if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && q->refused) {
		o.error = "refused";
		o.message = "The handler closed the connection.";
	} else if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && status < 400) {
		o.error = "connection_error";
		o.message = "The connection ended before the response was sent.";
	}
	return o;
}

static void request_end(struct request *q, enum MHD_RequestTerminationCode code)
{
	struct server_outcome o = outcome_of(q, code);

	if (!q->begun)
		request_begin(q, NULL, NULL);
	server_end(&q->served, &o);
	atomic_fetch_add_explicit(&q->ended, 1, memory_order_relaxed);
}

__thread struct server_request *libmicrohttpd_now;

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
	q->handled = q->begun = q->refused = q->early = false;
	q->uri_n = 0;
	q->daemon = d;
	q->connection = connection;
	q->came = oriel_moment();
	q->request_bytes = 0;
	atomic_store_explicit(&q->response_bytes, -1, memory_order_relaxed);
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

	if (!watches(&watch))
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
	size_t offered = upload_n ? *upload_n : 0;
	int kept = errno;
	struct server_request *outer = libmicrohttpd_now;
	struct life before = life_now;
	enum MHD_Result r;
	unsigned token;

	if (!q)
		return d->handler(d->handler_cls, connection, url, method, version, upload,
				  upload_n, con_cls);
	if (!q->begun)
		request_begin(q, method, version);
	q->handled = true;
	token = oriel_context_attach(server_context(&q->served));
	life_now = life_of(&q->ended);
	libmicrohttpd_now = &q->served;
	errno = kept;
	r = d->handler(d->handler_cls, connection, url, method, version, upload, upload_n, &q->app);
	kept = errno;
	libmicrohttpd_now = outer;
	life_now = before;
	oriel_context_detach(token);
	q->refused = r == MHD_NO;
	if (offered && *upload_n <= offered)
		q->request_bytes += (int64_t)(offered - *upload_n);
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
		token = oriel_context_attach(q->begun ? server_context(&q->served) : NULL);
		errno = kept;
		d->completed(d->completed_cls, connection, &q->app, code);
		kept = errno;
		oriel_context_detach(token);
	}
	request_end(q, code);
	table_remove(&connections, connection);
	*con_cls = q->app;
	pool_give(&requests, q);
	errno = kept;
}

/* ---- what the program calls -------------------------------------------------------------------- */

static struct daemon *daemon_new(const struct mhd_options *o, unsigned flags,
				 MHD_AccessHandlerCallback handler, void *cls)
{
	struct daemon *d;

	server_ready();
	if (!pool_open(&requests) || !pool_open(&daemons))
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
	if (handler && handler != handle && watches(&watch) && mhd_options_read(&o, options))
		d = daemon_new(&o, flags, handler, handler_cls);
	errno = kept;
	if (!d) {
		if (handler != handle) {
			atomic_store_explicit(&some_unwatched, true, memory_order_relaxed);
			if (watches(&watch))
				agent_missed("libmicrohttpd");
		}
		return REAL(MHD_start_daemon_va)(flags, port, policy, policy_cls, handler,
						 handler_cls, options);
	}
	mhd_options_add(&o, MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)uri_seen, d);
	mhd_options_add(&o, MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, d);
	mhd_options_add(&o, MHD_OPTION_END, 0, NULL);
	daemon = REAL(MHD_start_daemon)(flags, port, policy, policy_cls, handle, d,
					MHD_OPTION_ARRAY, o.item, MHD_OPTION_END);
	kept = errno;
	if (daemon) {
		table_put(&daemon_of, daemon, d);
		atomic_store_explicit(&last_daemon, d, memory_order_relaxed);
	} else {
		pool_give(&daemons, d);
	}
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

/* A thread of a pool has a daemon of its own, which only MHD knows. */
static struct daemon *daemon_at(const union MHD_ConnectionInfo *info)
{
	struct daemon *d = info ? table_get(&daemon_of, info->daemon) : NULL;

	if (!d && !atomic_load_explicit(&some_unwatched, memory_order_relaxed))
		d = atomic_load_explicit(&last_daemon, memory_order_relaxed);
	return d;
}

/* What MHD answers by itself before it knows the URI: 400, 414. It ends when that is queued. */
static struct request *request_early(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = NULL;
	struct daemon *d;
	struct request *q;

	if (REAL(MHD_get_connection_info))
		info = REAL(MHD_get_connection_info)(connection, MHD_CONNECTION_INFO_DAEMON);
	d = daemon_at(info);
	q = d ? request_take(d, connection) : NULL;
	if (!q)
		return NULL;
	q->early = true;
	return q;
}

static void request_drop(struct request *q)
{
	request_end(q, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	table_remove(&connections, q->connection);
	pool_give(&requests, q);
}

HOOK enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status,
					struct MHD_Response *response)
{
	struct request *q;
	enum MHD_Result r;
	int kept = errno;

	if (!REAL(MHD_queue_response))
		return MHD_NO;
	q = table_get(&connections, connection);
	if (!q && watches(&watch) && real_calls_itself(&library, __builtin_return_address(0)))
		q = request_early(connection);
	if (q && !q->begun)
		request_begin(q, NULL, NULL);
	errno = kept;
	r = REAL(MHD_queue_response)(connection, status, response);
	if (!q)
		return r;
	kept = errno;
	if (r == MHD_YES) {
		atomic_store_explicit(&q->status, (uint16_t)(status & ~(unsigned)MHD_ICY_FLAG),
				      memory_order_relaxed);
		atomic_store_explicit(&q->response_bytes, mhd_bytes(response),
				      memory_order_relaxed);
		mhd_queued(response, connection);
	}
	if (q->early && (r != MHD_YES || mhd_mine.response != response))
		request_drop(q);
	errno = kept;
	return r;
}

static void id_add(struct MHD_Response *response, const struct request *q)
{
	const char *name = server_id_header();

	if (name && q->served.id[0] && REAL(MHD_get_response_header) &&
	    REAL(MHD_add_response_header) && !REAL(MHD_get_response_header)(response, name))
		REAL(MHD_add_response_header)(response, name, q->served.id);
}

HOOK void MHD_destroy_response(struct MHD_Response *response)
{
	struct MHD_Connection *connection = mhd_let_go(response);
	struct request *q = table_get(&connections, connection);
	int kept = errno;

	if (!REAL(MHD_destroy_response))
		return;
	if (q)
		id_add(response, q);
	errno = kept;
	REAL(MHD_destroy_response)(response);
	kept = errno;
	if (q && q->early)
		request_drop(q);
	errno = kept;
}

HOOK void MHD_resume_connection(struct MHD_Connection *connection)
{
	if (!REAL(MHD_resume_connection))
		return;
	mhd_resumed();
	REAL(MHD_resume_connection)(connection);
}

/* A connection that the program accepted itself. */
HOOK enum MHD_Result MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
					const struct sockaddr *peer, socklen_t peer_n)
{
	if (!REAL(MHD_add_connection))
		return MHD_NO;
	if (table_get(&daemon_of, daemon))
		sockets_leave(fd);
	return REAL(MHD_add_connection)(daemon, fd, peer, peer_n);
}

static void libmicrohttpd_start(void)
{
	sockets_own(&library);
}

const struct watched watched_libmicrohttpd = {
	.name = "libmicrohttpd",
	.aliases = "microhttpd,mhd,http,server",
	.summary = "HTTP requests that the program serves",
	.start = libmicrohttpd_start,
	.watch = &watch,
	.passes = contexts_pass,
};
