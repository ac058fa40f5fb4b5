/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tail line: a log record or a trace of the collector's API (doc/api.md) as a line for people.
 *
 *     14:02:11.040 shop       WARN      db: stock is low  product=book left=2  (cart.c:42)  trace=4bf9…
 *     14:02:11.052 shop       server       12.4 ms GET /cart/{id} 200  3 spans  trace=4bf9…
 *
 * What comes is foreign: whatever a terminal would act on is an escape.
 */
#pragma once

#include "base/out.h"
#include "cmd/terminal.h"

#include <jansson.h>

void tail_log(struct out *o, const struct ink *ink, const json_t *log);
void tail_trace(struct out *o, const struct ink *ink, const json_t *trace);
