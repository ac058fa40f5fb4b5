/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/server.h"

#include "agent/agent.h"
#include "agent/http/exclude.h"
#include "agent/http/forwarded.h"
#include "agent/http/http.h"
#include "agent/http/server-fields.h"
#include "agent/http/server-series.h"

enum { QUERY_MOST = 800, FIELD_PATH_MOST = 256, CLIENT_CLOSED = 499 };

static struct oriel_histogram *_Atomic duration;

void server_ready(void)
{
	if (!atomic_load_explicit(&duration, memory_order_relaxed))
		atomic_store_explicit(&duration,
				      oriel_histogram("http.server.request.duration", "s",
						      "Duration of HTTP server requests.", NULL, 0),
				      memory_order_relaxed);
}

const char *server_id_header(void)
{
	return headers_request_id();
}

/* ---- the span ------------------------------------------------------------------------------- */

static const char *scheme_of(const struct server_request *q)
{
	return q->https ? "https" : "http";
}

static const char *version_of(const struct server_seen *seen)
{
	return seen->version.n ? http_version(seen->version) : NULL;
}

static void gather_method(struct gathered *g, const struct server_request *q)
{
	gather(g, known_str(KEY_HTTP_REQUEST_METHOD, q->method ? q->method : "_OTHER"));
}

static void gather_host(struct gathered *g, const struct server_seen *seen, const char *header)
{
	struct http_host host;

	if (!header || !http_host_of(str_of(header), &host))
		return;
	gather(g, known_strn(KEY_SERVER_ADDRESS, host.name.p, host.name.n));
	gather(g, known_int(KEY_SERVER_PORT, host.port >= 0 ? host.port : seen->https ? 443 : 80));
}

static struct forwarded_rules forwarded;

void server_trust(const char *proxies, const char *header)
{
	forwarded_rules_read(&forwarded, str_of(proxies), str_trim(str_of(header)));
}

bool server_client(const struct server_seen *seen, char out[46])
{
	const struct headers *h = seen->headers;
	uint8_t peer[16], client[16];
	bool known = http_peer_address(seen->peer, peer);
	struct forwarded_seen f = { .peer = known ? peer : NULL };

	if (h) {
		f.x_forwarded_for = str_of(h->x_forwarded_for);
		f.forwarded = str_of(h->forwarded);
	}
	if (forwarded_client(&forwarded, &f, client))
		memcpy(peer, client, sizeof(peer));
	else if (!known)
		return false;
	http_address_text(peer, out);
	return true;
}

struct peer_texts {
	char client[46], peer[46];
};

static void gather_peer(struct gathered *g, const struct server_seen *seen, struct peer_texts *t)
{
	int port;

	if (server_client(seen, t->client))
		gather(g, known_str(KEY_CLIENT_ADDRESS, t->client));
	if (!http_peer_of(seen->peer, t->peer, &port))
		return;
	gather(g, known_str(KEY_NETWORK_PEER_ADDRESS, t->peer));
	gather(g, known_int(KEY_NETWORK_PEER_PORT, port));
}

/* "GET /orders/{id}" when there is a route, else "GET" ("HTTP" for an unknown method). */
static const char *name_of(const struct server_request *q, char room[SERVER_ROUTE_MOST + 32],
			   size_t *n)
{
	const char *method = q->method ? q->method : "HTTP";
	size_t method_n = 0;

	while (method_n < 30 && method[method_n])
		method_n++;
	*n = method_n;
	if (!q->route_n)
		return method;
	memcpy(room, method, method_n);
	room[method_n] = ' ';
	memcpy(room + method_n + 1, q->route, q->route_n);
	*n += 1 + q->route_n;
	room[*n] = '\0';
	return room;
}

/* What doesn't change from one request of a connection to the next, as long as its fields don't. */
static void gather_known(struct gathered *g, const struct server_seen *seen,
			 struct peer_texts *peer)
{
	const char *version = version_of(seen);

	gather(g, known_str(KEY_URL_SCHEME, seen->https ? "https" : "http"));
	gather_host(g, seen, seen->headers ? seen->headers->host : NULL);
	gather_peer(g, seen, peer);
	if (version)
		gather(g, known_str(KEY_NETWORK_PROTOCOL_VERSION, version));
	if (seen->headers && seen->headers->user_agent)
		gather(g, known_str(KEY_USER_AGENT_ORIGINAL, seen->headers->user_agent));
}

bool server_know(struct server_known *k, const struct server_seen *seen)
{
	struct gathered g = { .n = 0 };
	struct peer_texts peer;

	k->method = http_method(seen->method);
	k->version = version_of(seen);
	k->name_n = k->method ? (uint16_t)strlen(k->method) : 0;
	k->method_n = k->same_n = 0;
	if (k->method)
		k->method_n = (uint16_t)oriel_prepare(k->bytes, SERVER_KNOWN_MOST,
						      ORIEL_WITH(known_str(KEY_HTTP_REQUEST_METHOD,
									   k->method)));
	gather_known(&g, seen, &peer);
	k->n = (uint16_t)oriel_prepare(k->bytes + k->method_n,
				       (size_t)SERVER_KNOWN_MOST - k->method_n, gathered_all(&g));
	if (!k->n)
		return false;
	k->n = (uint16_t)(k->n + k->method_n);
	return true;
}

static void gather_target(struct gathered *g, struct http_target target, char room[QUERY_MOST])
{
	gather(g, known_strn(KEY_URL_PATH, target.path.p, target.path.n));
	if (target.query.n)
		gather(g, known_strn(KEY_URL_QUERY, room,
				     http_query_redact(oriel_redaction(), target.query, room,
						       QUERY_MOST)));
}

/* The method and what is known beside it. */
static void gather_row(struct gathered *g, const struct server_request *q,
		       const struct server_known *k)
{
	size_t skip = q->method && q->method == k->method ? 0 : k->method_n;

	if (skip || !k->method_n)
		gather_method(g, q);
	gather(g, known_row(k->bytes + skip, k->n - skip));
}

static void route_keep(struct server_request *q, struct str route)
{
	q->route_n = (uint8_t)str_first(route, SERVER_ROUTE_MOST).n;
	if (q->route_n)
		memcpy(q->route, route.p, q->route_n);
}

static void span_begin(struct server_request *q, const struct server_seen *seen,
		       struct http_target target, unsigned left_out)
{
	char query[QUERY_MOST], name[SERVER_ROUTE_MOST + 32];
	struct peer_texts peer;
	struct gathered g;
	size_t name_n;
	const char *text = name_of(q, name, &name_n);

	g.n = 0;
	if (seen->known)
		gather_row(&g, q, seen->known);
	else
		gather_method(&g, q);
	if (!q->method && seen->method.n)
		gather(&g, known_strn(KEY_HTTP_REQUEST_METHOD_ORIGINAL, seen->method.p,
				      seen->method.n));
	gather_target(&g, target, query);
	if (q->route_n)
		gather(&g, known_strn(KEY_HTTP_ROUTE, q->route, q->route_n));
	if (!seen->known)
		gather_known(&g, seen, &peer);
	if (q->id[0])
		gather(&g, known_str(KEY_REQUEST_ID, q->id));
	if (access_log_on && (left_out & EXCLUDE_ACCESS_LOG))
		gather(&g, oriel_bool("oriel.access_log", false));
	oriel_span_open_at(&q->span, text, name_n,
			   ORIEL_SPAN_OPTIONS(.kind = ORIEL_SERVER, .parent = &q->parent,
					      .detached = true,
					      .scope = watcher_scope(seen->scope)),
			   gathered_all(&g));
}

/*
 * Left out of traces: no span, and a context without ids that decides against those of whatever the
 * program does meanwhile. Log records in it belong to no trace; the request id goes on.
 */
static void leave_out(struct server_request *q)
{
	q->parent = watcher_left_out(q->parent.carry);
	q->span = oriel_span_none();
	q->span.context = q->parent;
}

/* What it carries: `id`, or a fresh one, where `out` is there; for log records its method and its path. */
static void carry_request(struct oriel_context *c, const char *id, char *out, const char *method,
			  struct str path)
{
	char room[FIELD_PATH_MOST];
	struct oriel_attribute field[2] = {
		known_str(KEY_METHOD, method ? method : "_OTHER"),
		known_strn(KEY_PATH, path.p, path.n),
	};

	if (path.n > sizeof(room)) /* cut when secrets are out of it */
		field[1] = known_strn(KEY_PATH, room,
				      redact_text(oriel_redaction(), path, room, sizeof(room)));
	oriel_context_begin_request(c, id, out, (struct oriel_attributes){ field, 2 });
}

static void begin_context(struct server_request *q, const struct server_seen *seen, struct str path)
{
	const char *id = seen->headers ? seen->headers->request_id : NULL;
	bool wanted = headers_request_id() && (id || !seen->no_fresh_id);

	carry_request(&q->parent, id, wanted ? q->id : NULL, q->method, path);
}

static void begin_empty(struct server_request *q, const struct server_seen *seen,
			const char *method, const char *version)
{
	q->method = method;
	q->version = version;
	q->https = seen->https;
	q->ended = q->unmeasured = false;
	q->route_n = 0;
	q->id[0] = '\0';
	memset(&q->parent, 0, sizeof(q->parent));
}

static uint64_t begun_at(const struct server_request *q, const struct server_seen *seen)
{
	if (seen->begun)
		return seen->begun;
	return q->span.flags & 1 ? oriel_moment_of_span() : oriel_moment();
}

void server_begin(struct server_request *q, const struct server_seen *seen)
{
	struct http_target target = http_target_of(seen->target);
	struct headers *h = (struct headers *)seen->headers;
	unsigned left_out = exclude_of(target.path);

	begin_empty(q, seen, seen->method.n ? http_method(seen->method) : NULL, version_of(seen));
	q->unmeasured = left_out & EXCLUDE_METRICS;
	route_keep(q, seen->route);
	if (h && h->context && !(left_out & EXCLUDE_TRACES))
		oriel_context_extract_from(&q->parent,
					   ORIEL_CARRIER(.get = headers_context,
							 .key = headers_context_key, .carrier = h));
	begin_context(q, seen, target.path);
	if (left_out & EXCLUDE_TRACES)
		leave_out(q);
	else
		span_begin(q, seen, target, left_out);
	q->begun = begun_at(q, seen);
	access_begin(&q->access, seen, left_out, q->span.flags & 1);
}

/* ---- one like the last ---------------------------------------------------------------------- */

static void make_fields(struct oriel_context *c, const char *method, struct str path)
{
	carry_request(c, NULL, NULL, method, path);
}

void server_know_target(struct server_known *k, const struct server_seen *seen)
{
	struct http_target target = http_target_of(seen->target);
	char query[QUERY_MOST];
	struct gathered g = { .n = 0 };
	size_t n;

	k->same_n = 0;
	if (!k->method_n || http_method(seen->method) != k->method || access_log_on ||
	    (headers_request_id() && !seen->no_fresh_id))
		return;
	gather_target(&g, target, query);
	n = oriel_prepare(k->bytes + k->n, (size_t)SERVER_KNOWN_MOST - k->n, gathered_all(&g));
	k->fields = server_fields(k->method, target.path, make_fields);
	if (!n || !k->fields.carry)
		return;
	k->same_n = (uint16_t)(k->n + n);
	k->path = target.path;
	k->image_n = (uint16_t)oriel_span_image(k->image, sizeof(k->image), k->method, k->name_n,
						ORIEL_SERVER, (enum wire_scope)seen->scope,
						k->bytes, k->same_n);
}

bool server_knows_target(const struct server_known *k)
{
	return k->same_n && !exclude_of(k->path);
}

void server_begin_same(struct server_request *q, const struct server_seen *seen)
{
	const struct server_known *k = seen->known;

	begin_empty(q, seen, k->method, k->version);
	q->parent.carry = k->fields.carry;
	if (!k->image_n || !oriel_span_open_image(&q->span, k->image, k->image_n, q->parent.carry))
		oriel_span_open_at(&q->span, k->method, k->name_n,
				   ORIEL_SPAN_OPTIONS(.kind = ORIEL_SERVER, .parent = &q->parent,
						      .detached = true,
						      .scope = watcher_scope(seen->scope)),
				   ORIEL_WITH(known_row(k->bytes, k->same_n)));
	q->begun = begun_at(q, seen);
	q->access.wanted = false;
}

void server_route(struct server_request *q, struct str route)
{
	char room[SERVER_ROUTE_MOST + 32];
	size_t n;

	if (q->ended || !route.n)
		return;
	route_keep(q, route);
	oriel_span_set_all(&q->span, ORIEL_WITH(known_strn(KEY_HTTP_ROUTE, q->route, q->route_n)));
	oriel_span_name(&q->span, name_of(q, room, &n));
}

/* ---- the end -------------------------------------------------------------------------------- */

static bool is_status(unsigned status)
{
	return status >= 100 && status < 600;
}

struct server_outcome server_client_closed(unsigned status, bool handled)
{
	return (struct server_outcome){
		.status = status ? status : CLIENT_CLOSED,
		.error = "client_closed",
		.message = handled ? "Client closed the connection while the server was still "
				     "processing the request."
				   : "Client closed the connection before the server could start "
				     "processing the request.",
		.request_bytes = -1,
		.response_bytes = -1,
	};
}

static const char *error_of(unsigned status, char text[4])
{
	return status >= 500 ? http_status_text(status, text) : NULL;
}

static void gather_labels(struct gathered *g, const struct server_request *q, unsigned status,
			  const char *error)
{
	g->n = 0;
	gather_method(g, q);
	gather(g, known_str(KEY_URL_SCHEME, scheme_of(q)));
	if (q->route_n)
		gather(g, known_strn(KEY_HTTP_ROUTE, q->route, q->route_n));
	if (status)
		gather(g, known_int(KEY_HTTP_RESPONSE_STATUS_CODE, status));
	if (error)
		gather(g, known_str(KEY_ERROR_TYPE, error));
	if (q->version)
		gather(g, known_str(KEY_NETWORK_PROTOCOL_VERSION, q->version));
}

/* The status, or that it has none, says all that there is to say of an error. */
static void measure_seen(const struct server_request *q, unsigned status, double seconds)
{
	struct oriel_series *series = server_series_find(q, status);

	if (!series) {
		struct gathered g;
		char text[4];

		gather_labels(&g, q, status, error_of(status, text));
		series = oriel_bind_all(atomic_load_explicit(&duration, memory_order_relaxed),
					gathered_all(&g));
		if (!series)
			return;
		server_series_keep(q, status, series);
	}
	oriel_series_record(series, seconds);
}

static void measure_within(const struct server_request *q, const struct server_outcome *o,
			   bool recorded)
{
	double seconds = recorded ? oriel_seconds_to_span(q->begun) : oriel_seconds_since(q->begun);
	unsigned status = is_status(o->status) ? o->status : 0;
	struct gathered g;

	if (!o->error) {
		measure_seen(q, status, seconds);
		return;
	}
	gather_labels(&g, q, status, o->error);
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed), seconds,
			 gathered_all(&g));
}

/*
 * The request's context may be attached no longer, and its trace is the measurement's exemplar: its ids
 * alone.
 */
static void measure(const struct server_request *q, const struct server_outcome *o, bool recorded)
{
	const struct oriel_context *c = server_context(q);
	struct oriel_context ids;
	unsigned token;

	if (!(c->flags & ORIEL_SAMPLED) || oriel_context_is_current(c)) {
		measure_within(q, o, recorded);
		return;
	}
	ids = *c;
	ids.carry = 0;
	token = oriel_context_attach(&ids);
	measure_within(q, o, recorded);
	oriel_context_detach(token);
}

static void log_access(const struct server_request *q, const struct server_outcome *o,
		       const char *error)
{
	access_end_any(&q->access, server_context(q),
		       &(struct access_done){ .route = { q->route, q->route_n },
					      .version = q->version,
					      .error = error,
					      .status = o->status,
					      .seconds = oriel_seconds_since(q->begun),
					      .request_bytes = o->request_bytes,
					      .response_bytes = o->response_bytes });
}

void server_end(struct server_request *q, const struct server_outcome *o)
{
	bool recorded = q->span.flags & 1;
	const char *error = o->error;
	struct gathered g;
	char text[4];

	if (q->ended)
		return;
	q->ended = true;
	if (!error)
		error = error_of(o->status, text);
	g.n = 0;
	if (o->status)
		gather(&g, known_int(KEY_HTTP_RESPONSE_STATUS_CODE, o->status));
	if (error)
		gather(&g, known_str(KEY_ERROR_TYPE, error));
	if (o->request_bytes > 0)
		gather(&g, known_int(KEY_HTTP_REQUEST_BODY_SIZE, o->request_bytes));
	if (o->response_bytes >= 0)
		gather(&g, known_int(KEY_HTTP_RESPONSE_BODY_SIZE, o->response_bytes));
	if (error)
		oriel_span_status(&q->span, ORIEL_ERROR, o->message);
	oriel_span_end_all(&q->span, gathered_all(&g));
	if (__builtin_expect(q->access.wanted, 0))
		log_access(q, o, error);
	if (!q->unmeasured)
		measure(q, o, recorded);
	oriel_context_release(&q->parent);
}
