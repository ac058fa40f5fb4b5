/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Head: the status line and fields of a response that a program writes, in whatever pieces.
 *
 *     struct head h;
 *     head_begin(&h, HEAD_HTTP, "X-Request-ID");
 *     k = head_follow(&h, bytes, n);       each piece, in order
 *     if (k <= n) write k of them, our field, then the rest; else write them all
 *     h.status                             when h.done
 *
 * Our field belongs before the empty line, and not where the program has written one of that name
 * itself. An interim response (100 and its like) is passed over; 101 is not one. What doesn't begin
 * as a response is let be. A CGI's head has no status line but a field Status (else 302 if there is
 * a Location, else 200).
 *
 * Pure; keeps the beginning of one line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum head_kind { HEAD_HTTP, HEAD_CGI };
enum { HEAD_LINE = 80 };

struct head {
	bool done, cgi;
	bool has_ours; /* the program's own field of the name */
	bool location;
	bool first;	 /* in the status line */
	uint16_t status; /* 0: unknown */
	uint16_t n;	 /* bytes of `line` */
	const char *name;
	char line[HEAD_LINE];
};

/* `name` may be NULL: nothing is to be written. It stays the caller's. */
void head_begin(struct head *h, enum head_kind kind, const char *name);

/* Where our field goes, 0 to n; SIZE_MAX: not in these bytes. */
size_t head_follow(struct head *h, const char *p, size_t n);

/*
 * "Name: value" and its line end as text in `out`; its length, 0 if it doesn't fit. Values are short
 * and clean (a request id).
 */
size_t head_field(const struct head *h, const char *value, char *out, size_t size);
