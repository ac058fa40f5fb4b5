/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flush waits for what was offered before it, and nothing else: counting what was settled since would do if all
 * came out in the order in which it went in. But what was being written when a backend fell silent goes to disk
 * behind what came meanwhile. So it follows the way that things take:
 *
 *     [list] ─► what was in it has left ─► what was being written then is done ─► what was on disk then is gone
 */
#include "export/destination-inside.h"

#include "base/clock.h"

enum { LOOK_MS = 50 };

void destination_wait(struct destination *d, pthread_cond_t *cond, uint64_t until_ns)
{
	struct timespec t = { (time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000) };

	pthread_cond_timedwait(cond, &d->lock, &t);
}

struct patience {
	uint64_t until_ns;
	const atomic_bool *given_up; /* NULL: never */
};

/* False: the time is over, or whoever wants to know has gone. */
static bool goes_on(struct destination *d, const struct patience *p)
{
	uint64_t now_ns = clock_mono_ns(), step_ns = now_ns + LOOK_MS * MS;

	if (now_ns >= p->until_ns || (p->given_up && atomic_load(p->given_up)))
		return false;
	destination_wait(d, &d->moved,
			 p->given_up && step_ns < p->until_ns ? step_ns : p->until_ns);
	return true;
}

/* False: the patience was over first. */
static bool wait_for(struct destination *d, const uint64_t *count, uint64_t goal,
		     const struct patience *p)
{
	while (*count < goal && goes_on(d, p))
		;
	return *count >= goal;
}

bool destination_wait_settled(struct destination *d, uint64_t until_ns)
{
	struct patience p = { until_ns, NULL };

	while (d->settled < d->offered && goes_on(d, &p))
		;
	return d->settled >= d->offered;
}

/* Several are written at the same time, and the later ones may be done first. */
static bool anyone_has_one_of(const struct destination *d, uint64_t number)
{
	for (size_t i = 0; i < d->n_workers; i++)
		if (d->worker[i]->number && d->worker[i]->number <= number)
			return true;
	return false;
}

static bool wait_for_cargos(struct destination *d, const struct patience *p)
{
	uint64_t number = d->n_begun;

	while (anyone_has_one_of(d, number) && goes_on(d, p))
		;
	return !anyone_has_one_of(d, number);
}

/* First in, first out: when no more is held there than came since, what was there is gone. */
static bool wait_for_disk(struct destination *d, const struct patience *p)
{
	uint64_t before = d->stowed;

	while (d->held > d->stowed - before && goes_on(d, p))
		;
	return d->held <= d->stowed - before;
}

bool destination_flush_unless(struct destination *d, uint32_t timeout_ms,
			      const atomic_bool *given_up)
{
	struct patience p = { clock_mono_ns() + (uint64_t)timeout_ms * MS, given_up };
	bool done;

	pthread_mutex_lock(&d->lock);
	d->hurry++;
	pthread_cond_broadcast(&d->wake);
	done = wait_for(d, &d->n_left, d->n_came, &p) && wait_for_cargos(d, &p) &&
	       wait_for_disk(d, &p);
	pthread_mutex_unlock(&d->lock);
	return done;
}

bool destination_flush(struct destination *d, uint32_t timeout_ms)
{
	return destination_flush_unless(d, timeout_ms, NULL);
}

bool destination_lost(struct destination *d)
{
	bool lost;

	pthread_mutex_lock(&d->lock);
	lost = d->dropped > d->told_dropped;
	d->told_dropped = d->dropped;
	pthread_mutex_unlock(&d->lock);
	return lost;
}
