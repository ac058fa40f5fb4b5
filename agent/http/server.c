/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/server.h"

#include "agent/agent.h"
#include "agent/http/exclude.h"
#include "agent/http/forwarded.h"
#include "agent/http/http.h"
#include "agent/http/server-fields.h"
#include "agent/http/server-series.h"
#include "base/hot.h"

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
	k->https = seen->https;
	k->scope = seen->scope;
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

static void begin_empty(struct server_request *q, const char *method, const char *version,
			bool https)
{
	q->method = method;
	q->version = version;
	q->https = https;
	q->ended = q->unmeasured = false;
	q->route_n = 0;
	q->id[0] = '\0';
	memset(&q->parent, 0, sizeof(q->parent));
}

static uint64_t begun_now(const struct server_request *q)
{
	return q->span.flags & 1 ? oriel_moment_of_span() : oriel_moment();
}

void server_begin(struct server_request *q, const struct server_seen *seen)
{
	struct http_target target = http_target_of(seen->target);
	struct headers *h = (struct headers *)seen->headers;
	unsigned left_out = exclude_of(target.path);

	begin_empty(q, seen->method.n ? http_method(seen->method) : NULL, version_of(seen),
		    seen->https);
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
	q->begun = seen->begun ? seen->begun : begun_now(q);
	q->access_wanted = access_begin(&q->access, seen, left_out, q->span.flags & 1);
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

HOT bool server_knows_target(const struct server_known *k)
{
	return k->same_n && !exclude_of(k->path);
}

HOT void server_begin_same(struct server_request *q, const struct server_known *k)
{
	begin_empty(q, k->method, k->version, k->https);
	q->parent.carry = k->fields.carry;
	if (!k->image_n || !oriel_span_open_image(&q->span, k->image, k->image_n, q->parent.carry))
		oriel_span_open_at(&q->span, k->method, k->name_n,
				   ORIEL_SPAN_OPTIONS(.kind = ORIEL_SERVER, .parent = &q->parent,
						      .detached = true,
						      .scope = watcher_scope(k->scope)),
				   ORIEL_WITH(known_row(k->bytes, k->same_n)));
	q->begun = begun_now(q);
	q->access_wanted = false;
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
	return __builtin_expect(status >= 500, 0) ? http_status_text(status, text) : NULL;
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

static COLD struct oriel_series *series_new(const struct server_request *q, unsigned status)
{
	struct oriel_series *series;
	struct gathered g;
	char text[4];

	gather_labels(&g, q, status, error_of(status, text));
	series = oriel_bind_all(atomic_load_explicit(&duration, memory_order_relaxed),
				gathered_all(&g));
	if (series)
		server_series_keep(q, status, series);
	return series;
}

/* The status, or that it has none, says all that there is to say of an error. */
static void measure_seen(const struct server_request *q, unsigned status, double seconds)
{
	struct oriel_series *series = server_series_find(q, status);

	if (__builtin_expect(!series, 0))
		series = series_new(q, status);
	if (series)
		oriel_series_record(series, seconds);
}

static COLD void measure_error(const struct server_request *q, unsigned status, const char *error,
			       double seconds)
{
	struct gathered g;

	gather_labels(&g, q, status, error);
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed), seconds,
			 gathered_all(&g));
}

static HOT void measure_within(const struct server_request *q, const struct server_outcome *o,
			       bool recorded)
{
	double seconds = recorded ? oriel_seconds_to_span(q->begun) : oriel_seconds_since(q->begun);
	unsigned status = is_status(o->status) ? o->status : 0;

	if (__builtin_expect(!o->error, 1))
		measure_seen(q, status, seconds);
	else
		measure_error(q, status, o->error, seconds);
}

static COLD unsigned attach_ids(const struct oriel_context *c)
{
	struct oriel_context ids = *c;

	ids.carry = 0;
	return oriel_context_attach(&ids);
}

/*
 * The request's context may be attached no longer, and its trace is the measurement's exemplar: its ids
 * alone are attached meanwhile. To be detached; 0: nothing is.
 */
static inline unsigned measure_begin(const struct server_request *q)
{
	const struct oriel_context *c = server_context(q);

	if (!(c->flags & ORIEL_SAMPLED) || __builtin_expect(oriel_context_is_current(c), 1))
		return 0;
	return attach_ids(c);
}

static inline void measure_end(unsigned token)
{
	if (__builtin_expect(token != 0, 0))
		oriel_context_detach(token);
}

static void measure(const struct server_request *q, const struct server_outcome *o, bool recorded)
{
	unsigned token = measure_begin(q);

	measure_within(q, o, recorded);
	measure_end(token);
}

static COLD void log_access(const struct server_request *q, const struct server_outcome *o,
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

static COLD void end_badly(struct server_request *q, const struct server_outcome *o,
			   struct gathered *g, const char *error)
{
	gather(g, known_str(KEY_ERROR_TYPE, error));
	oriel_span_status(&q->span, ORIEL_ERROR, o->message);
}

HOT void server_end(struct server_request *q, const struct server_outcome *o)
{
	bool recorded = q->span.flags & 1;
	const char *error = o->error;
	struct gathered g;
	char text[4];

	if (__builtin_expect(q->ended, 0))
		return;
	q->ended = true;
	g.n = 0;
	if (o->status)
		gather(&g, known_int(KEY_HTTP_RESPONSE_STATUS_CODE, o->status));
	if (o->request_bytes > 0)
		gather(&g, known_int(KEY_HTTP_REQUEST_BODY_SIZE, o->request_bytes));
	if (o->response_bytes >= 0)
		gather(&g, known_int(KEY_HTTP_RESPONSE_BODY_SIZE, o->response_bytes));
	if (!error)
		error = error_of(o->status, text);
	if (__builtin_expect(error != NULL, 0))
		end_badly(q, o, &g, error);
	oriel_span_end_all(&q->span, gathered_all(&g));
	if (__builtin_expect(q->access_wanted, 0))
		log_access(q, o, error);
	if (!q->unmeasured)
		measure(q, o, recorded);
	oriel_context_release(&q->parent);
}

/* ---- one like the last ---------------------------------------------------------------------- */

void server_know_ending(struct server_ending *k, const struct server_request *q,
			const struct server_outcome *o)
{
	unsigned char row[SERVER_ENDING_MOST + 10];
	struct gathered g = { .n = 0 };
	size_t n;

	k->image_n = 0;
	k->series = is_status(o->status) ? server_series_find(q, o->status) : NULL;
	if (!k->series || o->error || o->status >= 500 || o->request_bytes > 0 || q->route_n ||
	    q->unmeasured)
		return;
	k->method = q->method;
	k->version = q->version;
	k->https = q->https;
	k->status = (uint16_t)o->status;
	k->response_bytes = o->response_bytes;
	gather(&g, known_int(KEY_HTTP_RESPONSE_STATUS_CODE, o->status));
	if (o->response_bytes >= 0)
		gather(&g, known_int(KEY_HTTP_RESPONSE_BODY_SIZE, o->response_bytes));
	n = oriel_prepare(row, SERVER_ENDING_MOST, gathered_all(&g));
	if (n)
		k->image_n = (uint16_t)oriel_span_end_image(k->image, sizeof(k->image), row, n);
}

static inline bool ends_so(const struct server_request *q, const struct server_ending *k,
			   const struct server_outcome *o)
{
	return k->image_n && o->status == k->status && o->response_bytes == k->response_bytes &&
	       o->request_bytes <= 0 && !o->error && q->method == k->method &&
	       q->version == k->version && q->https == k->https && !q->route_n && !q->ended &&
	       !q->unmeasured && !q->access_wanted;
}

HOT bool server_end_same(struct server_request *q, const struct server_ending *k,
			 const struct server_outcome *o)
{
	double seconds;
	unsigned token;

	if (!ends_so(q, k, o) ||
	    !oriel_span_close_image(&q->span, k->image, k->image_n, q->begun, &seconds))
		return false;
	q->ended = true;
	token = measure_begin(q);
	oriel_series_record(k->series, seconds);
	measure_end(token);
	oriel_context_release(&q->parent);
	return true;
}
