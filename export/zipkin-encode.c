/* SPDX-License-Identifier: Apache-2.0 */
#include "export/zipkin-encode.h"

#include "model/value-json.h"

#include <arpa/inet.h>

#define NAME(j, literal) json_name(j, STR(literal))

/* `scratch` is for JSON that goes into a string. */
struct writer {
	struct json json;
	struct out scratch;
};

static struct json scratch(struct writer *w)
{
	out_clear(&w->scratch);
	return (struct json){ .out = &w->scratch };
}

static void put_scratch(struct writer *w)
{
	if (w->scratch.error && !w->json.out->error)
		w->json.out->error = w->scratch.error;
	json_str(&w->json, out_all(&w->scratch));
}

/* Any value as a string. */
static void put_text_of(struct writer *w, const struct value *v)
{
	struct json inside;

	switch (v->type) {
	case VALUE_EMPTY:
		json_str(&w->json, STR(""));
		break;
	case VALUE_BOOL:
		json_str(&w->json, v->boolean ? STR("true") : STR("false"));
		break;
	case VALUE_INT:
		json_i64_text(&w->json, v->integer);
		break;
	case VALUE_STRING:
		json_str(&w->json, v->text);
		break;
	case VALUE_BYTES:
		json_base64(&w->json, v->text);
		break;
	case VALUE_DOUBLE:
		if (v->number - v->number != 0) {
			json_f64(&w->json, v->number); /* a string already: no number in JSON */
			break;
		}
		/* fall through */
	case VALUE_ARRAY:
	case VALUE_MAP:
		inside = scratch(w);
		value_json(&inside, v);
		put_scratch(w);
	}
}

static void put_time(struct json *j, struct str name, uint64_t ns)
{
	json_name(j, name);
	json_u64(j, ns / 1000);
}

static void put_kind(struct json *j, enum span_kind kind)
{
	static const char *const word[] = { [SPAN_SERVER] = "SERVER",
					    [SPAN_CLIENT] = "CLIENT",
					    [SPAN_PRODUCER] = "PRODUCER",
					    [SPAN_CONSUMER] = "CONSUMER" };

	if (kind < SPAN_SERVER || kind > SPAN_CONSUMER)
		return;
	NAME(j, "kind");
	json_str(j, str_of(word[kind]));
}

static void put_address(struct json *j, struct str text)
{
	char ended[INET6_ADDRSTRLEN];
	struct in6_addr room;

	if (!text.n || text.n >= sizeof(ended))
		return;
	memcpy(ended, text.p, text.n);
	ended[text.n] = '\0';
	if (inet_pton(AF_INET, ended, &room) == 1) {
		NAME(j, "ipv4");
		json_str(j, text);
	} else if (inet_pton(AF_INET6, ended, &room) == 1) {
		NAME(j, "ipv6");
		json_str(j, text);
	}
}

/* Who was called: the first of these that is there. */
static void put_remote(struct json *j, const struct span *s)
{
	static const struct {
		const char *name, *port;
	} rank[] = {
		{ "peer.service", "server.port" },
		{ "server.address", "server.port" },
		{ "net.peer.name", "net.peer.port" },
		{ "network.peer.address", "network.peer.port" },
		{ "server.socket.domain", "server.socket.port" },
		{ "server.socket.address", "server.socket.port" },
		{ "net.sock.peer.name", "net.sock.peer.port" },
		{ "net.sock.peer.addr", "net.sock.peer.port" },
		{ "peer.hostname", "peer.port" },
		{ "peer.address", "peer.port" },
		{ "db.name", "server.port" },
		{ "db.namespace", "server.port" },
	};

	if (s->kind != SPAN_CLIENT && s->kind != SPAN_PRODUCER)
		return;
	for (size_t i = 0; i < sizeof(rank) / sizeof(*rank); i++) {
		struct str text = attributes_text(s->attributes, str_of(rank[i].name));
		int64_t port = attributes_int(s->attributes, str_of(rank[i].port), 0);

		if (!text.n)
			continue;
		NAME(j, "remoteEndpoint");
		json_open(j, '{');
		NAME(j, "serviceName");
		json_str(j, text);
		put_address(j, text);
		if (port > 0 && port < 65536) {
			NAME(j, "port");
			json_u64(j, (uint64_t)port);
		}
		json_close(j, '}');
		return;
	}
}

static void put_annotations(struct writer *w, const struct span *s)
{
	struct json *j = &w->json;

	NAME(j, "annotations");
	json_open(j, '[');
	for (size_t i = 0; i < s->n_events; i++) {
		const struct span_event *e = &s->event[i];

		json_open(j, '{');
		put_time(j, STR("timestamp"), e->time_ns);
		NAME(j, "value");
		if (e->attributes.n) {
			struct json inside = scratch(w);

			json_key(&inside, e->name);
			attributes_json(&inside, e->attributes);
			put_scratch(w);
		} else {
			json_str(j, e->name);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* Whatever its value, Zipkin shows a span with this tag as failed. */
static bool says_no_error(const struct span *s, const struct attribute *a)
{
	if (!str_eq(a->key, STR("error")))
		return false;
	return s->status == STATUS_ERROR || (a->value.type == VALUE_BOOL && !a->value.boolean) ||
	       (a->value.type == VALUE_STRING && str_eq(a->value.text, STR("false")));
}

static bool has_tags(const struct span *s)
{
	return s->attributes.n || s->status != STATUS_UNSET || s->attributes.dropped ||
	       s->dropped_events || s->dropped_links ||
	       (s->scope && (s->scope->name.n || s->scope->version.n));
}

static void put_tags(struct writer *w, const struct span *s)
{
	struct json *j = &w->json;

	NAME(j, "tags");
	json_open(j, '{');
	for (size_t i = 0; i < s->attributes.n; i++) {
		if (says_no_error(s, &s->attributes.item[i]))
			continue;
		json_key(j, s->attributes.item[i].key);
		put_text_of(w, &s->attributes.item[i].value);
	}
	if (s->status != STATUS_UNSET)
		json_some_str(j, STR("otel.status_code"),
			      s->status == STATUS_ERROR ? STR("ERROR") : STR("OK"));
	if (s->status == STATUS_ERROR) {
		NAME(j, "error");
		json_str(j, s->status_message);
	}
	if (s->scope) {
		json_some_str(j, STR("otel.scope.name"), s->scope->name);
		json_some_str(j, STR("otel.scope.version"), s->scope->version);
	}
	json_some_u64_text(j, STR("otel.dropped_attributes_count"), s->attributes.dropped);
	json_some_u64_text(j, STR("otel.dropped_events_count"), s->dropped_events);
	json_some_u64_text(j, STR("otel.dropped_links_count"), s->dropped_links);
	json_close(j, '}');
}

static void put_local(struct json *j, const struct resource *r)
{
	NAME(j, "localEndpoint");
	json_open(j, '{');
	NAME(j, "serviceName");
	json_str(j, r->service.n ? r->service : STR("unknown_service"));
	json_close(j, '}');
}

static void put_span(struct writer *w, const struct span *s, const struct resource *r)
{
	uint64_t took_us = (s->end_ns - s->start_ns) / 1000;
	struct json *j = &w->json;

	json_open(j, '{');
	json_put_hex(j, STR("traceId"), s->trace_id.b, sizeof(s->trace_id.b));
	if (span_id_is_set(s->parent_id))
		json_put_hex(j, STR("parentId"), s->parent_id.b, sizeof(s->parent_id.b));
	json_put_hex(j, STR("id"), s->span_id.b, sizeof(s->span_id.b));
	put_kind(j, s->kind);
	NAME(j, "name");
	json_str(j, s->name);
	put_time(j, STR("timestamp"), s->start_ns);
	NAME(j, "duration");
	json_u64(j, s->end_ns > s->start_ns && took_us ? took_us : 1);
	put_local(j, r);
	put_remote(j, s);
	if (s->n_events)
		put_annotations(w, s);
	if (has_tags(s))
		put_tags(w, s);
	json_close(j, '}');
}

void zipkin_encode(struct out *o, struct otlp_slice slice, size_t *left_out)
{
	struct writer w = { .json = { .out = o } };
	size_t at = 0;

	*left_out = 0;
	json_open(&w.json, '[');
	for (size_t i = 0; i < slice.n_batches && at < slice.to; i++) {
		const struct batch *b = slice.batch[i];

		for (size_t k = 0; k < b->n_spans && at < slice.to && !o->error; k++, at++) {
			const struct span *s = &b->span[k];

			if (at < slice.from)
				continue;
			if (trace_id_is_set(s->trace_id) && span_id_is_set(s->span_id))
				put_span(&w, s, b->resource);
			else
				++*left_out;
		}
		if (o->error)
			break;
	}
	json_close(&w.json, ']');
	out_fini(&w.scratch);
}
