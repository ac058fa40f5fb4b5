/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/zipkin.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "receive/json-read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS_MOST = 1024, NS_IN_US = 1000 };

#define LATEST_US 9000000000000000ull /* twice that is still right in nanoseconds */

/* An end of a call, as JSON has it; all empty: not told. */
struct endpoint {
	struct str service, address;
	uint64_t port;
};

/* A span as it was read; its texts lie in the request. */
struct draft {
	struct span span;
	struct scope scope;
	struct endpoint local, remote;
	bool shared, has_error;
	struct str error;
	struct attribute tag[ITEMS_MOST];
	struct span_event event[ITEMS_MOST];
	uint32_t dropped;
};

/* A server's half of a call. */
struct half {
	const struct resource *resource;
	struct span_id id; /* the one that both have */
};

struct reading {
	struct json_reader in;
	struct receipt *to;
	const struct otlp_source *from;
	struct draft *draft;
	struct half *half;
	size_t n_halves, room_halves, n_items;
	int error;
};

/* ---- what JSON says ------------------------------------------------------------------------------ */

/* Up to 2n hex digits, as many zeros before them as are missing; false: no such thing, or too long. */
static bool read_id(struct json_reader *in, uint8_t *id, size_t n)
{
	char padded[32];
	struct str digits;

	memset(padded, '0', sizeof(padded));
	memset(id, 0, n);
	if (!json_text(in, &digits) || !digits.n || digits.n > 2 * n)
		return false;
	memcpy(padded + 2 * n - digits.n, digits.p, digits.n);
	return hex_read(id, n, (struct str){ padded, 2 * n }, true);
}

static bool read_number(struct json_reader *in, uint64_t *v)
{
	struct str digits = { "", 0 };

	*v = 0;
	if (json_peek(in) == JSON_IS_TEXT)
		json_text(in, &digits);
	else
		json_number(in, &digits);
	return !in->bad && str_to_u64(str_cut(digits, '.').head, v);
}

/* Microseconds, before they are too many for nanoseconds. */
static uint64_t read_time(struct json_reader *in)
{
	uint64_t us;

	return read_number(in, &us) && us <= LATEST_US ? us * NS_IN_US : 0;
}

static void read_endpoint(struct json_reader *in, struct endpoint *to)
{
	struct json_loop loop = { 0 };
	struct str key;

	while (json_member(in, &loop, &key)) {
		if (json_peek(in) == JSON_IS_NULL)
			json_skip(in);
		else if (str_eq(key, STR("serviceName")))
			json_text(in, &to->service);
		else if (str_eq(key, STR("ipv4")) || str_eq(key, STR("ipv6")))
			json_text(in, &to->address);
		else if (str_eq(key, STR("port")))
			read_number(in, &to->port);
		else
			json_skip(in);
	}
}

static void read_annotation(struct json_reader *in, struct span_event *e)
{
	struct json_loop loop = { 0 };
	struct str key;

	*e = (struct span_event){ .name = { "", 0 } };
	while (json_member(in, &loop, &key)) {
		if (str_eq(key, STR("timestamp")))
			e->time_ns = read_time(in);
		else if (str_eq(key, STR("value")))
			json_text(in, &e->name);
		else
			json_skip(in);
	}
}

static void read_annotations(struct json_reader *in, struct draft *d)
{
	struct json_loop loop = { 0 };
	struct span_event e;

	while (json_element(in, &loop)) {
		read_annotation(in, &e);
		if (d->span.n_events < ITEMS_MOST)
			d->event[d->span.n_events++] = e;
		else
			d->span.dropped_events++;
	}
}

static uint32_t count_of(struct str text)
{
	uint64_t n;

	return str_to_u64(text, &n) && n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* Those that OpenTelemetry's mapping has made of something else; true: it was one. */
static bool take_tag(struct draft *d, struct str key, struct str text)
{
	if (str_eq(key, STR("error"))) {
		d->has_error = true;
		d->error = text;
	} else if (str_eq(key, STR("otel.status_code"))) {
		d->span.status = str_eq_nocase(text, STR("ERROR")) ? STATUS_ERROR
				 : str_eq_nocase(text, STR("OK"))  ? STATUS_OK
								   : STATUS_UNSET;
	} else if (str_eq(key, STR("otel.scope.name")) || str_eq(key, STR("otel.library.name"))) {
		d->scope.name = text;
	} else if (str_eq(key, STR("otel.scope.version")) ||
		   str_eq(key, STR("otel.library.version"))) {
		d->scope.version = text;
	} else if (str_eq(key, STR("otel.dropped_attributes_count"))) {
		d->dropped += count_of(text);
	} else if (str_eq(key, STR("otel.dropped_events_count"))) {
		d->span.dropped_events += count_of(text);
	} else if (str_eq(key, STR("otel.dropped_links_count"))) {
		d->span.dropped_links += count_of(text);
	} else {
		return false;
	}
	return true;
}

static void add_attribute(struct draft *d, struct str key, struct value v)
{
	if (d->span.attributes.n < ITEMS_MOST)
		d->tag[d->span.attributes.n++] = (struct attribute){ key, v };
	else
		d->dropped++;
}

static void add_text(struct draft *d, struct str key, struct str text)
{
	if (text.n)
		add_attribute(d, key, (struct value){ VALUE_STRING, .text = text });
}

static void add_port(struct draft *d, struct str key, uint64_t port)
{
	if (port && port <= UINT16_MAX)
		add_attribute(d, key, (struct value){ VALUE_INT, .integer = (int64_t)port });
}

static void read_tags(struct json_reader *in, struct draft *d)
{
	struct json_loop loop = { 0 };
	struct str key, text;

	while (json_member(in, &loop, &key)) {
		if (json_peek(in) != JSON_IS_TEXT)
			json_skip(in);
		else if (json_text(in, &text) && !take_tag(d, key, text))
			add_attribute(d, key, (struct value){ VALUE_STRING, .text = text });
	}
}

static enum span_kind read_kind(struct json_reader *in)
{
	static const struct {
		struct str name;
		enum span_kind kind;
	} kinds[] = { { STR("SERVER"), SPAN_SERVER },
		      { STR("CLIENT"), SPAN_CLIENT },
		      { STR("PRODUCER"), SPAN_PRODUCER },
		      { STR("CONSUMER"), SPAN_CONSUMER } };
	struct str name = { "", 0 };

	json_text(in, &name);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_eq_nocase(name, kinds[i].name))
			return kinds[i].kind;
	return SPAN_INTERNAL;
}

static void read_member(struct json_reader *in, struct draft *d, struct str key)
{
	struct span *s = &d->span;

	if (json_peek(in) == JSON_IS_NULL)
		json_skip(in);
	else if (str_eq(key, STR("traceId")))
		read_id(in, s->trace_id.b, sizeof(s->trace_id.b));
	else if (str_eq(key, STR("id")))
		read_id(in, s->span_id.b, sizeof(s->span_id.b));
	else if (str_eq(key, STR("parentId")))
		read_id(in, s->parent_id.b, sizeof(s->parent_id.b));
	else if (str_eq(key, STR("name")))
		json_text(in, &s->name);
	else if (str_eq(key, STR("kind")))
		s->kind = read_kind(in);
	else if (str_eq(key, STR("timestamp")))
		s->start_ns = read_time(in);
	else if (str_eq(key, STR("duration")))
		s->end_ns = read_time(in); /* until its begin is known */
	else if (str_eq(key, STR("localEndpoint")))
		read_endpoint(in, &d->local);
	else if (str_eq(key, STR("remoteEndpoint")))
		read_endpoint(in, &d->remote);
	else if (str_eq(key, STR("annotations")))
		read_annotations(in, d);
	else if (str_eq(key, STR("tags")))
		read_tags(in, d);
	else if (str_eq(key, STR("shared")))
		json_truth(in, &d->shared);
	else
		json_skip(in);
}

/* ---- what it means ------------------------------------------------------------------------------- */

static void set_times(struct draft *d)
{
	struct span *s = &d->span;

	if (!s->start_ns && s->n_events)
		s->start_ns = d->event[0].time_ns;
	if (!s->start_ns)
		s->start_ns = clock_real_ns();
	s->end_ns += s->start_ns;
}

/* Another id of its own, always the same. */
static struct span_id other_id(struct span_id id)
{
	static const uint8_t mark[sizeof(id.b)] = { 'o', 'r', 'i', 'e', 'l', 0, 0, 0x80 };

	for (size_t i = 0; i < sizeof(id.b); i++)
		id.b[i] ^= mark[i];
	return id;
}

static void finish_draft(struct draft *d)
{
	struct span *s = &d->span;

	set_times(d);
	s->flags = 1;
	if (d->has_error) {
		s->status = STATUS_ERROR;
		s->status_message = d->error;
	}
	if (d->shared && s->kind == SPAN_SERVER) {
		s->parent_id = s->span_id;
		s->span_id = other_id(s->span_id);
	}
	add_text(d, STR("network.local.address"), d->local.address);
	add_port(d, STR("network.local.port"), d->local.port);
	add_text(d, STR("peer.service"), d->remote.service);
	add_text(d, STR("network.peer.address"), d->remote.address);
	add_port(d, STR("network.peer.port"), d->remote.port);
}

/* ---- where it goes ------------------------------------------------------------------------------- */

static struct resource *resource_of(struct reading *r, struct str service)
{
	struct str name = service.n ? service : STR("unknown_service");
	struct attribute a = { STR("service.name"), { VALUE_STRING, .text = name } };
	struct resource *found = NULL;

	if (r->from->known)
		found = sources_find(r->from->known, name, r->from->run);
	if (found)
		return found;
	found = resource_new((struct attributes){ &a, 1, 0 }, r->from->run, 0);
	if (found && r->from->known)
		sources_keep(r->from->known, name, r->from->run, found);
	return found;
}

/* The last one of this service that isn't full. */
static struct batch *batch_of(struct reading *r, struct str service)
{
	struct str name = service.n ? service : STR("unknown_service");
	struct resource *resource;
	struct batch *b;

	for (size_t i = r->to->n; i-- > 0 && r->to->n - i <= SOURCES;)
		if (r->to->batch[i]->n_spans < RECEIPT_ITEMS &&
		    str_eq(r->to->batch[i]->resource->service, name))
			return r->to->batch[i];
	resource = resource_of(r, service);
	b = resource ? receipt_add(r->to, resource) : NULL;
	resource_free(resource);
	return b;
}

static struct attributes keep_tags(struct arena *a, const struct draft *d)
{
	struct attributes from = d->span.attributes;
	struct attribute *item = from.n ? arena_take_n(a, struct attribute, from.n) : NULL;

	for (size_t i = 0; item && i < from.n; i++) {
		item[i] = d->tag[i];
		item[i].key = arena_copy(a, d->tag[i].key);
		if (item[i].value.type == VALUE_STRING)
			item[i].value.text = arena_copy(a, d->tag[i].value.text);
	}
	return (struct attributes){ item, item ? from.n : 0, d->dropped };
}

static const struct span_event *keep_events(struct arena *a, const struct draft *d, size_t *n)
{
	struct span_event *event = *n ? arena_take_n(a, struct span_event, *n) : NULL;

	for (size_t i = 0; event && i < *n; i++) {
		event[i] = d->event[i];
		event[i].name = arena_copy(a, d->event[i].name);
	}
	if (!event)
		*n = 0;
	return event;
}

static const struct scope *keep_scope(struct arena *a, const struct draft *d)
{
	struct scope *scope = d->scope.name.n ? arena_take_n(a, struct scope, 1) : NULL;

	if (scope)
		*scope = (struct scope){ .name = arena_copy(a, d->scope.name),
					 .version = arena_copy(a, d->scope.version) };
	return scope;
}

static void note_half(struct reading *r, const struct batch *b, struct span_id id)
{
	if (r->n_halves == r->room_halves) {
		size_t room = r->room_halves ? r->room_halves * 2 : 64;
		struct half *more = realloc(r->half, room * sizeof(*more));

		if (!more)
			return;
		r->half = more;
		r->room_halves = room;
	}
	r->half[r->n_halves++] = (struct half){ b->resource, id };
}

static void keep_draft(struct reading *r, struct draft *d)
{
	struct batch *b = batch_of(r, d->local.service);
	struct span *s = b ? batch_add_span(b) : NULL;
	struct arena *a = b ? &b->arena : NULL;

	if (!s) {
		r->error = ERR(-ENOMEM);
		return;
	}
	if (d->shared && d->span.kind == SPAN_SERVER)
		note_half(r, b, d->span.parent_id);
	*s = d->span;
	s->name = arena_copy(a, d->span.name);
	s->status_message = arena_copy(a, d->span.status_message);
	s->attributes = keep_tags(a, d);
	s->event = keep_events(a, d, &s->n_events);
	s->scope = keep_scope(a, d);
}

static void read_span(struct reading *r)
{
	struct json_loop loop = { 0 };
	struct draft *d = r->draft;
	struct str key;

	d->span = (struct span){ .kind = SPAN_INTERNAL };
	d->scope = (struct scope){ .name = { "", 0 } };
	d->local = d->remote = (struct endpoint){ .port = 0 };
	d->shared = d->has_error = false;
	d->dropped = 0;
	while (json_member(&r->in, &loop, &key))
		read_member(&r->in, d, key);
	if (r->in.bad)
		return;
	if (!trace_id_is_set(d->span.trace_id) || !span_id_is_set(d->span.span_id)) {
		receipt_reject(r->to, 1, "a span without ids");
	} else if (r->n_items == OTLP_ITEMS_MOST) {
		receipt_reject(r->to, 1, "there is too much in one request");
	} else {
		r->n_items++;
		finish_draft(d);
		keep_draft(r, d);
	}
}

/* ---- what servers did below their halves --------------------------------------------------------- */

static int by_half(const void *a, const void *b)
{
	const struct half *x = a, *y = b;

	if (x->resource != y->resource)
		return x->resource < y->resource ? -1 : 1;
	return memcmp(&x->id, &y->id, sizeof(x->id));
}

static void follow_halves(struct reading *r)
{
	if (!r->n_halves)
		return;
	qsort(r->half, r->n_halves, sizeof(*r->half), by_half);
	for (size_t i = 0; i < r->to->n; i++)
		for (size_t k = 0; k < r->to->batch[i]->n_spans; k++) {
			struct span *s = &r->to->batch[i]->span[k];
			struct half wanted = { r->to->batch[i]->resource, s->parent_id };
			struct span_id other = other_id(s->parent_id);

			if (memcmp(&s->span_id, &other, sizeof(other)) != 0 &&
			    bsearch(&wanted, r->half, r->n_halves, sizeof(wanted), by_half))
				s->parent_id = other;
		}
}

int zipkin_decode(struct receipt *out, struct str body, const struct otlp_source *from)
{
	struct reading r = { .in = { .at = body.p, .end = body.p + body.n },
			     .to = out,
			     .from = from,
			     .draft = malloc(sizeof(*r.draft)) };
	struct json_loop loop = { 0 };
	bool whole = false;

	if (!r.draft)
		return ERR(-ENOMEM);
	while (!r.error && json_element(&r.in, &loop))
		read_span(&r);
	if (!r.error)
		whole = json_whole(&r.in);
	follow_halves(&r);
	free(r.draft);
	free(r.half);
	if (!whole) {
		receipt_fini(out);
		snprintf(out->why, sizeof(out->why),
			 "this is no list of Zipkin's spans in JSON: byte %zu",
			 (size_t)(r.in.at - body.p));
	}
	json_reader_fini(&r.in);
	if (r.error)
		return TRACE(r.error);
	return whole ? 0 : RECEIPT_BAD;
}
