/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/pace.h"

enum { MS = 1000000, STEADY_MS = 1000, SPAN_MS = 20, LATE_ROUNDS = 4, MUCH_SHARE = 16 };
enum { RUSH_NEW_MS = 50, RUSH_OVER_MS = 100 };

/* A round that comes late may find more, but not so much that the segment fills before the next. */
static bool is_much(uint64_t n_bytes, uint64_t pool, uint64_t ms)
{
	uint64_t usual = pool / MUCH_SHARE, rounds = ms / PACE_LEAST_MS;

	return n_bytes > usual * (rounds < 1 ? 1 : rounds > LATE_ROUNDS ? LATE_ROUNDS : rounds);
}

static void see_rate(struct pace *p, uint64_t ms, uint64_t now_ns)
{
	if (!p->n_bytes || !p->steady_ns)
		p->steady_ns = now_ns;
	if (p->n_bytes / ms > p->fastest)
		p->fastest = p->n_bytes / ms;
	p->last_ns = now_ns;
	p->n_bytes = 0;
}

bool pace_round(struct pace *p, uint64_t n_bytes, uint64_t pool, uint64_t now_ns)
{
	uint64_t ms = (now_ns - p->last_ns) / MS;

	p->n_bytes += n_bytes;
	if (ms >= SPAN_MS) /* a shorter one is too short to tell a rate by: with the next one */
		see_rate(p, ms, now_ns);
	if (!is_much(n_bytes, pool, ms))
		return false;
	pace_rush(p, now_ns);
	return true;
}

void pace_rush(struct pace *p, uint64_t now_ns)
{
	if (now_ns - p->much_ns > RUSH_OVER_MS * (uint64_t)MS)
		p->rush_ns = now_ns;
	p->much_ns = now_ns;
}

void pace_hurry(struct pace *p)
{
	p->steady_ns = 0;
}

void pace_second(struct pace *p)
{
	p->fastest -= p->fastest / 4;
}

/* How long it takes until a share of the pool has come. */
static uint64_t ms_for(const struct pace *p, uint64_t pool, unsigned share)
{
	return pool / share / p->fastest;
}

unsigned pace_ms(const struct pace *p, uint64_t pool, uint64_t now_ns)
{
	uint64_t ms;

	if (!p->steady_ns || now_ns - p->steady_ns < (uint64_t)STEADY_MS * MS || !p->fastest)
		return PACE_LEAST_MS;
	ms = ms_for(p, pool, PACE_SHARE);
	ms = ms < PACE_LEAST_MS ? PACE_LEAST_MS : ms > PACE_MOST_MS ? PACE_MOST_MS : ms;
	return (unsigned)(ms - ms % PACE_LEAST_MS);
}

unsigned pace_hot_ms(const struct pace *p, uint64_t pool, uint64_t now_ns)
{
	uint64_t ms;

	if (!p->fastest || now_ns - p->rush_ns < RUSH_NEW_MS * (uint64_t)MS)
		return 1;
	ms = ms_for(p, pool, PACE_HOT_SHARE);
	return (unsigned)(ms < 1 ? 1 : ms > PACE_LEAST_MS ? PACE_LEAST_MS : ms);
}
