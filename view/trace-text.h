/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace text: a whole trace for a terminal.
 *
 *     struct trace_text *t = trace_text_new();
 *     store_trace_spans(st, id, trace_text_span, t);
 *     store_logs(st, &(struct log_filter){ .trace_id = id }, trace_text_log, t);
 *     trace_text_write(t, &(struct trace_text_look){ .colour = isatty(1), .width = 100 }, &out);
 *     t = trace_text_free(t);
 *
 *     GET /orders             storefront  ━━━━━━━━━━━━━━━━━━━━  14.2 ms  200
 *     ├─ GET                  storefront   ╺━━━━━━━━━━╸          8.1 ms  200
 *     │  └─ GET /stock        stock          ━━━━━━━━            6.0 ms  ✗ 500
 *     │     WARN out of parts part=17
 *     └─ INSERT orders        storefront                ╺━━      1.2 ms
 *
 * Spans and logs come in any order and are copied. Names, bodies and the rest are foreign: nothing
 * of them reaches the terminal but characters that are printed. One thread at a time.
 */
#pragma once

#include "base/out.h"
#include "model/resource.h"
#include "model/telemetry.h"

struct trace_text;

struct trace_text_look {
	bool colour;	/* escape sequences */
	bool ascii;	/* no box drawing */
	unsigned width; /* columns; 0: 100 */
};

struct trace_text *trace_text_new(void);
struct trace_text *trace_text_free(struct trace_text *t);

/* Callbacks as store_trace_spans and store_logs take them; `you` is the trace_text. */
int trace_text_span(const struct span *s, const struct resource *from, void *you);
int trace_text_log(const struct log_record *l, const struct resource *from, uint64_t cursor,
		   void *you);

/* The same of a span in flight: its end is now. */
int trace_text_open_span(const struct span *s, const struct resource *from, void *you);

void trace_text_write(struct trace_text *t, const struct trace_text_look *look, struct out *to);
