/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: how requests ended, counted by the minute in which they began, for the health of a
 * release. A server's requests are its sessions; they are sent as counts, never one by one.
 */
#pragma once

#include "base/json.h"
#include "model/telemetry.h"

enum { SENTRY_MINUTES = 64 };

struct sentry_sessions {
	struct {
		uint64_t minute; /* since the epoch */
		uint64_t exited, errored, crashed;
	} at[SENTRY_MINUTES];
	size_t n;
	uint64_t dropped; /* there were more minutes at once than there is room for */
};

void sentry_sessions_add(struct sentry_sessions *s, const struct span *request);

/* The item's payload. */
void sentry_sessions_json(struct out *o, const struct sentry_sessions *s, struct str release,
			  struct str environment);
