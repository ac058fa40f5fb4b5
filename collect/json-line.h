/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON line: a log line that a program has written as an object, taken apart.
 *
 *     struct json_line line = { .item = room, .most = n };
 *     if (json_line_read(&line, text, arena)) ... line.message, line.severity, line.time_ns ...
 *
 * What loggers of many languages call the same thing is known by its names:
 *
 *     message    message, msg, event                   level   level, severity, lvl, log.level: a name,
 *     time       timestamp, time, ts, @timestamp                or pino's and bunyan's numbers
 *     ids        trace_id, span_id, also in camelCase
 *
 * The rest are attributes in their order. Text comes out of a foreign program: whatever it is, it is
 * an object or it is not. Values lie in the arena.
 */
#pragma once

#include "base/arena.h"
#include "model/telemetry.h"

struct json_line {
	struct str message; /* p NULL: it has none */
	int severity;	    /* 0: it has none */
	uint64_t time_ns;   /* 0: likewise */
	struct trace_id trace_id;
	struct span_id span_id;
	struct attribute *item; /* the caller's room */
	size_t n, most;
	uint32_t dropped;
};

bool json_line_read(struct json_line *line, struct str text, struct arena *arena);
