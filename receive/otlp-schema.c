/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/otlp-schema.h"

#define FIELDS(...) \
	{ \
		(const struct schema_field[]){ __VA_ARGS__ }, \
			sizeof((const struct schema_field[]){ __VA_ARGS__ }) / \
				sizeof(struct schema_field) \
	}
#define ONE(name, number, of) \
	{ \
		name, number, SCHEMA_MESSAGE, false, &of, NULL \
	}
#define MANY(name, number, of) \
	{ \
		name, number, SCHEMA_MESSAGE, true, &of, NULL \
	}
#define PLAIN(name, number, type) \
	{ \
		name, number, SCHEMA_##type, false, NULL, NULL \
	}
#define NUMBERS(name, number, type) \
	{ \
		name, number, SCHEMA_##type, true, NULL, NULL \
	}
#define NAMED(name, number, names) \
	{ \
		name, number, SCHEMA_ENUM, false, NULL, names \
	}

/* clang-format off */

/* ---- what all have ------------------------------------------------------------------------------ */

static const struct schema any_value, key_value;

static const struct schema array_value = FIELDS(MANY("values", 1, any_value));
static const struct schema map_value = FIELDS(MANY("values", 1, key_value));
static const struct schema any_value = FIELDS(
	PLAIN("stringValue", 1, STRING),
	PLAIN("boolValue", 2, BOOL),
	PLAIN("intValue", 3, VARINT),
	PLAIN("doubleValue", 4, DOUBLE),
	ONE("arrayValue", 5, array_value),
	ONE("kvlistValue", 6, map_value),
	PLAIN("bytesValue", 7, BYTES));
static const struct schema key_value = FIELDS(
	PLAIN("key", 1, STRING),
	ONE("value", 2, any_value));
static const struct schema resource = FIELDS(
	MANY("attributes", 1, key_value),
	PLAIN("droppedAttributesCount", 2, VARINT));
static const struct schema scope = FIELDS(
	PLAIN("name", 1, STRING),
	PLAIN("version", 2, STRING),
	MANY("attributes", 3, key_value),
	PLAIN("droppedAttributesCount", 4, VARINT));

/* ---- traces ------------------------------------------------------------------------------------- */

static const struct schema_name kinds[] = {
	{ "SPAN_KIND_UNSPECIFIED", 0 }, { "SPAN_KIND_INTERNAL", 1 }, { "SPAN_KIND_SERVER", 2 },
	{ "SPAN_KIND_CLIENT", 3 }, { "SPAN_KIND_PRODUCER", 4 }, { "SPAN_KIND_CONSUMER", 5 },
	{ NULL, 0 } };
static const struct schema_name codes[] = {
	{ "STATUS_CODE_UNSET", 0 }, { "STATUS_CODE_OK", 1 }, { "STATUS_CODE_ERROR", 2 },
	{ NULL, 0 } };
static const struct schema event = FIELDS(
	PLAIN("timeUnixNano", 1, FIXED64),
	PLAIN("name", 2, STRING),
	MANY("attributes", 3, key_value),
	PLAIN("droppedAttributesCount", 4, VARINT));
static const struct schema link_ = FIELDS(
	PLAIN("traceId", 1, ID),
	PLAIN("spanId", 2, ID),
	PLAIN("traceState", 3, STRING),
	MANY("attributes", 4, key_value),
	PLAIN("droppedAttributesCount", 5, VARINT),
	PLAIN("flags", 6, FIXED32));
static const struct schema status = FIELDS(
	PLAIN("message", 2, STRING),
	NAMED("code", 3, codes));
static const struct schema span = FIELDS(
	PLAIN("traceId", 1, ID),
	PLAIN("spanId", 2, ID),
	PLAIN("traceState", 3, STRING),
	PLAIN("parentSpanId", 4, ID),
	PLAIN("name", 5, STRING),
	NAMED("kind", 6, kinds),
	PLAIN("startTimeUnixNano", 7, FIXED64),
	PLAIN("endTimeUnixNano", 8, FIXED64),
	MANY("attributes", 9, key_value),
	PLAIN("droppedAttributesCount", 10, VARINT),
	MANY("events", 11, event),
	PLAIN("droppedEventsCount", 12, VARINT),
	MANY("links", 13, link_),
	PLAIN("droppedLinksCount", 14, VARINT),
	ONE("status", 15, status),
	PLAIN("flags", 16, FIXED32));
static const struct schema scope_spans = FIELDS(
	ONE("scope", 1, scope),
	MANY("spans", 2, span),
	PLAIN("schemaUrl", 3, STRING));
static const struct schema resource_spans = FIELDS(
	ONE("resource", 1, resource),
	MANY("scopeSpans", 2, scope_spans),
	PLAIN("schemaUrl", 3, STRING));
static const struct schema traces = FIELDS(MANY("resourceSpans", 1, resource_spans));

/* ---- logs --------------------------------------------------------------------------------------- */

static const struct schema_name severities[] = {
	{ "SEVERITY_NUMBER_UNSPECIFIED", 0 },
	{ "SEVERITY_NUMBER_TRACE", 1 }, { "SEVERITY_NUMBER_TRACE2", 2 },
	{ "SEVERITY_NUMBER_TRACE3", 3 }, { "SEVERITY_NUMBER_TRACE4", 4 },
	{ "SEVERITY_NUMBER_DEBUG", 5 }, { "SEVERITY_NUMBER_DEBUG2", 6 },
	{ "SEVERITY_NUMBER_DEBUG3", 7 }, { "SEVERITY_NUMBER_DEBUG4", 8 },
	{ "SEVERITY_NUMBER_INFO", 9 }, { "SEVERITY_NUMBER_INFO2", 10 },
	{ "SEVERITY_NUMBER_INFO3", 11 }, { "SEVERITY_NUMBER_INFO4", 12 },
	{ "SEVERITY_NUMBER_WARN", 13 }, { "SEVERITY_NUMBER_WARN2", 14 },
	{ "SEVERITY_NUMBER_WARN3", 15 }, { "SEVERITY_NUMBER_WARN4", 16 },
	{ "SEVERITY_NUMBER_ERROR", 17 }, { "SEVERITY_NUMBER_ERROR2", 18 },
	{ "SEVERITY_NUMBER_ERROR3", 19 }, { "SEVERITY_NUMBER_ERROR4", 20 },
	{ "SEVERITY_NUMBER_FATAL", 21 }, { "SEVERITY_NUMBER_FATAL2", 22 },
	{ "SEVERITY_NUMBER_FATAL3", 23 }, { "SEVERITY_NUMBER_FATAL4", 24 },
	{ NULL, 0 } };
static const struct schema log_record = FIELDS(
	PLAIN("timeUnixNano", 1, FIXED64),
	NAMED("severityNumber", 2, severities),
	PLAIN("severityText", 3, STRING),
	ONE("body", 5, any_value),
	MANY("attributes", 6, key_value),
	PLAIN("droppedAttributesCount", 7, VARINT),
	PLAIN("flags", 8, FIXED32),
	PLAIN("traceId", 9, ID),
	PLAIN("spanId", 10, ID),
	PLAIN("observedTimeUnixNano", 11, FIXED64),
	PLAIN("eventName", 12, STRING));
static const struct schema scope_logs = FIELDS(
	ONE("scope", 1, scope),
	MANY("logRecords", 2, log_record),
	PLAIN("schemaUrl", 3, STRING));
static const struct schema resource_logs = FIELDS(
	ONE("resource", 1, resource),
	MANY("scopeLogs", 2, scope_logs),
	PLAIN("schemaUrl", 3, STRING));
static const struct schema logs = FIELDS(MANY("resourceLogs", 1, resource_logs));

/* ---- metrics ------------------------------------------------------------------------------------ */

static const struct schema_name temporalities[] = {
	{ "AGGREGATION_TEMPORALITY_UNSPECIFIED", 0 }, { "AGGREGATION_TEMPORALITY_DELTA", 1 },
	{ "AGGREGATION_TEMPORALITY_CUMULATIVE", 2 }, { NULL, 0 } };
static const struct schema exemplar = FIELDS(
	PLAIN("timeUnixNano", 2, FIXED64),
	PLAIN("asDouble", 3, DOUBLE),
	PLAIN("spanId", 4, ID),
	PLAIN("traceId", 5, ID),
	PLAIN("asInt", 6, FIXED64),
	MANY("filteredAttributes", 7, key_value));
static const struct schema number_point = FIELDS(
	PLAIN("startTimeUnixNano", 2, FIXED64),
	PLAIN("timeUnixNano", 3, FIXED64),
	PLAIN("asDouble", 4, DOUBLE),
	MANY("exemplars", 5, exemplar),
	PLAIN("asInt", 6, FIXED64),
	MANY("attributes", 7, key_value),
	PLAIN("flags", 8, VARINT));
static const struct schema histogram_point = FIELDS(
	PLAIN("startTimeUnixNano", 2, FIXED64),
	PLAIN("timeUnixNano", 3, FIXED64),
	PLAIN("count", 4, FIXED64),
	PLAIN("sum", 5, DOUBLE),
	NUMBERS("bucketCounts", 6, FIXED64),
	NUMBERS("explicitBounds", 7, DOUBLE),
	MANY("exemplars", 8, exemplar),
	MANY("attributes", 9, key_value),
	PLAIN("flags", 10, VARINT),
	PLAIN("min", 11, DOUBLE),
	PLAIN("max", 12, DOUBLE));
static const struct schema buckets = FIELDS(
	PLAIN("offset", 1, ZIGZAG),
	NUMBERS("bucketCounts", 2, VARINT));
static const struct schema exponential_point = FIELDS(
	MANY("attributes", 1, key_value),
	PLAIN("startTimeUnixNano", 2, FIXED64),
	PLAIN("timeUnixNano", 3, FIXED64),
	PLAIN("count", 4, FIXED64),
	PLAIN("sum", 5, DOUBLE),
	PLAIN("scale", 6, ZIGZAG),
	PLAIN("zeroCount", 7, FIXED64),
	ONE("positive", 8, buckets),
	ONE("negative", 9, buckets),
	PLAIN("flags", 10, VARINT),
	MANY("exemplars", 11, exemplar),
	PLAIN("min", 12, DOUBLE),
	PLAIN("max", 13, DOUBLE),
	PLAIN("zeroThreshold", 14, DOUBLE));
static const struct schema quantile = FIELDS(
	PLAIN("quantile", 1, DOUBLE),
	PLAIN("value", 2, DOUBLE));
static const struct schema summary_point = FIELDS(
	PLAIN("startTimeUnixNano", 2, FIXED64),
	PLAIN("timeUnixNano", 3, FIXED64),
	PLAIN("count", 4, FIXED64),
	PLAIN("sum", 5, DOUBLE),
	MANY("quantileValues", 6, quantile),
	MANY("attributes", 7, key_value),
	PLAIN("flags", 8, VARINT));
static const struct schema gauge = FIELDS(MANY("dataPoints", 1, number_point));
static const struct schema sum = FIELDS(
	MANY("dataPoints", 1, number_point),
	NAMED("aggregationTemporality", 2, temporalities),
	PLAIN("isMonotonic", 3, BOOL));
static const struct schema histogram = FIELDS(
	MANY("dataPoints", 1, histogram_point),
	NAMED("aggregationTemporality", 2, temporalities));
static const struct schema exponential = FIELDS(
	MANY("dataPoints", 1, exponential_point),
	NAMED("aggregationTemporality", 2, temporalities));
static const struct schema summary = FIELDS(MANY("dataPoints", 1, summary_point));
static const struct schema metric = FIELDS(
	PLAIN("name", 1, STRING),
	PLAIN("description", 2, STRING),
	PLAIN("unit", 3, STRING),
	ONE("gauge", 5, gauge),
	ONE("sum", 7, sum),
	ONE("histogram", 9, histogram),
	ONE("exponentialHistogram", 10, exponential),
	ONE("summary", 11, summary));
static const struct schema scope_metrics = FIELDS(
	ONE("scope", 1, scope),
	MANY("metrics", 2, metric),
	PLAIN("schemaUrl", 3, STRING));
static const struct schema resource_metrics = FIELDS(
	ONE("resource", 1, resource),
	MANY("scopeMetrics", 2, scope_metrics),
	PLAIN("schemaUrl", 3, STRING));
static const struct schema metrics = FIELDS(MANY("resourceMetrics", 1, resource_metrics));
/* clang-format on */

const struct schema *schema_request(enum signal kind)
{
	return kind == SIGNAL_SPAN ? &traces : kind == SIGNAL_LOG ? &logs : &metrics;
}

/* trace_id is traceId. */
static bool same_name(struct str given, const char *name)
{
	size_t i = 0;

	while (i < given.n && *name) {
		bool up = given.p[i] == '_' && i + 1 < given.n;
		char c = given.p[i + up];

		if ((up && c >= 'a' && c <= 'z' ? c - 32 : c) != *name++)
			return false;
		i += 1 + up;
	}
	return i == given.n && !*name;
}

const struct schema_field *schema_find(const struct schema *s, struct str name)
{
	for (size_t i = 0; i < s->n; i++)
		if (same_name(name, s->field[i].name))
			return &s->field[i];
	return NULL;
}
