/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shipment: one request's worth of items, and what comes of sending it, for exporters that post
 * batches over HTTP.
 *
 *     r = shipment_send_all(which, batches, n, send, x, result);
 *
 * sends all of one signal that isn't done yet, in as many requests as it takes: `send` says that
 * one was too big, and the next holds half of it. How far a signal has come is kept in the result,
 * so that a retry goes on where the last write ended.
 */
#pragma once

#include "export/http.h"
#include "export/otlp-walk.h"

struct shipment {
	size_t which; /* place in n_done: 0 spans, 1 log records, 2 points */
	struct otlp_slice slice;
};

/* 0: it is settled, and what of it was rejected is counted. */
enum ship_outcome {
	SHIP_LATER = 1,	  /* the server wants it another time */
	SHIP_UNREACHABLE, /* there is no server */
	SHIP_TOO_BIG,	  /* send less at a time */
	SHIP_SETTLED,	  /* without a request */
};

static inline size_t shipment_items(const struct shipment *s)
{
	return s->slice.to - s->slice.from;
}

enum signal shipment_signal(size_t which);

int shipment_send_all(size_t which, struct batch *const *batches, size_t n,
		      int (*send)(void *x, const struct shipment *s, struct export_result *result),
		      void *x, struct export_result *result);

/* A line for the log, "traces: ...". What others sent may be in it: nothing but text stays. */
void shipment_tell(struct export_result *result, const struct shipment *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Counts `n` of the items as not accepted, all of them at most. */
void shipment_reject(struct export_result *result, const struct shipment *s, uint64_t n);

/* What a post that brought no answer comes to; `r` is http_post's. */
int shipment_unanswered(struct export_result *result, const struct shipment *s, int r,
			const struct http_answer *a);

/*
 * What encoding them into `o` comes to: 0, SHIP_TOO_BIG, SHIP_SETTLED when one item alone was too
 * much, which is told (`most` bytes is what one may have) and counted, or why it failed.
 */
int shipment_encoded(struct export_result *result, const struct shipment *s, const struct out *o,
		     size_t most);

/* Items that a destination can't take for want of ids. */
void shipment_left_out(struct export_result *result, const struct shipment *s, size_t n);

/*
 * What an answer other than 2xx comes to: 429, 502, 503 and 504 are for later, 413 is too big, all
 * else is refused. `message` is what the server says about it, or empty.
 */
int shipment_failed(struct export_result *result, const struct shipment *s, const char *url,
		    const struct http_answer *a, struct str message);

/* "localhost:4318" of a url, without the user's name and password. */
struct str shipment_place(const char *url);

/* A url for people: without name, password, query and fragment. */
void shipment_show(char *to, size_t room, const char *url);
