/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain: a log record as a line for people, in a buffer; what doesn't fit is cut, the line's end is not.
 *
 *     2026-11-21T12:03:27.000123Z WARNING db: no connection host=db1 trace_id=... span_id=...
 *
 * Control characters, quotes and what isn't UTF-8 can't break the line. No allocation, no locale, no
 * system call: signal handlers may call it.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>
#include <time.h>

struct plain {
	char *p;
	size_t n, room; /* room keeps one byte for the newline */
};

void plain_open(struct plain *line, char *p, size_t size);
void plain_time(struct plain *line, struct timespec now);
void plain_text(struct plain *line, struct str text); /* as it is, but for what breaks lines */
void plain_field(struct plain *line, struct str key, struct str value); /* quoted if need be */
void plain_row(struct plain *line, struct str row); /* attributes as they lie in a record */
size_t plain_close(struct plain *line);		    /* bytes, the newline included */
