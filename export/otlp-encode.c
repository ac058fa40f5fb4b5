/* SPDX-License-Identifier: Apache-2.0 */
#include "export/otlp-encode.h"

#include "export/otlp-fields.h"
#include "export/otlp-value.h"
#include "export/protobuf.h"
#include "model/point.h"

#include <math.h>

static void encode_event(struct out *o, const struct span_event *e)
{
	struct proto_message m = proto_open(o, SPAN_EVENTS, PROTO_ABOUT_100);

	proto_fixed64(o, EVENT_TIME, e->time_ns);
	proto_string(o, EVENT_NAME, e->name);
	otlp_attributes(o, EVENT_ATTRIBUTES, EVENT_DROPPED, e->attributes);
	proto_close(o, m);
}

static void encode_link(struct out *o, const struct span_link *l)
{
	struct proto_message m = proto_open(o, SPAN_LINKS, PROTO_ABOUT_100);

	proto_bytes(o, LINK_TRACE_ID, l->trace_id.b, sizeof(l->trace_id.b));
	proto_bytes(o, LINK_SPAN_ID, l->span_id.b, sizeof(l->span_id.b));
	proto_string(o, LINK_TRACE_STATE, l->trace_state);
	otlp_attributes(o, LINK_ATTRIBUTES, LINK_DROPPED, l->attributes);
	proto_fixed32(o, LINK_FLAGS, l->flags);
	proto_close(o, m);
}

static void encode_status(struct out *o, const struct span *s)
{
	struct proto_message m = proto_open(o, SPAN_STATUS, PROTO_ABOUT_100);

	proto_string(o, SPAN_STATUS_MESSAGE, s->status_message);
	proto_u64(o, SPAN_STATUS_CODE, (uint32_t)s->status);
	proto_close(o, m);
}

static inline char *put_id(char *p, uint32_t field, const uint8_t *id, size_t n)
{
	p = put_varint(put_tag(p, field, PROTO_BYTES), n);
	memcpy(p, id, n);
	return p + n;
}

/* What every span has, in one reservation. */
static inline void encode_span_head(struct out *o, const struct span *s)
{
	enum {
		HEAD_MOST = 3 * (PUT_TAG_MOST + 1) + 16 + 8 + 8 + PUT_TAG_MOST + PUT_VARINT_MOST +
			    2 * (PUT_TAG_MOST + 8) + PUT_TAG_MOST + 4
	};
	char *p = proto_room(o, HEAD_MOST);

	if (!p)
		return;
	p = put_id(p, SPAN_TRACE_ID, s->trace_id.b, sizeof(s->trace_id.b));
	p = put_id(p, SPAN_SPAN_ID, s->span_id.b, sizeof(s->span_id.b));
	if (span_id_is_set(s->parent_id))
		p = put_id(p, SPAN_PARENT_ID, s->parent_id.b, sizeof(s->parent_id.b));
	p = put_varint(put_tag(p, SPAN_KIND, PROTO_VARINT), (uint32_t)s->kind);
	p = put_fixed64(put_tag(p, SPAN_START, PROTO_FIXED64), s->start_ns);
	p = put_fixed64(put_tag(p, SPAN_END, PROTO_FIXED64), s->end_ns);
	if (s->flags)
		p = put_fixed32(put_tag(p, SPAN_FLAGS, PROTO_FIXED32), s->flags);
	proto_take(o, p);
}

static void encode_span(struct out *o, const struct span *s)
{
	struct proto_message m = proto_open(o, SCOPED_ITEMS, PROTO_ABOUT_16K);

	encode_span_head(o, s);
	proto_string(o, SPAN_TRACE_STATE, s->trace_state);
	proto_string(o, SPAN_NAME, s->name);
	otlp_attributes(o, SPAN_ATTRIBUTES, SPAN_DROPPED_ATTRIBUTES, s->attributes);
	for (size_t i = 0; i < s->n_events; i++)
		encode_event(o, &s->event[i]);
	proto_u64(o, SPAN_DROPPED_EVENTS, s->dropped_events);
	for (size_t i = 0; i < s->n_links; i++)
		encode_link(o, &s->link[i]);
	proto_u64(o, SPAN_DROPPED_LINKS, s->dropped_links);
	if (s->status != STATUS_UNSET || s->status_message.n)
		encode_status(o, s);
	proto_close(o, m);
}

static void encode_log(struct out *o, const struct log_record *l)
{
	struct proto_message m = proto_open(o, SCOPED_ITEMS, PROTO_ABOUT_16K);

	proto_fixed64(o, LOG_TIME, l->time_ns);
	proto_fixed64(o, LOG_OBSERVED, l->observed_ns);
	if (l->severity > 0)
		proto_u64(o, LOG_SEVERITY, (uint64_t)l->severity);
	proto_string(o, LOG_SEVERITY_TEXT, l->severity_text);
	if (l->body.type != VALUE_EMPTY)
		otlp_any_value(o, LOG_BODY, &l->body);
	otlp_attributes(o, LOG_ATTRIBUTES, LOG_DROPPED, l->attributes);
	proto_fixed32(o, LOG_FLAGS, l->flags);
	if (trace_id_is_set(l->trace_id))
		proto_bytes(o, LOG_TRACE_ID, l->trace_id.b, sizeof(l->trace_id.b));
	if (span_id_is_set(l->span_id))
		proto_bytes(o, LOG_SPAN_ID, l->span_id.b, sizeof(l->span_id.b));
	proto_string(o, LOG_EVENT_NAME, l->event_name);
	proto_close(o, m);
}

static struct attributes whole(struct attributes a)
{
	return (struct attributes){ a.item, a.n, 0 };
}

static void encode_exemplar(struct out *o, uint32_t field, const struct exemplar *e)
{
	struct proto_message m = proto_open(o, field, PROTO_ABOUT_100);

	proto_fixed64(o, EXEMPLAR_TIME, e->time_ns);
	if (e->is_double)
		proto_double_always(o, EXEMPLAR_DOUBLE, e->number);
	else
		proto_fixed64_always(o, EXEMPLAR_INT, (uint64_t)e->integer);
	if (span_id_is_set(e->span_id))
		proto_bytes(o, EXEMPLAR_SPAN_ID, e->span_id.b, sizeof(e->span_id.b));
	if (trace_id_is_set(e->trace_id))
		proto_bytes(o, EXEMPLAR_TRACE_ID, e->trace_id.b, sizeof(e->trace_id.b));
	otlp_attributes(o, EXEMPLAR_ATTRIBUTES, 0, whole(e->attributes));
	proto_close(o, m);
}

static void encode_exemplars(struct out *o, uint32_t field, const struct metric_point *p)
{
	for (size_t i = 0; i < p->n_exemplars; i++)
		encode_exemplar(o, field, &p->exemplar[i]);
}

static void encode_number(struct out *o, const struct metric_point *p)
{
	proto_fixed64(o, POINT_START, p->start_ns);
	proto_fixed64(o, POINT_TIME, p->time_ns);
	if (p->is_double)
		proto_double_always(o, NUMBER_DOUBLE, p->number);
	else
		proto_fixed64_always(o, NUMBER_INT, (uint64_t)p->integer);
	encode_exemplars(o, NUMBER_EXEMPLARS, p);
	otlp_attributes(o, NUMBER_ATTRIBUTES, 0, whole(p->attributes));
}

static void encode_histogram(struct out *o, const struct metric_point *p)
{
	proto_fixed64(o, POINT_START, p->start_ns);
	proto_fixed64(o, POINT_TIME, p->time_ns);
	proto_fixed64(o, HISTOGRAM_COUNT, p->count);
	if (!isnan(p->sum))
		proto_double_always(o, HISTOGRAM_SUM, p->sum);
	if (p->buckets) {
		proto_packed_fixed64(o, HISTOGRAM_BUCKETS, p->buckets, p->n_bounds + 1);
		proto_packed_double(o, HISTOGRAM_BOUNDS, p->bounds, p->n_bounds);
	}
	encode_exemplars(o, HISTOGRAM_EXEMPLARS, p);
	otlp_attributes(o, HISTOGRAM_ATTRIBUTES, 0, whole(p->attributes));
	if (point_has_extremes(p)) {
		proto_double_always(o, HISTOGRAM_MIN, p->min);
		proto_double_always(o, HISTOGRAM_MAX, p->max);
	}
}

/* sint32: small numbers of either sign are short. */
static void encode_sint32(struct out *o, uint32_t field, int32_t v)
{
	proto_u64(o, field, (uint32_t)v << 1 ^ (uint32_t)(v >> 31));
}

static void encode_buckets(struct out *o, uint32_t field, const struct exponential_buckets *b)
{
	struct proto_message m, counts;

	if (!b->n || !b->count)
		return;
	m = proto_open(o, field, PROTO_ABOUT_16K);
	encode_sint32(o, BUCKETS_OFFSET, b->offset);
	counts = proto_open(o, BUCKETS_COUNTS, PROTO_ABOUT_16K);
	for (size_t i = 0; i < b->n; i++) {
		char *w = proto_room(o, PUT_VARINT_MOST);

		if (!w)
			break;
		proto_take(o, put_varint(w, b->count[i]));
	}
	proto_close(o, counts);
	proto_close(o, m);
}

static void encode_exponential(struct out *o, const struct metric_point *p)
{
	otlp_attributes(o, EXPONENTIAL_ATTRIBUTES, 0, whole(p->attributes));
	proto_fixed64(o, POINT_START, p->start_ns);
	proto_fixed64(o, POINT_TIME, p->time_ns);
	proto_fixed64(o, EXPONENTIAL_COUNT, p->count);
	if (!isnan(p->sum))
		proto_double_always(o, EXPONENTIAL_SUM, p->sum);
	encode_sint32(o, EXPONENTIAL_SCALE, p->scale);
	proto_fixed64(o, EXPONENTIAL_ZERO_COUNT, p->zero_count);
	encode_buckets(o, EXPONENTIAL_POSITIVE, &p->positive);
	encode_buckets(o, EXPONENTIAL_NEGATIVE, &p->negative);
	encode_exemplars(o, EXPONENTIAL_EXEMPLARS, p);
	if (point_has_extremes(p)) {
		proto_double_always(o, EXPONENTIAL_MIN, p->min);
		proto_double_always(o, EXPONENTIAL_MAX, p->max);
	}
	if (p->zero_threshold > 0)
		proto_double_always(o, EXPONENTIAL_ZERO_THRESHOLD, p->zero_threshold);
}

static void encode_summary(struct out *o, const struct metric_point *p)
{
	proto_fixed64(o, POINT_START, p->start_ns);
	proto_fixed64(o, POINT_TIME, p->time_ns);
	proto_fixed64(o, SUMMARY_COUNT, p->count);
	proto_double_always(o, SUMMARY_SUM, p->sum);
	for (size_t i = 0; i < p->n_quantiles; i++) {
		struct proto_message m = proto_open(o, SUMMARY_QUANTILES, PROTO_ABOUT_100);

		proto_double_always(o, QUANTILE_QUANTILE, p->quantile[i].quantile);
		proto_double_always(o, QUANTILE_VALUE, p->quantile[i].value);
		proto_close(o, m);
	}
	otlp_attributes(o, SUMMARY_ATTRIBUTES, 0, whole(p->attributes));
}

static const struct {
	uint32_t field;
	enum proto_guess guess;
	void (*encode)(struct out *o, const struct metric_point *p);
} data[] = {
	[METRIC_SUM] = { METRIC_AS_SUM, PROTO_ABOUT_100, encode_number },
	[METRIC_UP_DOWN] = { METRIC_AS_SUM, PROTO_ABOUT_100, encode_number },
	[METRIC_GAUGE] = { METRIC_AS_GAUGE, PROTO_ABOUT_100, encode_number },
	[METRIC_HISTOGRAM] = { METRIC_AS_HISTOGRAM, PROTO_ABOUT_16K, encode_histogram },
	[METRIC_EXPONENTIAL] = { METRIC_AS_EXPONENTIAL, PROTO_ABOUT_16K, encode_exponential },
	[METRIC_SUMMARY] = { METRIC_AS_SUMMARY, PROTO_ABOUT_16K, encode_summary },
};

/* The points at `p` that belong to one instrument; returns how many they were. */
static size_t encode_metric(struct out *o, const struct metric_point *p, size_t n)
{
	struct proto_message metric = proto_open(o, SCOPED_ITEMS, PROTO_ABOUT_16K);

	proto_string(o, METRIC_NAME, p->name);
	proto_string(o, METRIC_DESCRIPTION, p->description);
	proto_string(o, METRIC_UNIT, p->unit);
	struct proto_message points = proto_open(o, data[p->kind].field, PROTO_ABOUT_16K);

	n = otlp_same_metric(p, n);
	for (size_t i = 0; i < n; i++) {
		struct proto_message m = proto_open(o, DATA_POINTS, data[p->kind].guess);

		data[p->kind].encode(o, p + i);
		proto_close(o, m);
	}
	if (point_has_temporality(p))
		proto_u64(o, DATA_TEMPORALITY,
			  p->delta ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE);
	if (p->kind == METRIC_SUM)
		proto_u64(o, DATA_MONOTONIC, true);
	proto_close(o, points);
	proto_close(o, metric);
	return n;
}

static void encode_items(struct out *o, enum signal kind, const struct batch *b, size_t from,
			 size_t to)
{
	for (size_t i = from; i < to && !o->error;) {
		if (kind == SIGNAL_SPAN)
			encode_span(o, &b->span[i++]);
		else if (kind == SIGNAL_LOG)
			encode_log(o, &b->log[i++]);
		else
			i += encode_metric(o, &b->point[i], to - i);
	}
}

/* The messages that are open. */
struct request {
	struct out *out;
	struct proto_message part, scoped;
};

static void request_items(void *to, enum signal kind, const struct batch *b, size_t from, size_t n)
{
	encode_items(((struct request *)to)->out, kind, b, from, n);
}

static void resource_open(void *to, const struct resource *r)
{
	struct request *q = to;

	q->part = proto_open(q->out, REQUEST_RESOURCES, PROTO_ABOUT_1M);
	struct proto_message resource = proto_open(q->out, PART_RESOURCE, PROTO_ABOUT_16K);

	otlp_attributes(q->out, RESOURCE_ATTRIBUTES, RESOURCE_DROPPED, r->attributes);
	proto_close(q->out, resource);
	proto_string(q->out, PART_SCHEMA, r->schema_url);
}

static void resource_close(void *to)
{
	struct request *q = to;

	proto_close(q->out, q->part);
}

static void scope_open(void *to, const struct scope *scope)
{
	struct request *q = to;

	q->scoped = proto_open(q->out, PART_SCOPES, PROTO_ABOUT_1M);
	otlp_scope(q->out, SCOPED_SCOPE, scope);
	if (scope)
		proto_string(q->out, SCOPED_SCHEMA, scope->schema_url);
}

static void scope_close(void *to)
{
	struct request *q = to;

	proto_close(q->out, q->scoped);
}

void otlp_encode(struct out *o, enum signal kind, struct otlp_slice slice)
{
	static const struct otlp_format format = { resource_open, scope_open, request_items,
						   scope_close, resource_close };
	struct request request = { .out = o };

	otlp_walk(kind, slice, &format, &request);
}
