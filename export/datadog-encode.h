/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datadog encoder: spans as the body of PUT /v0.4/traces of Datadog's agent, in MessagePack.
 *
 *     n = datadog_encode(&out, slice);       how many traces: the header X-Datadog-Trace-Count
 *
 * The spans of a trace that are in the slice lie together; the agent takes a trace in parts. Of a trace
 * id the right half is the id there, the left one a tag (_dd.p.tid), as Datadog's own tracers write it.
 * Attributes that are numbers become metrics, all others tags, which are text. Spans without ids are left
 * out and counted.
 */
#pragma once

#include "base/out.h"
#include "export/otlp-walk.h"

/* SIZE_MAX: there is no memory. */
size_t datadog_encode(struct out *o, struct otlp_slice slice, size_t *left_out);
