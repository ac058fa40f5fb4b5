/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: the log record of a request that has no span, because it wasn't sampled or is left out of
 * traces. Of the others the collector makes it (collect/access.h has its attributes).
 *
 *     access_log_set();                               before there are threads
 *     wanted = access_begin(&a, seen, left_out, recorded);
 *     if (wanted)
 *             access_end_any(&a, &context, &done);    in whose context it lies
 *
 * Costs a load when there is no access log. Guest-safe.
 */
#pragma once

#include <sys/socket.h>

#include "base/str.h"
#include "oriel.h"

struct server_seen;

struct access_request {
	uint8_t agent_n;
	uint8_t path_n;
	char peer[46]; /* "": unknown */
	char agent[80], path[160];
};

struct access_done {
	struct str route;
	const char *version, *error; /* may be NULL */
	unsigned status;	     /* 0: no response */
	double seconds;
	int64_t request_bytes, response_bytes; /* -1: unknown */
};

extern bool access_log_on;

void access_log_set(void);

/* `recorded`: it has a span. */
void access_begin_any(struct access_request *a, const struct server_seen *seen);
void access_end_any(const struct access_request *a, const struct oriel_context *context,
		    const struct access_done *done);

/* True: `a` is filled. */
static inline bool access_begin(struct access_request *a, const struct server_seen *seen,
				unsigned left_out, bool recorded)
{
	bool wanted = access_log_on && !recorded && !(left_out & ORIEL_EXCLUDED_ACCESS_LOG);

	if (__builtin_expect(wanted, 0))
		access_begin_any(a, seen);
	return wanted;
}
