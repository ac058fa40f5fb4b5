/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd gives us connections and parsing; a request is gathered in memory and handed to the
 * receiver when it is whole.
 *
 * A request that is refused for what its head says is still read to its end, and thrown away: who is
 * still writing when we close would see a broken connection, and not the answer. Only who asked
 * before it wrote (Expect: 100-continue) is answered at once.
 *
 * libmicrohttpd's own time-out is for silence. Who says a byte now and then is cut off by the sweep, or
 * by the clock that runs for each body.
 */
#include "receive/http.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/host.h"
#include "export/http.h"
#include "model/stats.h"
#include "receive/reply.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	THREADS = 2,
	CONNECTIONS_MOST = 256,
	SILENCE_S = 30,
	CONNECTION_BYTES = 32 * 1024,
	PATH_MOST = 256,
	FIRST_STEP = 64 * 1024,
};

#define REQUEST_NS 60000000000ull /* a request takes no longer, from its first byte on */

/* A connection, from when it was made, or its last request was answered. */
struct caller {
	struct caller *next;
	int fd;
	uint64_t since_ns;
	bool cut;
};

struct receive_http {
	struct receiver *receiver;
	struct host host;
	char address[HOST_BYTES + 16];
	char sender[SENDER_ID + 1];
	struct MHD_Daemon *daemon, *other; /* 127.0.0.1, and ::1 when there is one */
	pthread_mutex_t lock;
	struct caller *caller;
};

struct request {
	char path[PATH_MOST];
	bool path_is_long, begun;
	uint64_t start_ns;
	struct delivery delivery;
	char run[RUN_ID_DIGITS];
	unsigned refused; /* a status; 0: it is read */
	const char *why;
	struct out body;
	size_t held;
};

/* ---- what a request's head says ------------------------------------------------------------------ */

static struct str header_of(struct MHD_Connection *c, const char *name)
{
	return str_of(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static void refuse(struct request *q, unsigned status, const char *why)
{
	if (q->refused)
		return;
	q->refused = status;
	q->why = why;
}

static struct str cut_run(struct request *q, struct str path)
{
	uint8_t id[RUN_ID_DIGITS / 2];
	struct str rest;

	if (!str_starts(path, STR("/run/")))
		return path;
	rest = str_from(path, 5);
	if (rest.n <= RUN_ID_DIGITS || rest.p[RUN_ID_DIGITS] != '/' ||
	    !hex_read(id, sizeof(id), str_first(rest, RUN_ID_DIGITS), false))
		return path;
	memcpy(q->run, rest.p, RUN_ID_DIGITS);
	q->delivery.run = (struct str){ q->run, RUN_ID_DIGITS };
	return str_from(rest, RUN_ID_DIGITS);
}

static bool read_path(struct request *q)
{
	static const struct {
		struct str path;
		enum signal kind;
		enum receive_form form;
	} places[] = {
		{ STR("/v1/traces"), SIGNAL_SPAN, FORM_PROTOBUF },
		{ STR("/v1/logs"), SIGNAL_LOG, FORM_PROTOBUF },
		{ STR("/v1/metrics"), SIGNAL_METRIC, FORM_PROTOBUF },
		{ STR("/api/v2/spans"), SIGNAL_SPAN, FORM_ZIPKIN },
		{ STR("/stream"), SIGNAL_LOG, FORM_ENVELOPE },
	};
	struct str path = cut_run(q, str_cut(str_of(q->path), '?').head);

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !q->path_is_long; i++)
		if (str_eq(path, places[i].path)) {
			q->delivery.kind = places[i].kind;
			q->delivery.form = places[i].form;
			return true;
		}
	return false;
}

static void read_type(struct request *q, struct str type)
{
	type = str_trim(str_cut(type, ';').head);
	if (q->delivery.form == FORM_ENVELOPE)
		return; /* SDKs say this and that of it */
	if (str_eq_nocase(type, STR("application/json")))
		q->delivery.form = q->delivery.form == FORM_ZIPKIN ? FORM_ZIPKIN : FORM_JSON;
	else if (!str_eq_nocase(type, STR("application/x-protobuf")) ||
		 q->delivery.form == FORM_ZIPKIN)
		refuse(q, 415,
		       q->delivery.form == FORM_ZIPKIN
			       ? "application/json is what is understood here"
			       : "application/x-protobuf and application/json are understood");
}

static void read_head(const struct receive_http *h, struct request *q, struct MHD_Connection *c,
		      const char *method)
{
	struct str host = header_of(c, MHD_HTTP_HEADER_HOST);
	uint64_t length = 0;

	if (host.n && !host_is_ours(&h->host, host))
		refuse(q, 403, "this Host is not ours: use the address that Oriel printed");
	if (header_of(c, MHD_HTTP_HEADER_ORIGIN).n)
		refuse(q, 403, "web pages have no business here");
	if (!read_path(q))
		refuse(q, 404,
		       "there are /v1/traces, /v1/logs, /v1/metrics, /api/v2/spans and /stream");
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		refuse(q, 405, "only POST");
	read_type(q, header_of(c, MHD_HTTP_HEADER_CONTENT_TYPE));
	q->delivery.packing = packing_of(header_of(c, MHD_HTTP_HEADER_CONTENT_ENCODING));
	if (q->delivery.packing == PACKING_UNKNOWN)
		refuse(q, 415, "of Content-Encoding, gzip, zstd and deflate are understood");
	if (h->sender[0] && str_eq(header_of(c, ORIEL_SENDER_HEADER), str_of(h->sender)))
		refuse(q, 400, "this is Oriel's own intake: name the endpoint of somebody else");
	if (str_to_u64(header_of(c, MHD_HTTP_HEADER_CONTENT_LENGTH), &length) && length > BODY_MOST)
		refuse(q, 413, "more than 64 MiB in one request");
}

/* ---- the body ------------------------------------------------------------------------------------ */

static void drop_body(struct receive_http *h, struct request *q)
{
	out_fini(&q->body);
	receiver_let_go(h->receiver, q->held);
	q->held = 0;
}

/* What is held is counted before it is asked of the heap, in steps that double. */
static void add_body(struct receive_http *h, struct request *q, const char *p, size_t n)
{
	size_t step = q->held ? q->held : FIRST_STEP;

	if (q->refused)
		return;
	if (n > BODY_MOST - q->body.n) {
		refuse(q, 413, "more than 64 MiB in one request");
	} else {
		if (step < n)
			step = n;
		while (q->body.n + n > q->held && !q->refused) {
			if (receiver_hold(h->receiver, step))
				q->held += step;
			else
				refuse(q, 503, "there is no room just now");
		}
		if (!q->refused)
			out_bytes(&q->body, p, n);
		if (q->body.error)
			refuse(q, 503, "there is no memory just now");
	}
	if (q->refused)
		drop_body(h, q);
}

/* ---- the answer ---------------------------------------------------------------------------------- */

static uint32_t grpc_code(unsigned status)
{
	switch (status) {
	case 400:
	case 413:
	case 415:
		return 3; /* INVALID_ARGUMENT */
	case 403:
		return 7; /* PERMISSION_DENIED */
	case 404:
		return 5; /* NOT_FOUND */
	case 405:
		return 12; /* UNIMPLEMENTED */
	default:
		return 14; /* UNAVAILABLE */
	}
}

static enum MHD_Result send_reply(struct MHD_Connection *c, const struct request *q,
				  unsigned status, struct out *body)
{
	struct MHD_Response *m =
		MHD_create_response_from_buffer(body->n, body->p, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent;

	if (!m) {
		out_fini(body);
		return MHD_NO;
	}
	MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE,
				q->delivery.form == FORM_PROTOBUF ? "application/x-protobuf"
								  : "application/json");
	MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	if (status == 503)
		MHD_add_response_header(m, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (status == 405)
		MHD_add_response_header(m, MHD_HTTP_HEADER_ALLOW, "POST");
	sent = MHD_queue_response(c, status, m);
	MHD_destroy_response(m);
	return sent;
}

static enum MHD_Result answer_refused(struct MHD_Connection *c, const struct request *q)
{
	struct out body = { 0 };

	if (q->refused == 503)
		stats_add(receive_busy, 1);
	else
		stats_add(receive_refused, 1);
	reply_status(&body, q->delivery.form, grpc_code(q->refused), str_of(q->why));
	return send_reply(c, q, q->refused, &body);
}

static enum MHD_Result answer(struct receive_http *h, struct MHD_Connection *c, struct request *q)
{
	static const unsigned status[] = { [RECEIVE_OK] = 200,
					   [RECEIVE_BAD] = 400,
					   [RECEIVE_TOO_BIG] = 413,
					   [RECEIVE_UNKNOWN] = 415,
					   [RECEIVE_BUSY] = 503 };
	struct receive_answer a = { 0 };
	struct out body = { 0 };
	enum receive_outcome how;

	if (!q->refused) {
		q->delivery.body = out_all(&q->body);
		how = receiver_take(h->receiver, &q->delivery, &a);
		if (how != RECEIVE_OK)
			refuse(q, status[how], a.why);
	}
	drop_body(h, q);
	if (q->refused)
		return answer_refused(c, q);
	if (q->delivery.form == FORM_ENVELOPE)
		out_str(&body, STR("{}"));
	else if (q->delivery.form != FORM_ZIPKIN)
		reply_success(&body, q->delivery.form, q->delivery.kind, &a);
	return send_reply(c, q, q->delivery.form == FORM_ZIPKIN ? 202 : 200, &body);
}

/* ---- connections --------------------------------------------------------------------------------- */

static void *request_new(void *you, const char *target, struct MHD_Connection *c)
{
	struct request *q = calloc(1, sizeof(*q));

	(void)you;
	(void)c;
	if (!q)
		return NULL;
	q->start_ns = clock_mono_ns();
	q->path_is_long = snprintf(q->path, sizeof(q->path), "%s", target) >= PATH_MOST;
	return q;
}

static int fd_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void connection_came(void *you, struct MHD_Connection *c, void **at,
			    enum MHD_ConnectionNotificationCode what)
{
	struct receive_http *h = you;
	struct caller *caller = *at;

	pthread_mutex_lock(&h->lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		caller = calloc(1, sizeof(*caller));
		if (caller) {
			*caller = (struct caller){ h->caller, fd_of(c), clock_mono_ns(), false };
			h->caller = caller;
		}
		*at = caller;
	} else {
		for (struct caller **p = &h->caller; *p; p = &(*p)->next)
			if (*p == caller) {
				*p = caller->next;
				break;
			}
		free(caller);
		*at = NULL;
	}
	pthread_mutex_unlock(&h->lock);
}

static void request_done(void *you, struct MHD_Connection *c, void **request,
			 enum MHD_RequestTerminationCode how)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct caller *caller = info ? info->socket_context : NULL;
	struct receive_http *h = you;
	struct request *q = *request;

	(void)how;
	if (q)
		drop_body(h, q);
	free(q);
	*request = NULL;
	pthread_mutex_lock(&h->lock);
	if (caller)
		caller->since_ns = clock_mono_ns();
	pthread_mutex_unlock(&h->lock);
}

/* Idle ones are libmicrohttpd's to close, long before. */
void receive_http_sweep(struct receive_http *h, uint64_t now)
{
	pthread_mutex_lock(&h->lock);
	for (struct caller *c = h->caller; c; c = c->next) {
		if (c->cut || c->fd < 0 ||
		    now - c->since_ns < REQUEST_NS + SILENCE_S * 1000000000ull)
			continue;
		c->cut = true;
		stats_add(receive_slow, 1);
		shutdown(c->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&h->lock);
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *n_data, void **request)
{
	struct receive_http *h = you;
	struct request *q = *request;

	(void)url;
	(void)version;
	if (!q)
		return MHD_NO;
	if (!q->begun) {
		q->begun = true;
		stats_add(receive_requests, 1);
		read_head(h, q, c, method);
		return q->refused && header_of(c, MHD_HTTP_HEADER_EXPECT).n ? answer_refused(c, q)
									    : MHD_YES;
	}
	if (!*n_data)
		return answer(h, c, q);
	if (clock_mono_ns() - q->start_ns > REQUEST_NS) {
		stats_add(receive_slow, 1);
		return MHD_NO;
	}
	add_body(h, q, data, *n_data);
	*n_data = 0;
	return MHD_YES;
}

static struct MHD_Daemon *serve(struct receive_http *h, int fd, bool v6, unsigned threads)
{
	struct MHD_Daemon *d =
		MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | (v6 ? MHD_USE_IPv6 : 0), 0, NULL,
				 NULL, handle, h, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
				 (unsigned)CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
				 (unsigned)SILENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 (size_t)CONNECTION_BYTES, MHD_OPTION_URI_LOG_CALLBACK, request_new,
				 NULL, MHD_OPTION_NOTIFY_COMPLETED, request_done, h,
				 MHD_OPTION_NOTIFY_CONNECTION, connection_came, h, MHD_OPTION_END);

	if (!d)
		close(fd);
	return d;
}

/* "localhost" is ::1 to many, and they don't try again. If it can't be had there, then not. */
static void serve_other(struct receive_http *h)
{
	struct host other = { .name = "::1", .port = h->host.port, .exact = true };
	int fd = strcmp(h->host.name, "127.0.0.1") == 0 ? host_listen(&other) : -1;

	if (fd >= 0)
		h->other = serve(h, fd, true, 0);
}

int receive_http_start(struct receive_http **out, struct receiver *receiver, const char *listen,
		       const char *sender)
{
	struct receive_http *h = calloc(1, sizeof(*h));
	int fd;

	if (!h)
		return ERR(-ENOMEM);
	h->receiver = receiver;
	pthread_mutex_init(&h->lock, NULL);
	snprintf(h->sender, sizeof(h->sender), "%s", sender);
	fd = host_read(&h->host, str_of(listen)) == HOST_OK ? host_listen(&h->host) : ERR(-EINVAL);
	if (fd >= 0) {
		host_text(&h->host, h->address, sizeof(h->address));
		h->daemon = serve(h, fd, strchr(h->host.name, ':'), THREADS);
	}
	if (!h->daemon) {
		receive_http_stop(h);
		return fd < 0 ? TRACE(fd) : ERR(-EAGAIN);
	}
	serve_other(h);
	*out = h;
	return 0;
}

struct receive_http *receive_http_stop(struct receive_http *h)
{
	if (!h)
		return NULL;
	if (h->other)
		MHD_stop_daemon(h->other);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return NULL;
}

const char *receive_http_address(const struct receive_http *h)
{
	return h->address;
}
