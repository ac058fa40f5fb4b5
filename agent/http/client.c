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
	gather(g, oriel_str("http.request.method", c->method ? c->method : "_OTHER"));
	gather(g, oriel_strn("server.address", c->url.host.name.p, c->url.host.name.n));
	gather(g, oriel_int("server.port", c->url.host.port));
}

bool client_begin(struct client_request *c, const struct client_seen *seen)
{
	struct gathered g;

	if (!http_url_of(seen->url, &c->url, c->text, sizeof(c->text)))
		return false;
	if (seen->port > 0)
		c->url.host.port = seen->port;
	c->method = http_method(seen->method);
	c->begin_ns = agent_now_ns();
	g.n = 0;
	gather_target(&g, c);
	if (!c->method)
		gather(&g,
		       oriel_strn("http.request.method_original", seen->method.p, seen->method.n));
	gather(&g, oriel_strn("url.full", c->text, c->url.n));
	if (seen->resend)
		gather(&g, oriel_int("http.request.resend_count", seen->resend));
	oriel_span_begin(&c->span, c->method ? c->method : "HTTP",
			 ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT, .parent = seen->parent,
					    .detached = true, .scope = seen->scope),
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
		gather(&g, oriel_int("http.response.status_code", o->status));
	if (error)
		gather(&g, oriel_str("error.type", error));
	if (o->version)
		gather(&g, oriel_str("network.protocol.version", o->version));
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed),
			 agent_seconds_since(c->begin_ns), gathered_all(&g));
}

void client_end(struct client_request *c, const struct client_outcome *o)
{
	const char *error = o->error;
	struct gathered g;
	char text[4];

	if (!c->begin_ns)
		return;
	if (o->status >= 400)
		error = http_status_text(o->status, text);
	g.n = 0;
	if (o->status)
		gather(&g, oriel_int("http.response.status_code", o->status));
	if (o->peer_address && o->peer_address[0]) {
		gather(&g, oriel_str("network.peer.address", o->peer_address));
		gather(&g, oriel_int("network.peer.port", o->peer_port));
	}
	if (o->version)
		gather(&g, oriel_str("network.protocol.version", o->version));
	if (o->request_bytes > 0)
		gather(&g, oriel_int("http.request.body.size", o->request_bytes));
	if (o->response_bytes >= 0)
		gather(&g, oriel_int("http.response.body.size", o->response_bytes));
	if (error)
		gather(&g, oriel_str("error.type", error));
	oriel_span_set_all(&c->span, gathered_all(&g));
	if (error)
		oriel_span_status(&c->span, ORIEL_ERROR, o->message);
	oriel_span_end(&c->span);
	measure(c, o, error);
	c->begin_ns = 0;
}
