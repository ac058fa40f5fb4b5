/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the fields of OTLP's messages, for those who write them and those who read them. */
#pragma once

/* ---- frame ---------------------------------------------------------------------------------------- */

enum { REQUEST_RESOURCES = 1 };
enum { PART_RESOURCE = 1, PART_SCOPES = 2, PART_SCHEMA = 3 };
enum { SCOPED_SCOPE = 1, SCOPED_ITEMS = 2, SCOPED_SCHEMA = 3 };
enum { RESOURCE_ATTRIBUTES = 1, RESOURCE_DROPPED = 2 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2, SCOPE_ATTRIBUTES = 3, SCOPE_DROPPED = 4 };

/* ---- values --------------------------------------------------------------------------------------- */

enum {
	ANY_STRING = 1,
	ANY_BOOL = 2,
	ANY_INT = 3,
	ANY_DOUBLE = 4,
	ANY_ARRAY = 5,
	ANY_MAP = 6,
	ANY_BYTES = 7,
};
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { LIST_VALUES = 1 };

/* ---- spans ---------------------------------------------------------------------------------------- */

enum {
	SPAN_TRACE_ID = 1,
	SPAN_SPAN_ID = 2,
	SPAN_TRACE_STATE = 3,
	SPAN_PARENT_ID = 4,
	SPAN_NAME = 5,
	SPAN_KIND = 6,
	SPAN_START = 7,
	SPAN_END = 8,
	SPAN_ATTRIBUTES = 9,
	SPAN_DROPPED_ATTRIBUTES = 10,
	SPAN_EVENTS = 11,
	SPAN_DROPPED_EVENTS = 12,
	SPAN_LINKS = 13,
	SPAN_DROPPED_LINKS = 14,
	SPAN_STATUS = 15,
	SPAN_FLAGS = 16,
};
enum { EVENT_TIME = 1, EVENT_NAME = 2, EVENT_ATTRIBUTES = 3, EVENT_DROPPED = 4 };
enum {
	LINK_TRACE_ID = 1,
	LINK_SPAN_ID = 2,
	LINK_TRACE_STATE = 3,
	LINK_ATTRIBUTES = 4,
	LINK_DROPPED = 5,
	LINK_FLAGS = 6,
};
enum { SPAN_STATUS_MESSAGE = 2, SPAN_STATUS_CODE = 3 };

/* ---- log records ---------------------------------------------------------------------------------- */

enum {
	LOG_TIME = 1,
	LOG_SEVERITY = 2,
	LOG_SEVERITY_TEXT = 3,
	LOG_BODY = 5,
	LOG_ATTRIBUTES = 6,
	LOG_DROPPED = 7,
	LOG_FLAGS = 8,
	LOG_TRACE_ID = 9,
	LOG_SPAN_ID = 10,
	LOG_OBSERVED = 11,
	LOG_EVENT_NAME = 12,
};

/* ---- metrics -------------------------------------------------------------------------------------- */

enum {
	METRIC_NAME = 1,
	METRIC_DESCRIPTION = 2,
	METRIC_UNIT = 3,
	METRIC_AS_GAUGE = 5,
	METRIC_AS_SUM = 7,
	METRIC_AS_HISTOGRAM = 9,
	METRIC_AS_EXPONENTIAL = 10,
	METRIC_AS_SUMMARY = 11,
};
enum { DATA_POINTS = 1, DATA_TEMPORALITY = 2, DATA_MONOTONIC = 3 };
enum { TEMPORALITY_DELTA = 1, TEMPORALITY_CUMULATIVE = 2 };
enum { POINT_START = 2, POINT_TIME = 3 }; /* of every kind */
enum {
	NUMBER_DOUBLE = 4,
	NUMBER_EXEMPLARS = 5,
	NUMBER_INT = 6,
	NUMBER_ATTRIBUTES = 7,
	NUMBER_FLAGS = 8,
};
enum {
	HISTOGRAM_COUNT = 4,
	HISTOGRAM_SUM = 5,
	HISTOGRAM_BUCKETS = 6,
	HISTOGRAM_BOUNDS = 7,
	HISTOGRAM_EXEMPLARS = 8,
	HISTOGRAM_ATTRIBUTES = 9,
	HISTOGRAM_FLAGS = 10,
	HISTOGRAM_MIN = 11,
	HISTOGRAM_MAX = 12,
};
enum {
	EXPONENTIAL_ATTRIBUTES = 1,
	EXPONENTIAL_COUNT = 4,
	EXPONENTIAL_SUM = 5,
	EXPONENTIAL_SCALE = 6,
	EXPONENTIAL_ZERO_COUNT = 7,
	EXPONENTIAL_POSITIVE = 8,
	EXPONENTIAL_NEGATIVE = 9,
	EXPONENTIAL_FLAGS = 10,
	EXPONENTIAL_EXEMPLARS = 11,
	EXPONENTIAL_MIN = 12,
	EXPONENTIAL_MAX = 13,
	EXPONENTIAL_ZERO_THRESHOLD = 14,
};
enum { BUCKETS_OFFSET = 1, BUCKETS_COUNTS = 2 };
enum {
	SUMMARY_COUNT = 4,
	SUMMARY_SUM = 5,
	SUMMARY_QUANTILES = 6,
	SUMMARY_ATTRIBUTES = 7,
	SUMMARY_FLAGS = 8,
};
enum { QUANTILE_QUANTILE = 1, QUANTILE_VALUE = 2 };
enum {
	EXEMPLAR_TIME = 2,
	EXEMPLAR_DOUBLE = 3,
	EXEMPLAR_SPAN_ID = 4,
	EXEMPLAR_TRACE_ID = 5,
	EXEMPLAR_INT = 6,
	EXEMPLAR_ATTRIBUTES = 7,
};
