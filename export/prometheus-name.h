/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of OpenTelemetry as Prometheus has them (specification, "Prometheus and OpenMetrics
 * Compatibility").
 *
 *     http.server.request.duration, s      http_server_request_duration_seconds
 *     disk.io, By/s                        disk_io_bytes_per_second
 *     orders, {order}, monotonic           orders_total           what is in braces is a remark
 *     cpu.utilization, 1, gauge            cpu_utilization_ratio  of gauges only
 *
 * All append to an out. Foreign text: anything that no name may hold becomes '_', and several of
 * these are one.
 */
#pragma once

#include "base/out.h"
#include "model/telemetry.h"

void prometheus_label_name(struct out *o, struct str key);

/* "seconds", "bytes_per_second", "ratio", or nothing. */
void prometheus_unit_name(struct out *o, struct str unit, enum metric_kind kind);

/* With its unit, if `with_unit`, but without the "_total" of a counter; `space` stands before it, if any. */
void prometheus_metric_name(struct out *o, struct str space, const struct metric_point *p,
			    bool with_unit);

/* A counter that has it by its own name. */
bool prometheus_ends_with_total(const struct metric_point *p);
