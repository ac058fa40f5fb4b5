/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scrape: /metrics on an address of its own, for scrapers.
 *
 *     r = scrape_start(&s, &(struct scrape_options){ .host = "localhost", .port = 9464,
 *                                                    .write = write, .you = me });
 *     scrape_address(s, text);               "127.0.0.1:9464"
 *     s = scrape_stop(s);
 *
 * A port that is taken is not an error: it is tried again each second until it is free, and
 * scrape_why says so meanwhile. Only /metrics is there; GET and HEAD; gzip and OpenMetrics for those who
 * would rather have them; name[] chooses families. A connection that takes too long over its request or
 * its answer is cut off, however busily it does so. On a loopback address only requests for a Host
 * that is ours are answered (base/host.h).
 *
 * One thread each, on which `write` is called.
 */
#pragma once

#include "base/out.h"

enum { SCRAPE_NAMES = 32, SCRAPE_TEXT = 192 };

struct scrape_request {
	bool openmetrics;
	struct str name[SCRAPE_NAMES]; /* none: all */
	size_t n_names;
};

struct query;

/* What it asks for: its names, and the header's format. */
void scrape_request_read(struct scrape_request *r, const struct query *q, struct str accept);

/* Writes the text and returns its type; NULL: it can't be told, which is a 503. */
typedef const char *scrape_write(const struct scrape_request *q, struct out *o, void *you);

struct scrape_options {
	const char *host;
	uint16_t port;
	uint32_t patience_ms; /* for one connection; 0: 30,000 */
	scrape_write *write;
	void *you;
};

struct scrape;

/* -EINVAL: an address that makes no sense; other errors are of memory and threads. */
int scrape_start(struct scrape **out, const struct scrape_options *options);
struct scrape *scrape_stop(struct scrape *s);

/* Where it listens, or would. */
void scrape_address(struct scrape *s, char text[SCRAPE_TEXT]);

/* True while it doesn't listen, and why. */
bool scrape_why(struct scrape *s, char text[SCRAPE_TEXT]);

uint64_t scrape_count(const struct scrape *s); /* requests that were answered */
