/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telemetry: finished spans, log records and metric points, by OpenTelemetry's data model.
 *
 * Plain open values. Times are nanoseconds since the Unix epoch; ids are bytes in network order,
 * all zero for "none". Enumerators have the numbers of the OTLP protocol, so that encoders copy.
 */
#pragma once

#include "base/gauge-mode.h"
#include "model/value.h"

struct trace_id {
	uint8_t b[16];
};

struct span_id {
	uint8_t b[8];
};

static inline bool trace_id_is_set(struct trace_id id)
{
	static const struct trace_id none;

	return memcmp(&id, &none, sizeof(id)) != 0;
}

static inline bool span_id_is_set(struct span_id id)
{
	static const struct span_id none;

	return memcmp(&id, &none, sizeof(id)) != 0;
}

/* Who recorded it: OpenTelemetry's instrumentation scope. Points to static or batch memory. */
struct scope {
	struct str name, version;
	struct str schema_url; /* of what it holds; others' */
	struct attributes attributes;
};

/* NULL is one without a name. */
bool scope_same(const struct scope *a, const struct scope *b);

enum span_kind {
	SPAN_INTERNAL = 1,
	SPAN_SERVER = 2,
	SPAN_CLIENT = 3,
	SPAN_PRODUCER = 4,
	SPAN_CONSUMER = 5,
};

enum span_status {
	STATUS_UNSET = 0,
	STATUS_OK = 1,
	STATUS_ERROR = 2,
};

/* How a span came to its end; all but ENDED are closed by the collector, as errors. */
enum span_end {
	SPAN_ENDED,	/* by the program */
	SPAN_ABANDONED, /* an outer span ended first (longjmp, pthread_exit) */
	SPAN_ORPHANED,	/* its process is gone */
};

struct span_event {
	uint64_t time_ns;
	struct str name;
	struct attributes attributes;
};

struct span_link {
	struct trace_id trace_id;
	struct span_id span_id;
	uint32_t flags;
	struct str trace_state;
	struct attributes attributes;
};

struct span {
	struct trace_id trace_id;
	struct span_id span_id;
	struct span_id parent_id;
	uint32_t
		flags; /* W3C trace flags in the low byte; OTLP's has-remote/is-remote bits 8 and 9 */
	enum span_kind kind;
	enum span_status status;
	enum span_end end;
	uint64_t start_ns;
	uint64_t end_ns; /* >= start_ns; for a span in flight: now */
	struct str name;
	struct str status_message;
	struct str trace_state;
	const struct scope *scope;
	struct attributes attributes;
	const struct span_event *event;
	size_t n_events;
	const struct span_link *link;
	size_t n_links;
	uint32_t dropped_events, dropped_links;
	uint32_t thread_id;
};

enum { SPAN_SAMPLED = 1 }; /* of the flags */

static inline bool span_is_sampled(const struct span *s)
{
	return s->flags & SPAN_SAMPLED;
}

struct log_record {
	uint64_t time_ns;
	uint64_t observed_ns;
	struct trace_id trace_id;
	struct span_id span_id;
	uint32_t flags;
	int severity; /* OpenTelemetry's severity number, 1 to 24; 0: none */
	struct str severity_text;
	struct str event_name;
	struct value body;
	const struct scope *scope;
	struct attributes attributes;
	uint32_t thread_id;
};

enum metric_kind {
	METRIC_SUM,	/* monotonic, cumulative */
	METRIC_UP_DOWN, /* sum that may fall, cumulative */
	METRIC_GAUGE,
	METRIC_HISTOGRAM,   /* explicit bounds, cumulative */
	METRIC_EXPONENTIAL, /* histogram whose bounds are powers of 2^(2^-scale), cumulative */
	METRIC_SUMMARY,	    /* quantiles; addable if the source gives the buckets, too */
};

/* One measurement that was kept as an example: of a histogram's bucket that its value falls into. */
struct exemplar {
	uint64_t time_ns;
	struct trace_id trace_id; /* may be none */
	struct span_id span_id;
	bool is_double;
	int64_t integer;
	double number;
	struct attributes attributes; /* those that a view took from the series */
};

/* Bucket i counts values in (base^(offset + i), base^(offset + i + 1)]. */
struct exponential_buckets {
	int32_t offset;
	const uint64_t *count;
	size_t n;
};

struct quantile {
	double quantile, value; /* 0 to 1 */
};

/* One point of one series; points of one instrument lie together in a batch. */
struct metric_point {
	enum metric_kind kind;
	bool is_double; /* `number` is meant, not `integer` */
	struct str name, unit, description;
	const struct scope *scope;
	struct attributes attributes;
	uint64_t start_ns, time_ns;
	enum gauge_mode mode; /* GAUGE and UP_DOWN */
	uint64_t set_ns;      /* GAUGE: when it was set last; 0: not known */
	int64_t integer;
	double number;
	/* HISTOGRAM: n_bounds + 1 buckets, not accumulated; bucket i counts values <= bounds[i]. */
	const double *bounds;
	const uint64_t *buckets;
	size_t n_bounds;
	uint64_t count;	      /* also EXPONENTIAL and SUMMARY, as sum */
	double sum, min, max; /* of histograms; NaN: not known, for points from elsewhere */
	/* EXPONENTIAL; SUMMARY, too, if its source has them, and then they are all that it counted */
	int32_t scale; /* -10 to 20 */
	uint64_t zero_count;
	double zero_threshold;
	struct exponential_buckets positive, negative;
	/* SUMMARY */
	const struct quantile *quantile;
	size_t n_quantiles;
	/* all but SUMMARY */
	const struct exemplar *exemplar;
	size_t n_exemplars;
	bool observed; /* SUM and UP_DOWN: read from somewhere, not added up here */
	bool delta;    /* since start_ns rather than cumulative; never from our own segments */
};
