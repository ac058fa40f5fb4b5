/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event: an error as Sentry's event item, from a span's exception, a request that was answered with
 * 5xx, or a log record.
 *
 *     struct sentry_error e = { .resource = b->resource, .span = s, .exception = &s->event[i] };
 *     sentry_event_id(id, &e);                  the same error has the same id, whenever it is sent
 *     sentry_event_json(&out, &e, id, &who);
 *
 * Nothing of the person who made the request: no address, no user agent, no query, unless `pii`.
 */
#pragma once

#include "base/json.h"
#include "export/sentry-crumbs.h"
#include "export/sentry-sender.h"
#include "model/resource.h"
#include "model/telemetry.h"

struct sentry_who {
	struct str environment, release; /* release may be empty */
	bool pii;
	const struct sentry_crumbs *crumbs;
};

/* One of log and span; exception and log's exception.* may be missing: then it is a message. */
struct sentry_error {
	const struct resource *resource;
	const struct span *span;
	const struct span_event *exception;
	const struct log_record *log;
};

/* The next error of a span at or after *at, which then is behind it; false: no more. */
bool sentry_error_of_span(struct sentry_error *out, const struct span *s, size_t *at);
bool sentry_error_of_log(struct sentry_error *out, const struct log_record *l);

void sentry_event_id(char out[SENTRY_ID], const struct sentry_error *e);
void sentry_event_json(struct out *o, const struct sentry_error *e, const char id[SENTRY_ID],
		       const struct sentry_who *who);

/* Of the request itself: was it answered, and how? For sessions. */
bool sentry_is_request(const struct span *s);
bool sentry_is_failed(const struct span *s);
