/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the blob's writer and reader agree on.
 *
 *     span = members name [scope] [message] [state] [flags] [thread] [attributes] [events] [links] [more scope]
 *     log  = members body [scope] [trace id] [observed - time] [flags] [thread] [severity] [event] [attributes] [more scope]
 *
 * `members` says which of those in brackets are there. These numbers are on people's disks: new
 * ones may be added at the end, none may change its meaning.
 */
#pragma once

enum { BLOB_DEPTH = 16 }; /* of arrays and maps in each other; what lies deeper is kept as empty */

enum {
	SPAN_HAS_SCOPE = 1 << 0,
	SPAN_HAS_MESSAGE = 1 << 1,
	SPAN_HAS_STATE = 1 << 2,
	SPAN_HAS_FLAGS = 1 << 3,
	SPAN_HAS_THREAD = 1 << 4,
	SPAN_HAS_ATTRIBUTES = 1 << 5,
	SPAN_HAS_EVENTS = 1 << 6,
	SPAN_HAS_LINKS = 1 << 7,
	SPAN_HAS_MORE_SCOPE = 1 << 8, /* its schema URL and attributes */
};

enum {
	LOG_HAS_SCOPE = 1 << 0,
	LOG_HAS_TRACE = 1 << 1,
	LOG_HAS_OBSERVED = 1 << 2,
	LOG_HAS_FLAGS = 1 << 3,
	LOG_HAS_THREAD = 1 << 4,
	LOG_HAS_SEVERITY = 1 << 5,
	LOG_HAS_EVENT = 1 << 6,
	LOG_HAS_ATTRIBUTES = 1 << 7,
	LOG_HAS_MORE_SCOPE = 1 << 8,
};
