/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus: metric points as the text that a scraper reads, 0.0.4 or OpenMetrics 1.0.0.
 *
 *     struct prometheus_target t = { .batch = totals, .options = options };
 *     r = prometheus_write(&o, &(struct prometheus_request){ .format = PROMETHEUS_TEXT }, &t, 1);
 *
 * A target is a service: points that belong together, with the resource that they are of. All
 * targets' points become one exposition, in which a family stands once, in order of names. Where two
 * instruments want one name and differ in type, the first in order of type, then scope, has it;
 * where they differ in description only, so is that. What is left out is counted (model/stats.h).
 * Points that would have the same name and labels are added up where adding makes sense.
 *
 * Nothing is kept; any thread.
 */
#pragma once

#include "base/out.h"
#include "model/batch.h"

enum prometheus_format { PROMETHEUS_TEXT, PROMETHEUS_OPENMETRICS };

enum { PROMETHEUS_SPACE = 64 };

/* What a service's settings say (export/prometheus-options.h). */
struct prometheus_options {
	bool no_target_info, no_scope_info, no_created, no_exemplars;
	bool no_suffixes; /* neither units nor _total, but for what OpenMetrics wants */
	bool job;	  /* job and instance on every sample */
	char space
		[PROMETHEUS_SPACE]; /* the namespace: before every name, but target's and scope's */
};

struct prometheus_target {
	const struct batch *batch;
	struct prometheus_options options;
	bool unique; /* no series is there twice: as from a tally */
	bool named;  /* every sample says of which service it is: it isn't alone here */
};

struct prometheus_request {
	enum prometheus_format format;
	const struct str *name; /* only the families of these names, or of a sample of that name */
	size_t n_names;		/* 0: all */
};

/* 0 or -ENOMEM, also when `o` has an error. */
int prometheus_write(struct out *o, const struct prometheus_request *request,
		     const struct prometheus_target *target, size_t n_targets);

/* The Content-Type. */
const char *prometheus_type(enum prometheus_format format);
