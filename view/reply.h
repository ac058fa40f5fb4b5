/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reply: what one request gets, and the list of everything that can be asked for.
 *
 * An answer writes to `body` (JSON through `json`) and sets what differs from a 200 in JSON. It is
 * called on a thread of the server, with `v` for everyone.
 */
#pragma once

#include "view/query.h"
#include "view/view.h"

struct reply {
	unsigned status;
	const char *type;
	struct out body;
	struct json json;
	const char *etag; /* of the page's files; NULL: the body may not be kept */
	bool immutable;
	bool gzipped; /* the body already is */
};

/* What answers may use of struct view. */
struct view_facts {
	struct store *store;
	const struct view_sources *sources;
	void *you;
	const char *address;
};

/* Replaces whatever was written. */
void reply_error(struct reply *r, unsigned status, const char *why);

/* X(path, function, sentence); a path that ends in '/' takes what follows it as its argument. */
#define VIEW_ROUTES(X) \
	X("/api/status", answer_status, "What runs, where it goes, what was counted") \
	X("/api/runs", answer_runs, "Runs of oriel run, newest first") \
	X("/api/services", answer_services, "Rate, errors and duration by service") \
	X("/api/routes", answer_routes, "Rate, errors and duration by route") \
	X("/api/traces", answer_traces, "Traces, newest first") \
	X("/api/traces/", answer_trace, "One trace, with its logs and what is still open") \
	X("/api/logs", answer_logs, "Log records, newest first") \
	X("/api/errors", answer_errors, "Kinds of errors, seen last first") \
	X("/api/errors/", answer_error_kind, \
	  "One kind, with its traces and the last record of it") \
	X("/api/in-flight", answer_in_flight, "Spans that have not ended") \
	X("/api/metrics", answer_metrics, "The newest point of every series") \
	X("/metrics", answer_prometheus, \
	  "All services' metrics and the collector's own, as Prometheus text") \
	X("/health/live", answer_live, "200 while the collector's threads move") \
	X("/health/ready", answer_ready, "200 when the store can be written")

struct view_route {
	const char *path, *sentence;
	void (*answer)(const struct view_facts *v, struct query *q, struct str argument,
		       struct reply *r);
};

extern const struct view_route view_routes[];
extern const size_t view_n_routes;

#define X(path, function, sentence) \
	void function(const struct view_facts *v, struct query *q, struct str argument, \
		      struct reply *r);
VIEW_ROUTES(X)
#undef X
