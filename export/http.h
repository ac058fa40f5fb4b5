/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client: one POST (or GET) after the other on a connection that is kept. libcurl does the work.
 *
 *     struct http *h = http_new();
 *     r = http_post(h, &(struct http_request){ .url = ..., .body = ... }, &answer);
 *     http_free(h);
 *
 * Always comes back: after timeout_ms, or within 100 ms of *stop turning true, whichever is first
 * (a name server that hangs included). Redirects are not followed, only http and https are spoken,
 * and no more than 4 MiB (or what is asked for) of an answer and 64 KiB of its headers are kept. The environment's proxies are used, as curl does.
 * One thread at a time.
 */
#pragma once

#include "base/out.h"
#include "export/otlp-headers.h"

#include <stdatomic.h>

struct http;

struct http_request {
	const char *url;
	const char *
		socket; /* the Unix socket that it is asked at, whatever the URL's host; NULL: none */
	const char *type;     /* of the body */
	const char *encoding; /* of the body, or NULL */
	const struct otlp_headers *headers;
	const char *const *more; /* more header lines, ended by NULL, or NULL */
	bool get;		 /* not POST: there is no body */
	bool http2; /* as gRPC wants it: without asking first on http, through a proxy's tunnel */
	const char *certificate, *client_certificate, *client_key; /* files; NULL: not set */
	struct str body;
	uint32_t timeout_ms;
	size_t answer_most;	 /* bytes of an answer; 0: 4 MiB */
	const atomic_bool *stop; /* may be NULL */
	void (*idle)(void *to);	 /* called while it waits, at least every 100 ms; may be NULL */
	void *idle_to;
};

struct http_answer {
	int status;
	uint32_t retry_after_ms; /* 0: it doesn't say */
	char type[64];		 /* in lower case, without parameters */
	struct str headers;	 /* "name: value" lines, trailers last; valid until the next post */
	struct str body;	 /* valid until the next post; empty when it was too much */
	char why[160];		 /* for HTTP_UNREACHABLE and HTTP_IMPOSSIBLE */
};

enum http_outcome {
	HTTP_UNREACHABLE = 1, /* no answer, but another time there may be one */
	HTTP_IMPOSSIBLE,      /* there will never be one: an address that is none */
	HTTP_STOPPED,	      /* *stop turned true */
};

/*
 * Which collector sends, as every request says in ORIEL_SENDER_HEADER: its own intake then knows it,
 * and what it has sent doesn't come round again. Empty, as it is at first: nothing is said. Set once,
 * before there is any destination.
 */
#define ORIEL_SENDER_HEADER "oriel-collector"
enum { HTTP_SENDER = 33 };
extern char http_sender[HTTP_SENDER];

struct http *http_new(void);
struct http *http_free(struct http *h);

/* 0: there is an answer, of whatever status. */
int http_post(struct http *h, const struct http_request *request, struct http_answer *answer);

/* The value of the last line with this name (lower case), trimmed; or the empty slice. */
struct str http_header(struct str headers, struct str name);
