/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header list: OTEL_EXPORTER_OTLP_HEADERS, "name=value,name=value", values percent-encoded.
 *
 *     struct otlp_headers h = { 0 };
 *     size_t bad = otlp_headers_read(&h, &arena, text);
 *
 * The text is foreign: names must be HTTP tokens, decoded values must have no control characters
 * (a line break would start a header of its own), and those that describe the body are ours. Items
 * that break a rule are left out and counted; of equal names the last one wins.
 */
#pragma once

#include "base/arena.h"

enum { OTLP_HEADERS_MOST = 64 };

struct otlp_headers {
	struct {
		const char *name, *value; /* in the arena, each ended by NUL */
	} item[OTLP_HEADERS_MOST];
	size_t n;
};

/* How many items of the list could not be used. */
size_t otlp_headers_read(struct otlp_headers *out, struct arena *a, struct str text);
