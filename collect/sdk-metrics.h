/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDK metrics: what OpenTelemetry's semantic conventions want an SDK to tell of itself (otel.sdk.*), from
 * what the collector counts anyway. ORIEL_SDK_METRICS=true asks for it.
 *
 *     struct sdk_teller t = { batch, start_ns, now_ns };
 *     p = sdk_tell(&t, METRIC_SUM, STR("otel.sdk.span.started"), STR("{span}"), STR("..."), attributes);
 *     p->integer = n;                         never NULL: what has no room is counted and goes nowhere
 *
 * Of a process: its spans and log records that are recorded, and how long its metrics take to read.
 */
#pragma once

#include "collect/assemble.h"
#include "model/batch.h"
#include "model/durations.h"
#include "model/settings.h"

enum { SDK_ATTRIBUTES = 5 };

struct sdk_teller {
	struct batch *b;
	uint64_t start_ns, now_ns;
};

/* The attributes are copied. */
struct metric_point *sdk_tell(const struct sdk_teller *t, enum metric_kind kind, struct str name,
			      struct str unit, struct str about, struct attributes attributes);
void sdk_tell_time(const struct sdk_teller *t, const struct durations *took, struct str name,
		   struct str about, struct attributes attributes);

bool sdk_metrics_are_wanted(const struct settings *s);

/* `reading`: how long the process's metrics took so far. */
void sdk_process_points(struct assembler *a, const struct durations *reading, struct batch *b,
			uint64_t start_ns, uint64_t now_ns);
