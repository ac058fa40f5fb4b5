/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crumbs: the last log records, kept for the errors that may come after them.
 *
 *     sentry_crumbs_add(&c, record, resource);
 *     sentry_crumbs_json(&j, &c, trace_id, resource, until_ns);
 *
 * A ring of so many, with short copies of their texts. An error has those of its own trace, or of its
 * process if it has none.
 */
#pragma once

#include "base/json.h"
#include "model/resource.h"
#include "model/telemetry.h"

enum { SENTRY_CRUMBS = 512, SENTRY_CRUMB_TEXT = 200, SENTRY_CRUMBS_SENT = 30 };

struct sentry_crumb {
	uint64_t time_ns;
	struct trace_id trace_id;
	int severity;
	uint8_t text_n, scope_n, instance_n;
	char text[SENTRY_CRUMB_TEXT], scope[32], instance[40];
};

struct sentry_crumbs {
	size_t next;
	struct sentry_crumb ring[SENTRY_CRUMBS];
};

void sentry_crumbs_add(struct sentry_crumbs *c, const struct log_record *l,
		       const struct resource *r);

/* An array, oldest first. Records of that very time are left out: one of them is the error itself. */
void sentry_crumbs_json(struct json *j, const struct sentry_crumbs *c, struct trace_id trace_id,
			const struct resource *r, uint64_t until_ns);

struct str sentry_level(int severity);
