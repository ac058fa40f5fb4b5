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

void destination_wait(struct destination *d, pthread_cond_t *cond, uint64_t until_ns)
{
	struct timespec t = { (time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000) };

	pthread_cond_timedwait(cond, &d->lock, &t);
}

/* False: the time was over first. */
static bool wait_for(struct destination *d, const uint64_t *count, uint64_t goal, uint64_t until_ns)
{
	while (*count < goal && clock_mono_ns() < until_ns)
		destination_wait(d, &d->moved, until_ns);
	return *count >= goal;
}

bool destination_wait_settled(struct destination *d, uint64_t until_ns)
{
	return wait_for(d, &d->settled, d->offered, until_ns);
}

/* Several are written at the same time, and the later ones may be done first. */
static bool anyone_has_one_of(const struct destination *d, uint64_t number)
{
	for (size_t i = 0; i < d->n_workers; i++)
		if (d->worker[i]->number && d->worker[i]->number <= number)
			return true;
	return false;
}

static bool wait_for_cargos(struct destination *d, uint64_t until_ns)
{
	uint64_t number = d->n_begun;

	while (anyone_has_one_of(d, number) && clock_mono_ns() < until_ns)
		destination_wait(d, &d->moved, until_ns);
	return !anyone_has_one_of(d, number);
}

/* First in, first out: when no more is held there than came since, what was there is gone. */
static bool wait_for_disk(struct destination *d, uint64_t until_ns)
{
	uint64_t before = d->stowed;

	while (d->held > d->stowed - before && clock_mono_ns() < until_ns)
		destination_wait(d, &d->moved, until_ns);
	return d->held <= d->stowed - before;
}

bool destination_flush(struct destination *d, uint32_t timeout_ms)
{
	uint64_t until_ns = clock_mono_ns() + (uint64_t)timeout_ms * MS;
	bool done;

	pthread_mutex_lock(&d->lock);
	d->hurry++;
	pthread_cond_broadcast(&d->wake);
	done = wait_for(d, &d->n_left, d->n_came, until_ns) && wait_for_cargos(d, until_ns) &&
	       wait_for_disk(d, until_ns);
	pthread_mutex_unlock(&d->lock);
	return done;
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
