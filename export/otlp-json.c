/* SPDX-License-Identifier: Apache-2.0 */
#include "export/otlp-json.h"

#include "model/point.h"

#include <math.h>

enum { NESTED_MOST = 24, TEMPORALITY_DELTA = 1, TEMPORALITY_CUMULATIVE = 2 };

#define NAME(j, literal) json_name(j, STR(literal))

static void put_value(struct json *j, const struct value *v, unsigned depth);

static void put_double(struct json *j, struct str name, double v)
{
	json_name(j, name);
	json_f64(j, v);
}

static void put_pair(struct json *j, const struct attribute *a, unsigned depth)
{
	json_open(j, '{');
	NAME(j, "key");
	json_str(j, a->key);
	NAME(j, "value");
	put_value(j, &a->value, depth);
	json_close(j, '}');
}

static void put_list(struct json *j, const struct value *v, unsigned depth)
{
	json_open(j, '{');
	NAME(j, "values");
	json_open(j, '[');
	if (v->type == VALUE_ARRAY)
		for (size_t i = 0; i < v->array.n; i++)
			put_value(j, &v->array.item[i], depth + 1);
	else
		for (size_t i = 0; i < v->map.n; i++)
			put_pair(j, &v->map.item[i], depth + 1);
	json_close(j, ']');
	json_close(j, '}');
}

/* The inside of an AnyValue. */
static void put_any(struct json *j, const struct value *v, unsigned depth)
{
	if (depth > NESTED_MOST) {
		json_some_str(j, STR("stringValue"), STR("(nested too deep)"));
		return;
	}
	switch (v->type) {
	case VALUE_EMPTY:
		break;
	case VALUE_BOOL:
		NAME(j, "boolValue");
		json_bool(j, v->boolean);
		break;
	case VALUE_INT:
		NAME(j, "intValue");
		json_i64_text(j, v->integer);
		break;
	case VALUE_DOUBLE:
		put_double(j, STR("doubleValue"), v->number);
		break;
	case VALUE_STRING:
		NAME(j, "stringValue");
		json_str(j, v->text);
		break;
	case VALUE_BYTES:
		NAME(j, "bytesValue");
		json_base64(j, v->text);
		break;
	case VALUE_ARRAY:
		NAME(j, "arrayValue");
		put_list(j, v, depth);
		break;
	case VALUE_MAP:
		NAME(j, "kvlistValue");
		put_list(j, v, depth);
		break;
	}
}

static void put_value(struct json *j, const struct value *v, unsigned depth)
{
	json_open(j, '{');
	put_any(j, v, depth);
	json_close(j, '}');
}

static void put_attributes_as(struct json *j, struct str name, struct attributes a)
{
	if (!a.n)
		return;
	json_name(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < a.n; i++)
		put_pair(j, &a.item[i], 0);
	json_close(j, ']');
}

static void put_attributes(struct json *j, struct attributes a)
{
	put_attributes_as(j, STR("attributes"), a);
	json_some_u64(j, STR("droppedAttributesCount"), a.dropped);
}

static void put_events(struct json *j, const struct span *s)
{
	NAME(j, "events");
	json_open(j, '[');
	for (size_t i = 0; i < s->n_events; i++) {
		json_open(j, '{');
		json_some_u64_text(j, STR("timeUnixNano"), s->event[i].time_ns);
		json_some_str(j, STR("name"), s->event[i].name);
		put_attributes(j, s->event[i].attributes);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_links(struct json *j, const struct span *s)
{
	NAME(j, "links");
	json_open(j, '[');
	for (size_t i = 0; i < s->n_links; i++) {
		const struct span_link *l = &s->link[i];

		json_open(j, '{');
		json_put_hex(j, STR("traceId"), l->trace_id.b, sizeof(l->trace_id.b));
		json_put_hex(j, STR("spanId"), l->span_id.b, sizeof(l->span_id.b));
		json_some_str(j, STR("traceState"), l->trace_state);
		put_attributes(j, l->attributes);
		json_some_u64(j, STR("flags"), l->flags);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_status(struct json *j, const struct span *s)
{
	NAME(j, "status");
	json_open(j, '{');
	json_some_str(j, STR("message"), s->status_message);
	json_some_u64(j, STR("code"), (uint32_t)s->status);
	json_close(j, '}');
}

static void put_span(struct json *j, const struct span *s)
{
	json_open(j, '{');
	json_put_hex(j, STR("traceId"), s->trace_id.b, sizeof(s->trace_id.b));
	json_put_hex(j, STR("spanId"), s->span_id.b, sizeof(s->span_id.b));
	json_some_str(j, STR("traceState"), s->trace_state);
	if (span_id_is_set(s->parent_id))
		json_put_hex(j, STR("parentSpanId"), s->parent_id.b, sizeof(s->parent_id.b));
	json_some_u64(j, STR("flags"), s->flags);
	json_some_str(j, STR("name"), s->name);
	NAME(j, "kind");
	json_u64(j, (uint32_t)s->kind);
	NAME(j, "startTimeUnixNano");
	json_u64_text(j, s->start_ns);
	NAME(j, "endTimeUnixNano");
	json_u64_text(j, s->end_ns);
	put_attributes(j, s->attributes);
	if (s->n_events)
		put_events(j, s);
	json_some_u64(j, STR("droppedEventsCount"), s->dropped_events);
	if (s->n_links)
		put_links(j, s);
	json_some_u64(j, STR("droppedLinksCount"), s->dropped_links);
	if (s->status != STATUS_UNSET || s->status_message.n)
		put_status(j, s);
	json_close(j, '}');
}

static void put_log(struct json *j, const struct log_record *l)
{
	json_open(j, '{');
	json_some_u64_text(j, STR("timeUnixNano"), l->time_ns);
	json_some_u64_text(j, STR("observedTimeUnixNano"), l->observed_ns);
	if (l->severity > 0)
		json_some_u64(j, STR("severityNumber"), (uint64_t)l->severity);
	json_some_str(j, STR("severityText"), l->severity_text);
	if (l->body.type != VALUE_EMPTY) {
		NAME(j, "body");
		put_value(j, &l->body, 0);
	}
	put_attributes(j, l->attributes);
	json_some_u64(j, STR("flags"), l->flags);
	if (trace_id_is_set(l->trace_id))
		json_put_hex(j, STR("traceId"), l->trace_id.b, sizeof(l->trace_id.b));
	if (span_id_is_set(l->span_id))
		json_put_hex(j, STR("spanId"), l->span_id.b, sizeof(l->span_id.b));
	json_some_str(j, STR("eventName"), l->event_name);
	json_close(j, '}');
}

static void put_exemplar(struct json *j, const struct exemplar *e)
{
	json_open(j, '{');
	json_some_u64_text(j, STR("timeUnixNano"), e->time_ns);
	if (e->is_double) {
		put_double(j, STR("asDouble"), e->number);
	} else {
		NAME(j, "asInt");
		json_i64_text(j, e->integer);
	}
	if (span_id_is_set(e->span_id))
		json_put_hex(j, STR("spanId"), e->span_id.b, sizeof(e->span_id.b));
	if (trace_id_is_set(e->trace_id))
		json_put_hex(j, STR("traceId"), e->trace_id.b, sizeof(e->trace_id.b));
	put_attributes_as(j, STR("filteredAttributes"), e->attributes);
	json_close(j, '}');
}

static void put_exemplars(struct json *j, const struct metric_point *p)
{
	if (!p->n_exemplars)
		return;
	NAME(j, "exemplars");
	json_open(j, '[');
	for (size_t i = 0; i < p->n_exemplars; i++)
		put_exemplar(j, &p->exemplar[i]);
	json_close(j, ']');
}

static void put_number_point(struct json *j, const struct metric_point *p)
{
	if (p->is_double) {
		put_double(j, STR("asDouble"), p->number);
	} else {
		NAME(j, "asInt");
		json_i64_text(j, p->integer);
	}
	put_exemplars(j, p);
}

static void put_sum(struct json *j, const struct metric_point *p)
{
	if (!isnan(p->sum))
		put_double(j, STR("sum"), p->sum);
}

static void put_extremes(struct json *j, const struct metric_point *p)
{
	if (!point_has_extremes(p))
		return;
	put_double(j, STR("min"), p->min);
	put_double(j, STR("max"), p->max);
}

static void put_counts(struct json *j, const uint64_t *count, size_t n)
{
	NAME(j, "bucketCounts");
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_u64_text(j, count[i]);
	json_close(j, ']');
}

static void put_histogram_point(struct json *j, const struct metric_point *p)
{
	json_some_u64_text(j, STR("count"), p->count);
	put_sum(j, p);
	if (p->buckets) {
		put_counts(j, p->buckets, p->n_bounds + 1);
		NAME(j, "explicitBounds");
		json_open(j, '[');
		for (size_t i = 0; i < p->n_bounds; i++)
			json_f64(j, p->bounds[i]);
		json_close(j, ']');
	}
	put_extremes(j, p);
	put_exemplars(j, p);
}

static void put_sint(struct json *j, struct str name, int32_t v)
{
	json_name(j, name);
	json_i64(j, v);
}

static void put_buckets(struct json *j, struct str name, const struct exponential_buckets *b)
{
	if (!b->n || !b->count)
		return;
	json_name(j, name);
	json_open(j, '{');
	put_sint(j, STR("offset"), b->offset);
	put_counts(j, b->count, b->n);
	json_close(j, '}');
}

static void put_exponential_point(struct json *j, const struct metric_point *p)
{
	json_some_u64_text(j, STR("count"), p->count);
	put_sum(j, p);
	put_sint(j, STR("scale"), p->scale);
	json_some_u64_text(j, STR("zeroCount"), p->zero_count);
	if (p->zero_threshold > 0)
		put_double(j, STR("zeroThreshold"), p->zero_threshold);
	put_buckets(j, STR("positive"), &p->positive);
	put_buckets(j, STR("negative"), &p->negative);
	put_extremes(j, p);
	put_exemplars(j, p);
}

static void put_summary_point(struct json *j, const struct metric_point *p)
{
	json_some_u64_text(j, STR("count"), p->count);
	put_double(j, STR("sum"), p->sum);
	NAME(j, "quantileValues");
	json_open(j, '[');
	for (size_t i = 0; i < p->n_quantiles; i++) {
		json_open(j, '{');
		put_double(j, STR("quantile"), p->quantile[i].quantile);
		put_double(j, STR("value"), p->quantile[i].value);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static const struct {
	struct str name;
	void (*put)(struct json *j, const struct metric_point *p);
} data[] = {
	[METRIC_SUM] = { { "sum", 3 }, put_number_point },
	[METRIC_UP_DOWN] = { { "sum", 3 }, put_number_point },
	[METRIC_GAUGE] = { { "gauge", 5 }, put_number_point },
	[METRIC_HISTOGRAM] = { { "histogram", 9 }, put_histogram_point },
	[METRIC_EXPONENTIAL] = { { "exponentialHistogram", 20 }, put_exponential_point },
	[METRIC_SUMMARY] = { { "summary", 7 }, put_summary_point },
};

static void put_point(struct json *j, const struct metric_point *p)
{
	json_open(j, '{');
	json_some_u64_text(j, STR("startTimeUnixNano"), p->start_ns);
	json_some_u64_text(j, STR("timeUnixNano"), p->time_ns);
	data[p->kind].put(j, p);
	put_attributes(j, (struct attributes){ p->attributes.item, p->attributes.n, 0 });
	json_close(j, '}');
}

/* The points at `p` that belong to one instrument; returns how many they were. */
static size_t put_metric(struct json *j, const struct metric_point *p, size_t n)
{
	n = otlp_same_metric(p, n);
	json_open(j, '{');
	json_some_str(j, STR("name"), p->name);
	json_some_str(j, STR("description"), p->description);
	json_some_str(j, STR("unit"), p->unit);
	json_name(j, data[p->kind].name);
	json_open(j, '{');
	NAME(j, "dataPoints");
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		put_point(j, p + i);
	json_close(j, ']');
	if (point_has_temporality(p))
		json_some_u64(j, STR("aggregationTemporality"),
			      p->delta ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE);
	if (p->kind == METRIC_SUM) {
		NAME(j, "isMonotonic");
		json_bool(j, true);
	}
	json_close(j, '}');
	json_close(j, '}');
	return n;
}

struct request {
	struct json json;
	enum signal kind;
};

/* The names of the frame's lists. */
static struct str list_name(enum signal kind, struct str span, struct str log, struct str metric)
{
	return kind == SIGNAL_SPAN ? span : kind == SIGNAL_LOG ? log : metric;
}

static void resource_open(void *to, const struct resource *r)
{
	struct request *q = to;
	struct json *j = &q->json;

	json_open(j, '{');
	NAME(j, "resource");
	json_open(j, '{');
	put_attributes(j, r->attributes);
	json_close(j, '}');
	json_some_str(j, STR("schemaUrl"), r->schema_url);
	json_name(j, list_name(q->kind, STR("scopeSpans"), STR("scopeLogs"), STR("scopeMetrics")));
	json_open(j, '[');
}

static void scope_open(void *to, const struct scope *scope)
{
	struct request *q = to;
	struct json *j = &q->json;

	json_open(j, '{');
	if (scope && (scope->name.n || scope->version.n || scope->attributes.n)) {
		NAME(j, "scope");
		json_open(j, '{');
		json_some_str(j, STR("name"), scope->name);
		json_some_str(j, STR("version"), scope->version);
		if (scope->attributes.n)
			put_attributes(j, scope->attributes);
		json_close(j, '}');
	}
	if (scope)
		json_some_str(j, STR("schemaUrl"), scope->schema_url);
	json_name(j, list_name(q->kind, STR("spans"), STR("logRecords"), STR("metrics")));
	json_open(j, '[');
}

static void items(void *to, enum signal kind, const struct batch *b, size_t from, size_t n)
{
	struct json *j = &((struct request *)to)->json;

	for (size_t i = from; i < n && !j->out->error;) {
		if (kind == SIGNAL_SPAN)
			put_span(j, &b->span[i++]);
		else if (kind == SIGNAL_LOG)
			put_log(j, &b->log[i++]);
		else
			i += put_metric(j, &b->point[i], n - i);
	}
}

static void list_close(void *to)
{
	struct request *q = to;

	json_close(&q->json, ']');
	json_close(&q->json, '}');
}

void otlp_encode_json(struct out *o, enum signal kind, struct otlp_slice slice)
{
	static const struct otlp_format format = { resource_open, scope_open, items, list_close,
						   list_close };
	struct request q = { { .out = o }, kind };

	json_open(&q.json, '{');
	if (slice.from < slice.to) {
		json_name(&q.json, list_name(kind, STR("resourceSpans"), STR("resourceLogs"),
					     STR("resourceMetrics")));
		json_open(&q.json, '[');
		otlp_walk(kind, slice, &format, &q);
		json_close(&q.json, ']');
	}
	json_close(&q.json, '}');
}
