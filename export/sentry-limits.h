/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: how long Sentry wants to hear nothing more of a kind. What comes meanwhile is dropped and
 * counted, not kept.
 *
 *     sentry_limits_learn(&l, &answer, clock_ns());
 *     if (sentry_limited(&l, SENTRY_ERROR, clock_ns())) ...
 */
#pragma once

#include "export/http.h"

#define SENTRY_CATEGORIES(X) \
	X(error) \
	X(transaction) \
	X(session)

enum sentry_category {
#define X(name) SENTRY_##name,
	SENTRY_CATEGORIES(X) N_SENTRY_CATEGORIES
#undef X
};

extern const struct str sentry_category_name[N_SENTRY_CATEGORIES];

struct sentry_limits {
	uint64_t until_ns[N_SENTRY_CATEGORIES]; /* of the monotonic clock */
};

/* X-Sentry-Rate-Limits; without it, a status of 429 is for all, as long as Retry-After says. */
void sentry_limits_learn(struct sentry_limits *l, const struct http_answer *a, uint64_t now_ns);

static inline bool sentry_limited(const struct sentry_limits *l, enum sentry_category c,
				  uint64_t now_ns)
{
	return now_ns < l->until_ns[c];
}
