/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/client.h"

#include "agent/agent.h"
#include "agent/http/headers.h"

static struct oriel_histogram *_Atomic duration;

void client_ready(void)
{
	if (!atomic_load_explicit(&duration, memory_order_relaxed))
		atomic_store_explicit(&duration,
				      oriel_histogram("http.client.request.duration", "s",
						      "Duration of HTTP client requests.", NULL, 0),
				      memory_order_relaxed);
}

static void gather_target(struct gathered *g, const struct client_request *c)
{
	gather(g, known_str(KEY_HTTP_REQUEST_METHOD, c->method ? c->method : "_OTHER"));
	gather(g, known_strn(KEY_SERVER_ADDRESS, c->url.host.name.p, c->url.host.name.n));
	gather(g, known_int(KEY_SERVER_PORT, c->url.host.port));
}

bool client_begin(struct client_request *c, const struct client_seen *seen)
{
	struct gathered g;

	if (http_is_to_intake(seen->url) ||
	    !http_url_of(oriel_redaction(), seen->url, &c->url, c->text, sizeof(c->text)))
		return false;
	if (seen->port > 0)
		c->url.host.port = seen->port;
	c->method = http_method(seen->method);
	c->begun = oriel_moment();
	g.n = 0;
	gather_target(&g, c);
	if (!c->method)
		gather(&g, known_strn(KEY_HTTP_REQUEST_METHOD_ORIGINAL, seen->method.p,
				      seen->method.n));
	gather(&g, known_strn(KEY_URL_FULL, c->text, c->url.n));
	if (seen->resend)
		gather(&g, known_int(KEY_HTTP_REQUEST_RESEND_COUNT, seen->resend));
	oriel_span_begin(&c->span, c->method ? c->method : "HTTP",
			 ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT, .parent = seen->parent,
					    .detached = true, .scope = watcher_scope(seen->scope)),
			 gathered_all(&g));
	return true;
}

void client_inject(const struct client_request *c,
		   void (*set)(void *carrier, const char *name, const char *value), void *carrier)
{
	unsigned token = oriel_context_attach(client_context(c));
	char id[ORIEL_REQUEST_ID_ROOM];

	oriel_context_inject(set, carrier);
	if (headers_request_id() && oriel_request_id(id))
		set(carrier, headers_request_id(), id);
	oriel_context_detach(token);
}

static void measure(const struct client_request *c, const struct client_outcome *o,
		    const char *error)
{
	struct gathered g;

	g.n = 0;
	gather_target(&g, c);
	if (o->status >= 100 && o->status < 600)
		gather(&g, known_int(KEY_HTTP_RESPONSE_STATUS_CODE, o->status));
	if (error)
		gather(&g, known_str(KEY_ERROR_TYPE, error));
	if (o->version)
		gather(&g, known_str(KEY_NETWORK_PROTOCOL_VERSION, o->version));
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed),
			 oriel_seconds_since(c->begun), gathered_all(&g));
}

void client_end(struct client_request *c, const struct client_outcome *o)
{
	const char *error = o->error;
	struct gathered g;
	char text[4];

	if (!c->begun)
		return;
	if (o->status >= 400)
		error = http_status_text(o->status, text);
	g.n = 0;
	if (o->status)
		gather(&g, known_int(KEY_HTTP_RESPONSE_STATUS_CODE, o->status));
	if (o->peer_address && o->peer_address[0]) {
		gather(&g, known_str(KEY_NETWORK_PEER_ADDRESS, o->peer_address));
		if (o->peer_port > 0)
			gather(&g, known_int(KEY_NETWORK_PEER_PORT, o->peer_port));
	}
	if (o->version)
		gather(&g, known_str(KEY_NETWORK_PROTOCOL_VERSION, o->version));
	if (o->request_bytes > 0)
		gather(&g, known_int(KEY_HTTP_REQUEST_BODY_SIZE, o->request_bytes));
	if (o->response_bytes >= 0)
		gather(&g, known_int(KEY_HTTP_RESPONSE_BODY_SIZE, o->response_bytes));
	if (error)
		gather(&g, known_str(KEY_ERROR_TYPE, error));
	if (error)
		oriel_span_status(&c->span, ORIEL_ERROR, o->message);
	oriel_span_end_all(&c->span, gathered_all(&g));
	measure(c, o, error);
	c->begun = 0;
}
