/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a destination's backend doesn't take waits on disk (export/spool.h):
 *
 *     cargo ─► write ─► retry? ─► stow ─► [files] ─► resend, one after the other, when it may be tried
 *
 * While anything is there all that comes goes behind it, so the order stays and memory is free. While a
 * backend says nothing, until the time-out, what comes goes there, too, once half of the memory is taken.
 */
#include "export/destination-inside.h"

#include "base/clock.h"
#include "model/stats.h"

#include <stdio.h>

enum { SPOOL_AT_ONCE = 16 };

void destination_open_spool(struct destination *d, const struct export_place *place)
{
	char name[300];
	size_t n;

	if (!place->queue_dir || !d->kind->stow || !d->kind->where)
		return;
	n = (size_t)snprintf(name, sizeof(name), "%s %u ", d->kind->name, (unsigned)d->signals);
	d->kind->where(d->state, name + n, sizeof(name) - n);
	d->spool = spool_open(place->queue_dir, name, place->queue_bytes);
	if (d->spool)
		d->offered = d->spooled = spool_items(d->spool);
}

bool destination_stow(struct destination *d, const struct cargo *c, struct export_result *result)
{
	struct account a = { .sent = { 0 } };
	uint64_t before, put;
	int r;

	if (!d->spool)
		return false;
	before = spool_taken(d->spool);
	r = d->kind->stow(d->state, c->batch, c->n, result, d->spool);
	put = spool_taken(d->spool) - before;
	if (r < 0 && !put)
		return false;
	destination_done(result, c, false, &a);
	/* What a full disk has not taken of it is out of retries. */
	for (size_t i = 0; i < N_SIGNALS; i++) {
		uint64_t left = c->of[i] - a.sent[i] - a.refused[i];

		a.retries[i] = put < left ? left - put : 0;
		put -= left - a.retries[i];
	}
	destination_settle(d, &a);
	return true;
}

static struct account *account_of_item(struct account *a, const struct spool_item *item,
				       uint64_t n_rejected)
{
	size_t of = item->which % 4 < N_SIGNALS ? item->which % 4 : 0;

	a->sent[of] = item->n_items - n_rejected;
	a->refused[of] = n_rejected;
	return a;
}

static bool is_crowded(struct destination *d)
{
	bool crowded;

	pthread_mutex_lock(&d->lock);
	crowded = d->waiting > d->limits.queue_items / 2;
	if (crowded)
		cargo_look(d, &d->aside);
	pthread_mutex_unlock(&d->lock);
	return crowded;
}

/* Only this thread takes from the list, so that what it looked at is there until it says so. */
void destination_idle(void *you)
{
	struct destination *d = you;

	while (d->spool && is_crowded(d)) {
		struct export_result nothing = destination_fresh(d);

		if (!destination_stow(d, &d->aside, &nothing))
			return;
		pthread_mutex_lock(&d->lock);
		cargo_unlink(d, d->aside.n);
		pthread_mutex_unlock(&d->lock);
		cargo_free(&d->aside);
	}
}

void destination_resend(struct destination *d)
{
	struct spool_item item;

	for (int i = 0; i < SPOOL_AT_ONCE && spool_first(d->spool, &item); i++) {
		struct export_result result = { .n_rejected = 0 };
		uint64_t began = clock_mono_ns();
		int r = d->kind->resend(d->state, &item, &result);

		destination_took(d, began, r);
		destination_note(d, r, &result);
		if (r == EXPORT_RETRY) {
			d->not_before_ns = clock_mono_ns() +
					   backoff_next_ns(&d->backoff, result.retry_after_ms);
			stats_add(export_retried, 1);
			break;
		}
		d->backoff.failures = 0;
		d->not_before_ns = 0;
		if (!spool_pop(d->spool))
			continue;
		if (r)
			result.n_rejected = item.n_items;
		if (result.n_rejected > item.n_items)
			result.n_rejected = item.n_items;
		destination_settle(d, account_of_item(&(struct account){ .sent = { 0 } }, &item,
						      result.n_rejected));
	}
	destination_settle(d, &(struct account){
				      .sent = { 0 } }); /* what could not be read is lost, too */
}
