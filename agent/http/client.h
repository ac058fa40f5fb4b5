/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client: an HTTP request that the program makes, from whatever watcher sees it: span, duration,
 * and the headers that carry the context and the request id. OpenTelemetry's stable conventions.
 *
 *     if (!client_begin(&c, &(struct client_seen){ .method = ..., .url = ..., .scope = ... }))
 *             not HTTP, or no host: pass it through
 *     client_inject(&c, set, carrier);          set(carrier, name, value) for each field to add
 *     client_end(&c, &(struct client_outcome){ .status = 200 });
 *
 * The struct is the watcher's from begin to end, which may be on different threads. The span is not
 * current unless the watcher attaches client_context.
 */
#pragma once

#include <stdint.h>

#include "agent/http/http.h"
#include "base/str.h"
#include "oriel.h"

enum { CLIENT_URL_MOST = 1088 };

struct client_request {
	struct oriel_span span;
	uint64_t begun;
	const char *method;	    /* known, as text that stays; NULL: another */
	struct http_url url;	    /* slices of `text` */
	char text[CLIENT_URL_MOST]; /* url.full */
};

struct client_seen {
	struct str method;
	struct str url; /* absolute; credentials and signatures are taken out here */
	int port;	/* instead of the URL's; 0: the URL's */
	const struct oriel_context *parent; /* NULL: the current one */
	uint8_t scope;
	unsigned resend; /* http.request.resend_count, if more than 0 */
};

/* False: not an HTTP URL that we understand, or our own intake's. */
bool client_begin(struct client_request *c, const struct client_seen *seen);

static inline const struct oriel_context *client_context(const struct client_request *c)
{
	return &c->span.context;
}

/* The fields of the propagators, and the request id. The caller leaves out what the program set. */
void client_inject(const struct client_request *c,
		   void (*set)(void *carrier, const char *name, const char *value), void *carrier);

struct client_outcome {
	unsigned status;     /* 0: no answer */
	const char *error;   /* error.type when there is no status, or it isn't enough; static */
	const char *message; /* static or NULL */
	const char *version; /* "1.1", "2"; static or NULL */
	const char *peer_address; /* or NULL */
	int peer_port;
	int64_t request_bytes, response_bytes; /* of bodies; -1: unknown */
};

/* A second call does nothing. */
void client_end(struct client_request *c, const struct client_outcome *o);

void client_ready(void);
