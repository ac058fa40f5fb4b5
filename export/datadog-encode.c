/* SPDX-License-Identifier: Apache-2.0 */
#include "export/datadog-encode.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "export/msgpack.h"
#include "model/value-json.h"

#include <stdlib.h>

enum { TEXT_MOST = 25000 }; /* what the agent keeps of a tag */

struct item {
	const struct span *span;
	const struct resource *resource;
};

struct writer {
	struct out *out;
	struct out text;
	uint32_t n; /* of the map that is counted or written */
	bool counts;
};

/* ---- what a span is called there ------------------------------------------------------------------- */

static bool has(const struct span *s, const char *key)
{
	return attributes_find(s->attributes, str_of(key)) != NULL;
}

static struct str text_of(const struct span *s, const char *key)
{
	return attributes_text(s->attributes, str_of(key));
}

/* The operation, by Datadog's mapping of OpenTelemetry's conventions. */
static struct str operation_of(const struct span *s, struct out *room)
{
	static const struct str kinds[] = { STR("internal"),	   STR("internal"),
					    STR("server.request"), STR("client.request"),
					    STR("producer"),	   STR("consumer") };
	struct str db = text_of(s, "db.system.name"), messaging = text_of(s, "messaging.system");

	out_clear(room);
	if (has(s, "http.request.method"))
		return s->kind == SPAN_SERVER ? STR("http.server.request")
					      : STR("http.client.request");
	if (db.n)
		out_fmt(room, STR_FMT ".query", STR_ARG(db));
	else if (messaging.n)
		out_fmt(room, STR_FMT "." STR_FMT, STR_ARG(messaging),
			STR_ARG(text_of(s, "messaging.operation.name")));
	if (room->n && !room->error)
		return out_all(room);
	return kinds[s->kind <= SPAN_CONSUMER ? s->kind : 0];
}

static struct str type_of(const struct span *s)
{
	struct str db = text_of(s, "db.system.name");

	if (s->kind == SPAN_SERVER)
		return STR("web");
	if (str_eq(db, STR("redis")) || str_eq(db, STR("mongodb")))
		return db;
	if (db.n)
		return STR("sql");
	if (s->kind == SPAN_CLIENT && has(s, "http.request.method"))
		return STR("http");
	return s->kind >= SPAN_PRODUCER ? STR("queue") : STR("custom");
}

/* ---- tags ------------------------------------------------------------------------------------------ */

static struct str valid(struct writer *w, struct str text)
{
	struct str rest = text = utf8_first(text, TEXT_MOST);
	size_t n;

	while (rest.n && (n = utf8_length(rest)) > 0)
		rest = str_from(rest, n);
	if (!rest.n)
		return text;
	out_clear(&w->text);
	while (text.n) {
		n = utf8_length(text);
		out_str(&w->text, n ? str_first(text, n) : STR(UTF8_REPLACEMENT));
		text = str_from(text, n ? n : 1);
	}
	return w->text.error ? STR("") : out_all(&w->text);
}

static void tag(struct writer *w, struct str key, struct str value)
{
	if (!value.n)
		return;
	w->n++;
	if (w->counts)
		return;
	msgpack_str(w->out, valid(w, key));
	msgpack_str(w->out, valid(w, value));
}

static void tag_value(struct writer *w, struct str key, const struct value *v)
{
	struct out text = { 0 };
	struct json j = { .out = &text };

	if (v->type == VALUE_STRING) {
		tag(w, key, v->text);
		return;
	}
	if (v->type == VALUE_EMPTY)
		return;
	value_json(&j, v);
	if (!text.error)
		tag(w, key, out_all(&text));
	out_fini(&text);
}

static bool is_number(const struct value *v)
{
	return v->type == VALUE_INT || (v->type == VALUE_DOUBLE && v->number - v->number == 0);
}

static const struct span_event *exception_of(const struct span *s)
{
	for (size_t i = s->n_events; i; i--)
		if (str_eq(s->event[i - 1].name, STR("exception")))
			return &s->event[i - 1];
	return NULL;
}

static void error_tags(struct writer *w, const struct span *s)
{
	const struct span_event *e = exception_of(s);
	struct attributes a = e ? e->attributes : (struct attributes){ 0 };
	struct str type = attributes_text(a, STR("exception.type")),
		   message = attributes_text(a, STR("exception.message"));

	if (s->status != STATUS_ERROR)
		return;
	tag(w, STR("error.type"), type);
	tag(w, STR("error.message"), message.n ? message : s->status_message);
	tag(w, STR("error.stack"), attributes_text(a, STR("exception.stacktrace")));
}

static bool is_of_error(const struct span *s, struct str key)
{
	return s->status == STATUS_ERROR && exception_of(s) && str_eq(key, STR("error.type"));
}

static void tags(struct writer *w, const struct item *i, bool first)
{
	static const char *const kinds[] = { "internal", "internal", "server",
					     "client",	 "producer", "consumer" };
	static const uint8_t none[8];
	const struct span *s = i->span;
	char left[16];

	if (first && memcmp(s->trace_id.b, none, 8) != 0) {
		hex_write(left, s->trace_id.b, 8);
		tag(w, STR("_dd.p.tid"), (struct str){ left, sizeof(left) });
	}
	tag(w, STR("env"),
	    attributes_text(i->resource->attributes, STR("deployment.environment.name")));
	tag(w, STR("version"), attributes_text(i->resource->attributes, STR("service.version")));
	tag(w, STR("runtime-id"), i->resource->instance);
	tag(w, STR("language"), STR("c"));
	tag(w, STR("span.kind"), str_of(kinds[s->kind <= SPAN_CONSUMER ? s->kind : 0]));
	if (s->scope) { /* as OpenTelemetry names it where there is no place for it */
		tag(w, STR("otel.scope.name"), s->scope->name);
		tag(w, STR("otel.scope.version"), s->scope->version);
	}
	error_tags(w, s);
	for (size_t k = 0; k < s->attributes.n; k++) {
		const struct attribute *a = &s->attributes.item[k];

		if (!is_number(&a->value) && !is_of_error(s, a->key))
			tag_value(w, a->key, &a->value);
		else if (str_eq(a->key, STR("http.response.status_code")))
			tag_value(w, STR("http.status_code"), &a->value);
	}
}

static void metric(struct writer *w, struct str key, double v)
{
	w->n++;
	if (w->counts)
		return;
	msgpack_str(w->out, valid(w, key));
	msgpack_f64(w->out, v);
}

static void metrics(struct writer *w, const struct item *i, bool first)
{
	const struct span *s = i->span;

	if (first)
		metric(w, STR("_sampling_priority_v1"), 1);
	if (i->resource->pid > 0)
		metric(w, STR("process_id"), i->resource->pid);
	for (size_t k = 0; k < s->attributes.n; k++) {
		const struct attribute *a = &s->attributes.item[k];

		if (is_number(&a->value))
			metric(w, a->key,
			       a->value.type == VALUE_INT ? (double)a->value.integer
							  : a->value.number);
	}
}

/* Written twice, the first time only to know how many. */
static void map(struct writer *w, const char *name, const struct item *i, bool first,
		void (*write)(struct writer *w, const struct item *i, bool first))
{
	w->n = 0;
	w->counts = true;
	write(w, i, first);
	msgpack_str(w->out, str_of(name));
	msgpack_map(w->out, w->n);
	w->counts = false;
	write(w, i, first);
}

/* ---- spans ----------------------------------------------------------------------------------------- */

static uint64_t number_of(const uint8_t id[8])
{
	uint64_t v;

	memcpy(&v, id, sizeof(v));
	return __builtin_bswap64(v);
}

static void put_number(struct out *o, const char *name, uint64_t v)
{
	msgpack_str(o, str_of(name));
	msgpack_u64(o, v);
}

static void put_text(struct writer *w, const char *name, struct str text)
{
	msgpack_str(w->out, str_of(name));
	msgpack_str(w->out, valid(w, text));
}

static void put_span(struct writer *w, const struct item *i, bool first)
{
	const struct span *s = i->span;
	struct out room = { 0 };

	msgpack_map(w->out, 12);
	put_number(w->out, "trace_id", number_of(s->trace_id.b + 8));
	put_number(w->out, "span_id", number_of(s->span_id.b));
	put_number(w->out, "parent_id", number_of(s->parent_id.b));
	put_text(w, "service", i->resource->service.n ? i->resource->service : STR("unknown"));
	put_text(w, "name", operation_of(s, &room));
	put_text(w, "resource", s->name.n ? s->name : STR("unnamed"));
	put_text(w, "type", type_of(s));
	put_number(w->out, "start", s->start_ns);
	put_number(w->out, "duration", s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 1);
	put_number(w->out, "error", s->status == STATUS_ERROR);
	map(w, "meta", i, first, tags);
	map(w, "metrics", i, first, metrics);
	out_fini(&room);
}

static int by_trace(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = memcmp(&x->span->trace_id, &y->span->trace_id, sizeof(struct trace_id));

	if (r)
		return r;
	return (x->span->start_ns > y->span->start_ns) - (x->span->start_ns < y->span->start_ns);
}

static size_t gather(struct item *item, struct otlp_slice slice, size_t *left_out)
{
	size_t at = 0, n = 0;

	for (size_t i = 0; i < slice.n_batches && at < slice.to; i++) {
		const struct batch *b = slice.batch[i];

		for (size_t k = 0; k < b->n_spans && at < slice.to; k++, at++) {
			if (at < slice.from)
				continue;
			if (trace_id_is_set(b->span[k].trace_id) &&
			    span_id_is_set(b->span[k].span_id))
				item[n++] = (struct item){ &b->span[k], b->resource };
			else
				++*left_out;
		}
	}
	return n;
}

static size_t same_trace(const struct item *item, size_t n)
{
	size_t i = 1;

	while (i < n &&
	       !memcmp(&item[i].span->trace_id, &item->span->trace_id, sizeof(struct trace_id)))
		i++;
	return i;
}

size_t datadog_encode(struct out *o, struct otlp_slice slice, size_t *left_out)
{
	struct item *item = malloc((slice.to - slice.from + 1) * sizeof(*item));
	struct writer w = { .out = o };
	size_t n, traces = 0;

	*left_out = 0;
	if (!item)
		return SIZE_MAX;
	n = gather(item, slice, left_out);
	qsort(item, n, sizeof(*item), by_trace);
	for (size_t i = 0; i < n; i += same_trace(item + i, n - i))
		traces++;
	msgpack_array(o, (uint32_t)traces);
	for (size_t i = 0; i < n && !o->error;) {
		size_t spans = same_trace(item + i, n - i);

		msgpack_array(o, (uint32_t)spans);
		for (size_t k = 0; k < spans; k++)
			put_span(&w, &item[i + k], k == 0);
		i += spans;
	}
	out_fini(&w.text);
	free(item);
	return traces;
}
