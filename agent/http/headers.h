/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers: what a watcher wants to know of a message's header fields, whoever parsed them.
 *
 *     struct headers h;
 *     headers_begin(&h, get, carrier);
 *     headers_see(&h, "traceparent", "00-...");      once for each field, in order
 *
 * Names are compared without case. Nothing is copied but lists that come in several fields: texts
 * end in NUL and stay the caller's until the contract that takes the headers has returned.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { HEADERS_JOINED_MOST = 1024, HEADERS_B3 = 5, HEADERS_ENTRIES = 8 };

typedef const char *(*headers_get)(void *carrier, const char *name);

struct headers {
	headers_get get; /* for what isn't kept here (other propagators'); may be NULL */
	void *carrier;
	const char *traceparent, *tracestate, *baggage, *host, *user_agent, *request_id;
	const char *forwarded, *x_forwarded_for, *x_forwarded_proto;
	const char *b3[HEADERS_B3];	       /* Zipkin's: b3, x-b3-traceid, ... */
	const char *entry[HEADERS_ENTRIES][2]; /* baggage, a field for each entry: name and value */
	unsigned char n_entries, request_id_rank;
	bool two_parents;
	bool context; /* something was seen that may carry one */
	size_t n;     /* bytes of `joined` */
	char joined[HEADERS_JOINED_MOST];
};

void headers_begin(struct headers *h, headers_get get, void *carrier);
void headers_see(struct headers *h, const char *name, const char *value);

/* For oriel_context_extract_from, with the struct headers as its carrier. */
const char *headers_context(void *headers, const char *name);
const char *headers_context_key(void *headers, size_t i);

/*
 * Which fields carry the request id, the first one being the one that we write: a comma-separated
 * list (ORIEL_REQUEST_ID_HEADERS; NULL: X-Request-ID; empty: none, and then there are no request
 * ids at all). Before there are threads.
 */
void headers_request_id_set(const char *list);
const char *headers_request_id(void); /* the name to write; NULL: none */
