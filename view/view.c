/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: requests come in, go through the list of routes, and leave as one buffer each.
 *
 * libmicrohttpd gives us connections, parsing and time-outs; the target is cut by query.c, from the
 * bytes that were sent. What a request holds is on its thread's stack or in `struct request`, so the
 * two threads share only the store (which is made for that) and the sources.
 */
#include "view/view.h"

#include "base/clock.h"
#include "base/err.h"
#include "model/stats.h"
#include "view/accept.h"
#include "view/change.h"
#include "base/host.h"
#include "view/page.h"
#include "view/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	THREADS = 2,
	CONNECTIONS_MOST = 256,
	TIMEOUT_S = 30,
	CONNECTION_BYTES = 32 * 1024,
	GZIP_FROM = 1024,
	BODY_MOST = 256 << 20,
};

struct view {
	struct view_facts facts;
	struct view_sources sources; /* a copy */
	struct host host;
	struct page page;
	char address[HOST_BYTES + 16];
	struct MHD_Daemon *daemon;
	_Atomic uint64_t last_request_ns;
};

/* One per request; keeps the target as it was sent. */
struct request {
	size_t n;
	bool too_long;
	char target[QUERY_BYTES];
	struct change_post post; /* of the one that is taken */
};

static void *request_new(void *you, const char *target, struct MHD_Connection *connection)
{
	struct request *q = malloc(sizeof(*q));

	(void)you;
	(void)connection;
	if (!q)
		return NULL;
	q->n = strlen(target);
	q->too_long = q->n > sizeof(q->target);
	if (q->too_long)
		q->n = 0;
	memcpy(q->target, target, q->n);
	q->post.begun = false;
	q->post.n = 0;
	return q;
}

static void request_done(void *you, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode how)
{
	(void)you;
	(void)connection;
	(void)how;
	free(*request);
	*request = NULL;
}

static struct str header_of(struct MHD_Connection *c, const char *name)
{
	return str_of(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static void answer_by_route(const struct view *v, struct query *q, bool gzip, struct reply *r)
{
	for (size_t i = 0; i < view_n_routes; i++) {
		struct str path = str_of(view_routes[i].path);
		bool prefix = str_ends(path, STR("/"));

		if (prefix ? str_starts(q->path, path) && q->path.n > path.n
			   : str_eq(q->path, path)) {
			view_routes[i].answer(&v->facts, q, str_from(q->path, path.n), r);
			return;
		}
	}
	if (!page_answer(&v->page, q->path, gzip, r))
		reply_error(r, 404, "there is nothing here; doc/api.md lists what there is");
}

static bool is_change(const struct request *q, const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_POST) == 0 &&
	       str_eq((struct str){ q->target, q->n }, STR("/api/control"));
}

static void answer_change(const struct view *v, struct MHD_Connection *c,
			  const struct request *request, struct reply *r)
{
	const char *refusal = change_refusal(c);

	if (refusal)
		reply_error(r, 403, refusal);
	else
		change_answer(&v->facts, &request->post, r);
}

static void answer(const struct view *v, struct MHD_Connection *c, const struct request *request,
		   const char *method, bool gzip, struct reply *r)
{
	struct str host = header_of(c, MHD_HTTP_HEADER_HOST);
	struct query q;

	if (host.n && !host_is_ours(&v->host, host))
		reply_error(r, 403, "this Host is not ours: use the address that Oriel printed");
	else if (is_change(request, method))
		answer_change(v, c, request, r);
	else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		 strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		reply_error(r, 405, "only GET and HEAD");
	else if (request->too_long)
		reply_error(r, 400, "the address is too long");
	else if (query_read(&q, (struct str){ request->target, request->n }) == QUERY_BAD)
		reply_error(r, 400, q.why);
	else {
		q.accept = header_of(c, MHD_HTTP_HEADER_ACCEPT);
		answer_by_route(v, &q, gzip, r);
	}
	if (r->body.error)
		reply_error(r, 503, "the answer is too large");
}

static void reply_compress(struct reply *r)
{
	struct out small = { 0 };

	if (r->gzipped || r->body.n <= GZIP_FROM)
		return;
	if (page_gzip(&small, out_all(&r->body)) < 0) {
		out_fini(&small);
		return;
	}
	out_fini(&r->body);
	r->body = small;
	r->gzipped = true;
}

static void reply_headers(const struct reply *r, struct MHD_Response *m)
{
	static const char *const always[][2] = {
		{ "Content-Security-Policy",
		  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		  "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
		  "frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Vary", "Accept, Accept-Encoding" },
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		MHD_add_response_header(m, always[i][0], always[i][1]);
	MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
	if (r->gzipped)
		MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (r->etag)
		MHD_add_response_header(m, MHD_HTTP_HEADER_ETAG, r->etag);
	MHD_add_response_header(m, MHD_HTTP_HEADER_CACHE_CONTROL,
				!r->etag       ? "no-store"
				: r->immutable ? "public, max-age=31536000, immutable"
					       : "no-cache");
	if (r->status == 405)
		MHD_add_response_header(m, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
}

/* The body goes to the response, which frees it. */
static enum MHD_Result reply_send(struct reply *r, struct MHD_Connection *c)
{
	struct MHD_Response *m =
		MHD_create_response_from_buffer(r->body.n, r->body.p, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent;

	if (!m) {
		out_fini(&r->body);
		return MHD_NO;
	}
	reply_headers(r, m);
	sent = MHD_queue_response(c, r->status, m);
	MHD_destroy_response(m);
	return sent;
}

/* Once for the head, then for each piece of the body; then it is whole. */
static bool takes_more(struct request *q, const char *data, size_t *n_data)
{
	bool more = !q->post.begun || *n_data;

	if (q->post.begun && *n_data)
		change_gather(&q->post, data, *n_data);
	if (q->post.begun)
		*n_data = 0;
	q->post.begun = true;
	return more;
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *n_data, void **request)
{
	struct view *v = you;
	struct reply r = { .status = 200, .type = "application/json; charset=utf-8" };
	bool gzip = accept_gzip(header_of(c, MHD_HTTP_HEADER_ACCEPT_ENCODING));

	(void)url;
	(void)version;
	if (!*request)
		return MHD_NO;
	if (is_change(*request, method) && takes_more(*request, data, n_data))
		return MHD_YES;
	r.body.limit = BODY_MOST;
	r.json.out = &r.body;
	atomic_store_explicit(&v->last_request_ns, clock_mono_ns(), memory_order_relaxed);
	stats_add(http_requests, 1);
	answer(v, c, *request, method, gzip, &r);
	if (r.status >= 400 && r.status < 500 && r.status != 404)
		stats_add(http_refused, 1);
	if (r.etag && str_eq(header_of(c, MHD_HTTP_HEADER_IF_NONE_MATCH), str_of(r.etag))) {
		r.status = 304;
		r.gzipped = false;
		out_fini(&r.body);
	} else if (gzip) {
		reply_compress(&r);
	}
	return reply_send(&r, c);
}

static int view_serve(struct view *v)
{
	int fd = host_listen(&v->host);

	if (fd < 0)
		return TRACE(fd);
	host_text(&v->host, v->address, sizeof(v->address));
	v->facts.address = v->address;
	v->daemon =
		MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD |
					 (strchr(v->host.name, ':') ? MHD_USE_IPv6 : 0),
				 0, NULL, NULL, handle, v, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
				 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				 MHD_OPTION_URI_LOG_CALLBACK, request_new, NULL,
				 MHD_OPTION_NOTIFY_COMPLETED, request_done, NULL, MHD_OPTION_END);
	if (v->daemon)
		return 0;
	close(fd);
	return ERR(-EAGAIN);
}

int view_start(struct view **out, const struct view_options *options)
{
	struct view *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return ERR(-ENOMEM);
	if (options->sources)
		v->sources = *options->sources;
	v->facts = (struct view_facts){ options->store, &v->sources, options->you, v->address };
	v->page = (struct page){ options->assets, -1 };
	if (options->web_dir)
		v->page.dir = open(options->web_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (options->web_dir && v->page.dir < 0)
		r = ERR(-errno);
	else
		r = host_read(&v->host, str_of(options->listen)) == HOST_OK ? view_serve(v)
									    : ERR(-EINVAL);
	if (r < 0) {
		view_stop(v);
		return TRACE(r);
	}
	*out = v;
	return 0;
}

struct view *view_stop(struct view *v)
{
	if (!v)
		return NULL;
	if (v->daemon)
		MHD_stop_daemon(v->daemon);
	if (v->page.dir >= 0)
		close(v->page.dir);
	free(v);
	return NULL;
}

const char *view_address(const struct view *v)
{
	return v->address;
}

uint64_t view_last_request_ns(const struct view *v)
{
	return atomic_load_explicit(&v->last_request_ns, memory_order_relaxed);
}
