/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/pace.h"

enum { MS = 1000000, STEADY_MS = 1000, SPAN_MS = 20, LATE_ROUNDS = 4, MUCH_SHARE = 16 };

/* A round that comes late may find more, but not so much that the segment fills before the next. */
static bool is_much(uint64_t n_bytes, uint64_t pool, uint64_t ms)
{
	uint64_t usual = pool / MUCH_SHARE, rounds = ms / PACE_LEAST_MS;

	return n_bytes > usual * (rounds < 1 ? 1 : rounds > LATE_ROUNDS ? LATE_ROUNDS : rounds);
}

bool pace_round(struct pace *p, uint64_t n_bytes, uint64_t pool, uint64_t now_ns)
{
	uint64_t ms = (now_ns - p->last_ns) / MS;

	p->n_bytes += n_bytes;
	if (ms < SPAN_MS) /* too short to tell a rate by: with the next one */
		return is_much(n_bytes, pool, ms);
	if (!p->n_bytes || !p->steady_ns)
		p->steady_ns = now_ns;
	if (p->n_bytes / ms > p->fastest)
		p->fastest = p->n_bytes / ms;
	p->last_ns = now_ns;
	p->n_bytes = 0;
	return is_much(n_bytes, pool, ms);
}

void pace_hurry(struct pace *p)
{
	p->steady_ns = 0;
}

void pace_second(struct pace *p)
{
	p->fastest -= p->fastest / 4;
}

unsigned pace_ms(const struct pace *p, uint64_t pool, uint64_t now_ns)
{
	uint64_t ms;

	if (!p->steady_ns || now_ns - p->steady_ns < (uint64_t)STEADY_MS * MS || !p->fastest)
		return PACE_LEAST_MS;
	ms = pool / PACE_SHARE / p->fastest;
	ms = ms < PACE_LEAST_MS ? PACE_LEAST_MS : ms > PACE_MOST_MS ? PACE_MOST_MS : ms;
	return (unsigned)(ms - ms % PACE_LEAST_MS);
}
