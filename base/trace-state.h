/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace state: OpenTelemetry's member of W3C's tracestate, "ot=th:c;rv:6e6d1a75832a2f" ("TraceState:
 * Probability Sampling").
 *
 *     th    the trace was taken because its random part is at least this (base/ratio.h), of 2^56: so it
 *           stands for 2^56 / (2^56 - th) traces
 *     rv    that random part, where the trace's id isn't random
 *
 *     weight = trace_state_weight(span->trace_state);         1: nobody said
 *
 * Borrows; guests and home alike use it: no allocation, no locale.
 */
#pragma once

#include "base/str.h"

enum { TRACE_STATE_MOST = 512, TRACE_STATE_ROOM = TRACE_STATE_MOST + 32 };

/* The value of the member that begins with `name` ("dd="); empty: there is none, or it is empty. */
struct str trace_state_member(struct str state, struct str name);

/* The value of `name` ("rv:") in our member; empty: it isn't said. */
struct str trace_state_part(struct str state, struct str name);

/* False: no threshold is said, or none that makes sense. */
bool trace_state_least(struct str state, uint64_t *least);

/* How many traces this one stands for. */
double trace_state_weight(struct str state);

/* `state` with this threshold in our member, which goes first; what doesn't fit is left out whole. */
struct str trace_state_with(char room[TRACE_STATE_ROOM], uint64_t least, struct str state);
