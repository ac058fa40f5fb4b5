/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line per item, for people:
 *
 *     14:02:11.042 shop       server      12.4 ms GET /cart/{id}  url.path=/cart/7  trace=4bf9...
 *     14:02:11.040 shop       WARN                stock is low  product=book left=2  trace=4bf9...
 *     14:02:12.000 shop       sum                 orders 42 {order}  product=book
 *
 * Local time; a span's is that of its end. Whatever a terminal would act on (control characters,
 * line ends, changes of writing direction, bytes that aren't UTF-8) is written as an escape.
 */
#pragma once

#include "base/out.h"
#include "model/resource.h"
#include "model/settings.h"
#include "model/telemetry.h"

struct console_line {
	struct out *out;
	bool colour;
	const struct resource *resource;
	bool logs_only; /* no column for durations; nothing is cut short */
};

/* Is it a terminal, and doesn't NO_COLOR or TERM say otherwise? */
bool console_wants_colour(const struct settings *s, int fd);

void console_span(const struct console_line *l, const struct span *s);
void console_log(const struct console_line *l, const struct log_record *r);
void console_point(const struct console_line *l, const struct metric_point *p);
