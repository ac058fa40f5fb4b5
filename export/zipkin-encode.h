/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zipkin encoder: spans as version 2 of Zipkin's JSON, by OpenTelemetry's mapping.
 *
 *     size_t left_out;
 *     zipkin_encode(&o, slice, &left_out);
 *
 * Times are whole microseconds, a duration at least one. Attributes are tags, all of them text;
 * events are annotations; status, scope and dropped counts are tags called otel.*, and an error is
 * the tag `error`, which nothing else may be. Links and the trace state have no place in Zipkin.
 */
#pragma once

#include "base/out.h"
#include "export/otlp-walk.h"

/* Spans without ids are left out, because Zipkin refuses whole requests for one. */
void zipkin_encode(struct out *o, struct otlp_slice slice, size_t *left_out);
