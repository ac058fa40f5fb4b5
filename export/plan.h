/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan: which destinations do a service's settings ask for?
 *
 *     struct export_plan plan;
 *     export_plan(&plan, &settings);
 *     for (size_t i = 0; i < plan.n; i++)
 *             destination_new(&d, plan.item[i].kind, &settings,
 *                             &(struct export_place){ .signals = ..., .out_fd = ... }, limits, why);
 *     for (size_t i = 0; i < plan.n_warnings; i++)
 *             ...a person should see plan.warning[i]
 *
 * OTEL_TRACES_EXPORTER, OTEL_LOGS_EXPORTER and OTEL_METRICS_EXPORTER are lists of names. An exporter
 * gets one item with all signals that name it. Who names none gets none, with one exception: an
 * OTLP endpoint that a user has set asks for otlp, for all signals if it is the common one and otlp is
 * named for none of them, else for its own; Zipkin's endpoint asks for zipkin. SENTRY_DSN asks for sentry beside all others, DD_TRACE_ENABLED for
 * datadog where spans go nowhere else. (The launcher repeats the common one in ORIEL_ENDPOINT_IS_OURS when it is not the
 * user's.) Signals with any OTLP setting of their own get a destination of their own, so that one
 * server's trouble doesn't delay what goes to another.
 *
 * prometheus is no destination: it is asked, and asks the collector in its turn. tomodachi's meter provider
 * is another name for it.
 *
 * "otlp/eu" is one more otlp, with a name and settings of its own (model/settings.h). A name with a slash that is
 * none of ours is the path of a plugin (include/oriel-export.h).
 *
 * Names that are unknown, or not there yet, become warnings; what else is named goes on.
 * OTEL_SDK_DISABLED=true asks for nothing.
 *
 * The same settings give the same plan. Nothing is kept, nothing allocated; any thread.
 */
#pragma once

#include "export/exporter.h"

enum { EXPORT_PLAN_MOST = 16, EXPORT_WARNINGS_MOST = 6 };

struct export_item {
	const struct exporter *kind;
	enum signal signals;
	struct str
		name; /* "otlp/eu", in the settings; empty: it has none of its own (settings_of) */
	struct str argument; /* a plugin's path, in the settings */
};

struct export_plan {
	struct export_item item[EXPORT_PLAN_MOST];
	size_t n;
	bool prometheus; /* be asked for metrics (export/prometheus-options.h), besides */
	char warning[EXPORT_WARNINGS_MOST][160];
	size_t n_warnings; /* those beyond the most are left out */
};

void export_plan(struct export_plan *out, const struct settings *settings);

/*
 * Log lines are there unasked, so that a service that says something is heard: adds log (standard
 * error), and log_file if LOG_FILE names one. Not with LOG_FORMAT=none; and log is left out if
 * standard output has the records already and nobody set a format.
 */
void export_plan_lines(struct export_plan *p, const struct settings *settings);
