/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gauge mode: which of the ten ways (model/telemetry.h) a service's settings choose for a metric.
 *
 *     ORIEL_GAUGE_MODES=pool.in_use=livesum,config.version=max,*=mostrecent
 *
 * By the instrument's name; '*' is any other gauge. Without a word a gauge is liveall, and a sum that
 * may fall is livesum: what a dead process had in flight is gone with it.
 */
#pragma once

#include "model/settings.h"
#include "model/telemetry.h"

enum gauge_mode gauge_mode_of(const struct settings *s, enum metric_kind kind, struct str name);

/* Counts what makes no sense; once a process. */
void gauge_modes_check(const struct settings *s);
