/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a destination's backend doesn't take waits on disk (export/spool.h):
 *
 *     cargo ─► write ─► retry? ─► stow ─► [files] ─► resend, as many at once as otherwise, when it may be tried
 *
 * While anything is there all that comes goes behind it, so the order stays and memory is free. While a
 * backend says nothing, until the time-out, what comes goes there, too, once half of the memory is taken.
 */
#include "export/destination-inside.h"

#include "base/clock.h"
#include "model/stats.h"

#include <errno.h>
#include <stdio.h>

enum { SHORT_MS = 1000 };

/* Memory alone has to do then, which is worth a word. */
static void tell_no_disk(const struct export_place *place, char why[160])
{
	if (!why[0])
		snprintf(why, 160, "what can't be sent waits in memory alone: %.80s: %s",
			 place->queue_dir, strerror(errno));
}

void destination_open_spool(struct destination *d, const struct export_place *place, char why[160])
{
	char name[300];
	size_t n;

	if (!place->queue_dir || !d->kind->stow || !d->kind->where)
		return;
	n = (size_t)snprintf(name, sizeof(name), "%s %u ", d->name, (unsigned)d->signals);
	d->kind->where(d->first_state, name + n, sizeof(name) - n);
	d->spool = spool_open(place->queue_dir, name, place->queue_bytes);
	if (d->spool)
		d->offered = d->spooled = d->held = spool_items(d->spool);
	else
		tell_no_disk(place, why);
	d->ready = d->spooled > 0;
}

void destination_adopt(struct destination *d)
{
	if (!d->spool)
		return;
	pthread_mutex_lock(&d->disk);
	if (spool_adopt(d->spool)) {
		pthread_mutex_lock(&d->lock);
		destination_note_disk(d, spool_items(d->spool));
		pthread_cond_broadcast(&d->wake);
		pthread_mutex_unlock(&d->lock);
	}
	pthread_mutex_unlock(&d->disk);
}

static bool stow(struct worker *w, const struct cargo *c, struct export_result *result)
{
	struct destination *d = w->d;
	struct account a = { .sent = { 0 } };
	uint64_t before = spool_came(d->spool), put;
	int r = d->kind->stow(w->state, c->batch, c->n, result, d->spool);

	put = spool_came(d->spool) - before;
	if (r < 0 && !put)
		return false;
	destination_done(result, c, false, &a);
	/* What a full disk has not taken of it is out of retries. */
	for (size_t i = 0; i < N_SIGNALS; i++) {
		uint64_t left = c->of[i] - a.sent[i] - a.refused[i];

		a.retries[i] = put < left ? left - put : 0;
		put -= left - a.retries[i];
	}
	destination_settle_disk(d, &a);
	return true;
}

bool destination_stow(struct worker *w, const struct cargo *c, struct export_result *result)
{
	struct destination *d = w->d;
	bool stowed;

	if (!d->spool)
		return false;
	pthread_mutex_lock(&d->disk);
	stowed = stow(w, c, result);
	pthread_mutex_unlock(&d->disk);
	return stowed;
}

static void account_of_item(struct account *a, const struct spool_item *item, uint64_t n_rejected)
{
	size_t of = item->which % 4 < N_SIGNALS ? item->which % 4 : 0;

	a->sent[of] = item->n_items - n_rejected;
	a->refused[of] = n_rejected;
}

/* With the lock held. Half of the memory is taken, and not by what is under way alone. */
static bool is_crowded(const struct destination *d)
{
	return d->offered - d->settled - d->spooled > d->limits.queue_items / 2 &&
	       d->waiting > d->limits.queue_items / 8;
}

/* Nobody takes from the list meanwhile, so that what was looked at is there until it is on disk. */
static bool aside_begin(struct destination *d)
{
	bool crowded;

	pthread_mutex_lock(&d->lock);
	crowded = !d->asiding && is_crowded(d);
	if (crowded) {
		cargo_look(d, &d->aside);
		d->asiding = true;
	}
	pthread_mutex_unlock(&d->lock);
	return crowded;
}

static void aside_end(struct destination *d, bool stowed)
{
	pthread_mutex_lock(&d->lock);
	if (stowed)
		cargo_unlink(d, d->aside.n);
	d->asiding = false;
	pthread_cond_broadcast(&d->wake);
	pthread_mutex_unlock(&d->lock);
}

void destination_put_aside(struct worker *w)
{
	struct destination *d = w->d;
	bool stowed = d->spool != NULL;

	while (stowed && aside_begin(d)) {
		struct export_result nothing = destination_fresh(d);
		struct cargo *aside = &d->aside;

		stowed = destination_stow(w, aside, &nothing);
		for (size_t i = 0; stowed && i < aside->n; i++)
			batch_free(aside->batch[i]);
		aside_end(d, stowed);
	}
}

/* With both held: nothing could be taken; when is it worth another look? */
static void took_none(struct destination *d, bool points)
{
	uint64_t later_ns = clock_mono_ns() + (uint64_t)SHORT_MS * MS;

	d->ready = spool_is_short(d->spool) || (!points && !destination_sends_points(d));
	if (spool_is_short(d->spool) && d->not_before_ns < later_ns)
		d->not_before_ns = later_ns;
}

/* With the disk held. */
static bool take(struct worker *w, struct spool_item *item)
{
	struct destination *d = w->d;
	uint64_t came = spool_came(d->spool);
	bool points, took;

	pthread_mutex_lock(&d->lock);
	points = !destination_sends_points(d);
	pthread_mutex_unlock(&d->lock);
	took = spool_take(d->spool, points, &w->body, item);
	if (!took) /* what could not be read is lost */
		destination_settle_disk(d, &(struct account){ .sent = { 0 } });
	pthread_mutex_lock(&d->lock);
	w->points = took && item->which % 4 == 2;
	if (!took && spool_came(d->spool) == came)
		took_none(d, points);
	pthread_mutex_unlock(&d->lock);
	return took;
}

/* With the disk held. */
static void settle(struct destination *d, const struct spool_item *item, int r, uint64_t n_rejected)
{
	struct account a = { .sent = { 0 } };

	if (r == EXPORT_RETRY)
		spool_back(d->spool, item);
	else if (spool_done(d->spool, item))
		account_of_item(&a, item,
				r || n_rejected > item->n_items ? item->n_items : n_rejected);
	destination_settle_disk(d, &a);
}

void destination_resend(struct worker *w)
{
	struct destination *d = w->d;
	struct export_result result = { .n_rejected = 0 };
	uint64_t began_ns = clock_mono_ns();
	struct spool_item item;
	bool took;
	int r = 0;

	pthread_mutex_lock(&d->disk);
	took = take(w, &item);
	pthread_mutex_unlock(&d->disk);
	if (took) {
		r = d->kind->resend(w->state, &item, &result);
		destination_answered(d, began_ns, r, &result);
		if (r == EXPORT_RETRY)
			stats_add(export_retried, 1);
		pthread_mutex_lock(&d->disk);
		settle(d, &item, r, result.n_rejected);
		pthread_mutex_unlock(&d->disk);
	}
	pthread_mutex_lock(&d->lock);
	d->n_sending--;
	w->points = false;
	if (d->spooled)
		d->ready |= took;
	pthread_cond_broadcast(&d->wake);
	pthread_mutex_unlock(&d->lock);
}
