/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SDK metrics: what OpenTelemetry's semantic conventions want an SDK to tell of itself (otel.sdk.*), from
 * what the collector counts anyway. ORIEL_SDK_METRICS=true asks for it.
 *
 *     struct teller t = { batch, &sdk_scope, start_ns, now_ns };
 *     sdk_tell_time(&t, &took, STR("otel.sdk.exporter.operation.duration"), STR("..."), attributes);
 *
 * Of a process: its spans and log records that are recorded, and how long its metrics take to read.
 */
#pragma once

#include "collect/assemble.h"
#include "collect/teller.h"
#include "model/batch.h"
#include "model/durations.h"
#include "model/settings.h"

enum { SDK_ATTRIBUTES = 5 };

extern const struct scope sdk_scope;

void sdk_tell_time(const struct teller *t, const struct durations *took, struct str name,
		   struct str about, struct attributes attributes);

bool sdk_metrics_are_wanted(const struct settings *s);

/* `reading`: how long the process's metrics took so far. */
void sdk_process_points(struct assembler *a, const struct durations *reading, struct batch *b,
			uint64_t start_ns, uint64_t now_ns);
