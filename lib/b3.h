/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B3: Zipkin's headers, in one field (b3) or in several (X-B3-...). Pure functions over slices; every
 * byte is foreign. Written from openzipkin/b3-propagation and "B3 Requirements" of OpenTelemetry.
 *
 *     b3            {trace id}-{span id}[-{0,1,d}[-{parent's id}]], or {0,1,d} alone
 *     X-B3-TraceId, X-B3-SpanId, X-B3-Sampled (0, 1), X-B3-Flags (1: debug)
 *
 * A trace id is 32 or 16 hex digits, the short ones being the right half; upper case is read too.
 */
#pragma once

#include "base/str.h"
#include "lib/remote.h"

/* False leaves *out alone: it makes no sense, or says nothing. */
bool b3_single(struct remote *out, struct str field);
bool b3_multi(struct remote *out, struct str trace_id, struct str span_id, struct str sampled,
	      struct str flags);

enum { B3_ROOM = 32 + 1 + 16 + 1 + 1 + 1 };

/* The field `b3` and NUL. */
void b3_write(char out[B3_ROOM], const uint8_t trace_id[16], const uint8_t span_id[8],
	      enum remote_sampling sampling);
