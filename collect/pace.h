/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pace: for how long a process's segment may be left unread, by what has come from it lately.
 *
 *     hot = pace_round(&p, n_bytes, pool, now);    so much came since the round before; is it much at once?
 *     pace_rush(&p, now);                          much has come since, or is seen to come
 *     pace_hurry(&p);                              somebody waits for an answer
 *     pace_second(&p);                             about once a second
 *     ms = pace_ms(&p, pool, now);
 *     ms = pace_hot_ms(&p, pool, now);             while it is hot
 *
 * Between two rounds all that they work with leaves the caches, so a round of many spans costs less for
 * each. A flow is steady when each round of a second has brought something and nobody waited for an
 * answer; then it is read less often, after some times PACE_LEAST_MS: so that, were it as fast as it
 * has been at its fastest lately, no more than an eighth of the pool comes in between.
 *
 * A flow that has been too fast for that for some time, so that it is known how fast, is read as soon as
 * a sixteenth may have come; one that only begins to be, each millisecond.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	PACE_LEAST_MS = 10,
	PACE_LOOK_MS = 25,
	PACE_MOST_MS = 50,
	PACE_SHARE = 8, /* of the pool */
	PACE_HOT_SHARE = 16
};

struct pace {
	uint64_t last_ns,
		steady_ns; /* CLOCK_MONOTONIC: counted from here; steady since then, 0: not */
	uint64_t n_bytes;  /* since the former */
	uint64_t fastest;  /* bytes a millisecond; falls by a quarter each second */
	uint64_t rush_ns, much_ns; /* much at once: since then; the last time */
};

bool pace_round(struct pace *p, uint64_t n_bytes, uint64_t pool, uint64_t now_ns);
void pace_rush(struct pace *p, uint64_t now_ns);
void pace_hurry(struct pace *p);
void pace_second(struct pace *p);
unsigned pace_ms(const struct pace *p, uint64_t pool, uint64_t now_ns);
unsigned pace_hot_ms(const struct pace *p, uint64_t pool, uint64_t now_ns);
