/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP encoder: batches as the protobuf request bodies of OpenTelemetry's protocol, version 1.
 *
 *     struct otlp_slice all = { batches, n, 0, otlp_count(SIGNAL_SPAN, batches, n) };
 *     struct out o = { .limit = 64 << 20 };
 *     otlp_encode(&o, SIGNAL_SPAN, all);
 *     if (o.error == -EFBIG) ...             encode a smaller slice
 *
 * The frame is export/otlp-walk.h's. Points that lie together and agree in name,
 * unit, description, kind and scope become one Metric. Values nested deeper than 24 levels are
 * replaced by a text that says so, because common decoders stop at 100 messages.
 *
 * Not in OTLP, therefore left out: thread_id, and how a span came to its end (its status says it).
 * Any thread; nothing is kept between calls.
 */
#pragma once

#include "base/out.h"
#include "export/otlp-walk.h"

/* Appends an Export{Trace,Logs,Metrics}ServiceRequest. An empty slice writes nothing. */
void otlp_encode(struct out *o, enum signal kind, struct otlp_slice slice);
