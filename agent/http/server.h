/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server: an HTTP request that the program serves, from whatever watcher sees it: its context, span,
 * duration, request id. OpenTelemetry's stable conventions for HTTP spans and metrics.
 *
 *     server_begin(&q, &(struct server_seen){ .method = STR("GET"), .target = STR("/a?b"),
 *                                             .headers = &h, .scope = SCOPE_... });
 *     unsigned token = oriel_context_attach(server_context(&q));       around the program's code
 *     ...
 *     oriel_context_detach(token);
 *     server_route(&q, STR("/orders/{id}"));                           when it is known
 *     server_end(&q, &(struct server_outcome){ .status = 200, .request_bytes = -1, ... });
 *
 * The struct is the watcher's, in a pool of its own, from begin to end; one thread at a time. A
 * request that is excluded, or not sampled, has a context all the same. server_begin copies what it
 * needs; server_end releases the context, so nothing may be attached to it then.
 *
 * Guest-safe: no allocation, no system call; errno is the caller's to keep.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "agent/http/access.h"
#include "agent/http/headers.h"
#include "base/str.h"
#include "oriel.h"

enum { SERVER_ROUTE_MOST = 120 };

struct server_request {
	struct oriel_span span;
	struct oriel_context parent; /* with the request id; released by server_end */
	uint64_t begun;
	const char *method, *version; /* as metric labels; these texts stay. NULL: unknown */
	bool https, ended;
	bool unmeasured; /* excluded from metrics */
	bool access_wanted;
	uint8_t route_n;
	char id[ORIEL_REQUEST_ID_ROOM]; /* "" when request ids are off */
	char route[SERVER_ROUTE_MOST];
	struct access_request access; /* touched only if access_wanted */
};

/*
 * What is the same for many requests, as it lies in a record: all but target and route. The method comes
 * first, for those that have the same one. Behind it may lie what a target adds, with the fields of log
 * records, for requests that are the same altogether.
 */
enum { SERVER_KNOWN_MOST = 700 };

struct server_known {
	const char *method, *version; /* as in struct server_request */
	uint16_t n, method_n, same_n; /* same_n: of all of it; 0: of no target */
	uint16_t name_n;	      /* of the method's text */
	uint16_t image_n;	      /* of oriel_span_image; 0: none */
	bool https;
	uint8_t scope;
	struct str path;
	struct oriel_context fields;
	_Alignas(8) unsigned char image[SERVER_KNOWN_MOST + 100];
	unsigned char bytes[SERVER_KNOWN_MOST + 10];
};

/* The same of ends: all that is said at the end of a request that went well, if no body came with it. */
enum { SERVER_ENDING_MOST = 96 };

struct server_ending {
	const char *method, *version;
	struct oriel_series *series;
	int64_t response_bytes;
	uint16_t status;
	uint16_t image_n; /* of oriel_span_end_image; 0: nothing is known */
	bool https;
	_Alignas(8) unsigned char image[SERVER_ENDING_MOST];
};

struct server_seen {
	struct str method;  /* empty: the request ended before it was known */
	struct str target;  /* as on the request line: path and query */
	struct str version; /* "HTTP/1.1" */
	struct str route;   /* if it is known already */
	const struct headers *headers;
	const struct server_known *known; /* instead of headers and peer; NULL: those count */
	const struct sockaddr *peer;	  /* may be NULL, or not IP */
	bool https;
	bool no_fresh_id; /* a request id is only taken, not made */
	uint8_t scope;
	uint64_t begun; /* oriel_moment() when it came; 0: now */
};

/*
 * Which proxies are believed (ORIEL_TRUSTED_PROXIES), and by which field (ORIEL_FORWARDED_HEADER).
 * Before there are threads.
 */
void server_trust(const char *proxies, const char *header);

/* Who sent it: the peer, or whom proxies tell of that are trusted. False: not known. */
bool server_client(const struct server_seen *seen, char out[46]);

void server_begin(struct server_request *q, const struct server_seen *seen);

/*
 * For later requests with the same version, headers, peer and scheme. They must bring neither a
 * context nor a request id of their own. False: too large.
 */
bool server_know(struct server_known *k, const struct server_seen *seen);

/*
 * The same for later requests whose method and target are these, too, and that get no id; seen->target stays
 * with `k`. server_begin_same is server_begin for them, as long as server_knows_target says so.
 */
void server_know_target(struct server_known *k, const struct server_seen *seen);
bool server_knows_target(const struct server_known *k);
void server_begin_same(struct server_request *q, const struct server_known *k);

/* What to attach while the program works on it. Its memory is q's. */
static inline const struct oriel_context *server_context(const struct server_request *q)
{
	return &q->span.context;
}

/* http.route: low in cardinality, as the program declared it. The last one given counts. */
void server_route(struct server_request *q, struct str route);

/*
 * The field to add to the response, or NULL: no request ids. A field of this name that the program
 * set itself stays, and no second one is written.
 */
const char *server_id_header(void);

struct server_outcome {
	unsigned status;     /* 0: no response was sent */
	const char *error;   /* error.type if it isn't the status; static. NULL: by status */
	const char *message; /* for the span's status; static or NULL */
	int64_t request_bytes, response_bytes; /* of bodies; -1: unknown */
};

/* A second call does nothing. */
void server_end(struct server_request *q, const struct server_outcome *o);

/*
 * For later requests that end as this one, which has ended, did. server_end_same is server_end for them;
 * false: it isn't one, and nothing has happened.
 */
void server_know_ending(struct server_ending *k, const struct server_request *q,
			const struct server_outcome *o);
bool server_end_same(struct server_request *q, const struct server_ending *k,
		     const struct server_outcome *o);

/* The client went away: `handled` says whether the program had begun to work on it. */
struct server_outcome server_client_closed(unsigned status, bool handled);

/* Makes the instruments, once; from a hook that is not on the hot path. */
void server_ready(void);
