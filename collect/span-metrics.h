/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Span metrics: how often, how long and how well, counted from finished spans, as the OpenTelemetry
 * Collector's connector of that name tells it (traces.span.metrics.calls, traces.span.metrics.duration).
 *
 *     struct span_metrics m;
 *     span_metrics_init(&m, &rules, start_ns);
 *     span_metrics_count(&m, batch);             before anything is left out of it
 *     span_metrics_points(&m, batch, now);       copies: `m` may go before the batch does
 *     span_metrics_fini(&m);
 *
 * A span that was taken as one of a share stands for as many as its trace state says
 * (base/trace-state.h), so what a sampler left out is counted, too. A series is a service, a span's name,
 * kind and status, and its dimensions: attributes of the span, else of its resource. There are at most
 * `most`; the overflow series has the rest.
 *
 * What a limit, always_off or an unsampled parent left out nobody knows, unless the services record that, too
 * (ORIEL_SPAN_METRICS_ALL): then spans that aren't sampled come along, and are only counted (span_metrics_leave).
 *
 * Not locked.
 */
#pragma once

#include "base/arena.h"
#include "base/view.h"
#include "model/batch.h"
#include "model/settings.h"

enum { SPAN_METRICS_DIMENSIONS = 8, SPAN_METRICS_KEY = 64, SPAN_METRICS_SERIES = 2000 };

struct span_metrics_rules {
	bool on;
	bool all; /* ORIEL_SPAN_METRICS_ALL: each span is there, and none stands for others */
	char dimension[SPAN_METRICS_DIMENSIONS][SPAN_METRICS_KEY];
	size_t n_dimensions;
	double bound[VIEW_NUMBERS_MOST]; /* milliseconds */
	size_t n_bounds, most;
	uint64_t every_ns; /* metrics are exported so often */
};

/* ORIEL_SPAN_METRICS turns it on; *bad: the variable that makes no sense. */
struct span_metrics_rules span_metrics_rules_of(const struct settings *settings, const char **bad);

struct span_series;

struct span_metrics {
	struct span_metrics_rules rules;
	struct arena arena;
	uint64_t start_ns;
	struct span_series **series;
	size_t n, room;
	uint32_t *slot; /* which series, + 1; twice as many as there is room, a power of two */
};

void span_metrics_init(struct span_metrics *m, const struct span_metrics_rules *rules,
		       uint64_t start_ns);
void span_metrics_fini(struct span_metrics *m);
void span_metrics_count(struct span_metrics *m, const struct batch *b);

/* What no sampler took: it has been counted, and nobody else is to see it. */
void span_metrics_leave(struct batch *b);

/* At the end of the batch; their names and units are the same for all. */
void span_metrics_points(const struct span_metrics *m, struct batch *b, uint64_t now_real_ns);
