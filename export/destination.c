/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     offer ─► [batch batch batch ...] ─► worker: take some ─► write ─► count them
 *                                     └─► worker: ...
 *
 * One mutex guards the queue and the counts; it is held for a few instructions, never while an
 * exporter works, so that an offer costs the caller no more than a malloc. Items count against the
 * bound until they are counted as sent or dropped, those in the writing included.
 *
 * All waiting is on one condition, `wake`, for the workers (destination-work.c), and on `moved`, for those who
 * wait for them. At the end `stop` is set when the time is over; the exporter looks at it and comes back.
 */
#include "export/destination-inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "model/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAST_MS = 500 };
enum { DELAY_SPANS_MS = 5000, DELAY_LOGS_MS = 1000, DELAY_NEAR_MS = 200 };

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t count_items(const struct batch *b, enum signal signals, size_t of[N_SIGNALS])
{
	of[0] = signals & SIGNAL_SPAN ? b->n_spans : 0;
	of[1] = signals & SIGNAL_LOG ? b->n_logs : 0;
	of[2] = signals & SIGNAL_METRIC ? b->n_points : 0;
	return of[0] + of[1] + of[2];
}

/* What is under way leaves half of the room to what comes, however many there are. */
static size_t cargo_most(const struct destination *d)
{
	size_t share = d->limits.queue_items / 2 / d->limits.at_once;

	return d->limits.at_once > 1 ? smaller(share, d->limits.batch_items)
				     : d->limits.batch_items;
}

/* A queue that is smaller than a few batches doesn't fill up before somebody looks at it. */
bool cargo_is_enough(const struct destination *d)
{
	return d->waiting >= smaller(d->limits.batch_items, d->limits.queue_items / 4);
}

void cargo_look(const struct destination *d, struct cargo *c)
{
	size_t most = cargo_most(d);

	c->n = c->items = 0;
	memset(c->of, 0, sizeof(c->of));
	for (const struct entry *e = d->first; e && c->n < WRITE_BATCHES_MOST; e = e->next) {
		if (c->n && c->items + e->items > most)
			break;
		if (c->n && e->of[2] && destination_sends_points(d))
			break;
		c->batch[c->n++] = e->batch;
		c->items += e->items;
		for (size_t i = 0; i < N_SIGNALS; i++)
			c->of[i] += e->of[i];
	}
}

void cargo_unlink(struct destination *d, size_t n)
{
	while (n--) {
		struct entry *e = d->first;

		d->first = e->next;
		if (!d->first)
			d->last = &d->first;
		d->waiting -= e->items;
		d->n_left++;
		for (size_t i = 0; i < N_SIGNALS; i++)
			d->counts.of[i].written += e->of[i];
		free(e);
	}
	pthread_cond_broadcast(&d->moved);
}

void cargo_free(struct cargo *c)
{
	for (size_t i = 0; i < c->n; i++)
		batch_free(c->batch[i]);
}

/* The specification's; what is read on this machine is there at once, as from a simple processor. */
static uint32_t usual_delay_ms(const struct exporter *kind, enum signal signals)
{
	if (kind->is_near || kind->is_out)
		return DELAY_NEAR_MS;
	return signals & SIGNAL_LOG    ? DELAY_LOGS_MS
	       : signals & SIGNAL_SPAN ? DELAY_SPANS_MS
				       : DELAY_NEAR_MS;
}

/* Four, but not more than what half of the queue holds, so that no request is smaller for it. */
static size_t usual_at_once(size_t room, size_t batch)
{
	size_t fit = room / 2 / batch;

	return fit < 1 ? 1 : fit < 4 ? fit : 4;
}

/* A quarter of a small queue, so that it has room for what comes while some is gathered and some under way. */
static size_t usual_batch(size_t room)
{
	return room < 4 ? 1 : smaller(room / 4, 8192);
}

static struct destination_limits with_defaults(struct destination_limits l,
					       const struct exporter *kind, enum signal signals)
{
	size_t room = l.queue_items ? l.queue_items : DESTINATION_QUEUE_USUAL;
	struct destination_limits all = {
		.queue_items = room,
		.batch_items = smaller(l.batch_items ? l.batch_items : usual_batch(room), room),
		.at_once = kind->beside ? l.at_once : 1,
		.delay_ms = l.delay_ms ? l.delay_ms : usual_delay_ms(kind, signals),
		.retry_for_ms = l.retry_for_ms ? l.retry_for_ms : 300000,
		.retry_first_ms = l.retry_first_ms ? l.retry_first_ms : 1000,
		.retry_most_ms = l.retry_most_ms ? l.retry_most_ms : 30000,
	};

	if (!all.at_once)
		all.at_once = usual_at_once(all.queue_items, all.batch_items);
	memcpy(all.most, l.most, sizeof(all.most));
	return all;
}

static void init_sync(struct destination *d)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->disk, NULL);
	pthread_cond_init(&d->wake, &monotonic);
	pthread_cond_init(&d->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void fini_sync(struct destination *d)
{
	pthread_cond_destroy(&d->moved);
	pthread_cond_destroy(&d->wake);
	pthread_mutex_destroy(&d->disk);
	pthread_mutex_destroy(&d->lock);
}

static void fill(struct destination *d, const struct exporter *kind,
		 const struct export_place *place, struct destination_limits limits)
{
	d->kind = kind;
	snprintf(d->name, sizeof(d->name), STR_FMT,
		 STR_ARG(place->name.n ? place->name : str_of(kind->name)));
	d->signals = (enum signal)(place->signals & kind->takes);
	d->limits = with_defaults(limits, kind, d->signals);
	d->tell = place->tell;
	d->tell_to = place->tell_to;
	d->last = &d->first;
	d->backoff = (struct backoff){ .first_ms = d->limits.retry_first_ms,
				       .most_ms = d->limits.retry_most_ms,
				       .random = (uint32_t)clock_mono_ns() | 1 };
}

static struct destination *free_unstarted(struct destination *d, struct worker *w)
{
	if (d)
		fini_sync(d);
	free(d);
	free(w);
	return NULL;
}

int destination_new(struct destination **out, const struct exporter *kind,
		    const struct settings *settings, const struct export_place *place,
		    struct destination_limits limits, char why[160])
{
	struct destination *d = calloc(1, sizeof(*d));
	struct worker *w = calloc(1, sizeof(*w));
	struct export_place here = *place;
	int r;

	why[0] = '\0';
	if (!d || !w) {
		free(d);
		free(w);
		return ERR(-ENOMEM);
	}
	fill(d, kind, place, limits);
	init_sync(d);
	w->d = d;
	here.signals = d->signals;
	here.stop = &d->stop;
	here.idle = destination_idle;
	here.idle_to = w;
	r = kind->open(&w->state, settings, &here, why);
	if (r) {
		free_unstarted(d, w);
		return TRACE(r);
	}
	d->first_state = w->state;
	destination_open_spool(d, &here, why);
	r = destination_start(d, w);
	if (r) {
		spool_close(d->spool);
		kind->close(w->state);
		free_unstarted(d, w);
		return TRACE(r);
	}
	*out = d;
	return 0;
}

static uint64_t in_memory(const struct destination *d)
{
	return d->offered - d->settled - d->spooled;
}

/* Beyond half of it memory goes to disk (destination-disk.c): it takes more before that is too slow. */
static uint64_t much(const struct destination *d)
{
	size_t room = d->limits.queue_items;

	return d->spool ? room - room / 4 : room / 2;
}

/*
 * While half of the queue is free a batch gets in however large it is: what a collector reads in one round may be
 * more than a small queue holds, and a few spans that wait are no reason to lose it.
 */
static bool has_room(const struct destination *d, size_t items)
{
	uint64_t queued = in_memory(d), room = d->limits.queue_items;

	return !queued || queued < much(d) || (queued <= room && items <= room - queued);
}

/* What waits needn't gather any longer. But what fails is not tried sooner for it. */
static void hurry_up(struct destination *d)
{
	if (d->backoff.failures)
		return;
	d->hurry++;
	pthread_cond_broadcast(&d->wake);
}

unsigned destination_crowd(struct destination *d)
{
	uint64_t percent;
	bool helps;

	pthread_mutex_lock(&d->lock);
	helps = d->spool ? in_memory(d) >= much(d) : d->kind->is_near && !d->failing;
	percent = helps ? in_memory(d) * 100 / d->limits.queue_items : 0;
	pthread_mutex_unlock(&d->lock);
	return (unsigned)percent;
}

bool destination_offer(struct destination *d, struct batch *b)
{
	size_t of[N_SIGNALS], items = count_items(b, d->signals, of);
	struct entry *e = items ? malloc(sizeof(*e)) : NULL;
	bool taken = false;

	if (!items)
		return true;
	pthread_mutex_lock(&d->lock);
	if (e && !d->closing && has_room(d, items)) {
		*e = (struct entry){ .batch = batch_ref(b),
				     .items = items,
				     .since_ns = clock_mono_ns() };
		memcpy(e->of, of, sizeof(of));
		*d->last = e;
		d->last = &e->next;
		d->n_came++;
		d->waiting += items;
		d->offered += items;
		taken = true;
		if (e == d->first || cargo_is_enough(d))
			pthread_cond_broadcast(&d->wake);
	} else {
		d->dropped += items;
		hurry_up(d);
	}
	for (size_t i = 0; i < N_SIGNALS; i++) {
		d->counts.of[i].offered += of[i];
		d->counts.of[i].full += taken ? 0 : of[i];
	}
	pthread_mutex_unlock(&d->lock);
	if (taken)
		return true;
	if (e)
		stats_add(export_dropped_queue_full, items);
	else
		stats_add(memory_dropped, items);
	free(e);
	return false;
}

/* The last requests are begun a little before the end, so that it doesn't cut off answers that are on their way. */
struct destination *destination_free(struct destination *d, uint32_t timeout_ms)
{
	uint64_t end_ns = clock_mono_ns() + (uint64_t)timeout_ms * MS;

	if (!d)
		return NULL;
	pthread_mutex_lock(&d->lock);
	d->deadline_ns = end_ns - smaller(timeout_ms / 4, LAST_MS) * MS;
	d->closing = true;
	d->hurry++;
	pthread_cond_broadcast(&d->wake);
	destination_wait_settled(d, end_ns);
	pthread_mutex_unlock(&d->lock);
	atomic_store(&d->stop, true);
	destination_join(d);
	spool_close(d->spool);
	return free_unstarted(d, NULL);
}

void destination_where(const struct destination *d, char *to, size_t room)
{
	to[0] = '\0';
	if (d->kind->where)
		d->kind->where(d->first_state, to, room);
}

void destination_state(struct destination *d, struct destination_state *out)
{
	pthread_mutex_lock(&d->lock);
	*out = (struct destination_state){
		.name = d->name,
		.queued = d->offered - d->settled,
		.spooled = d->spooled,
		.sent = d->sent,
		.dropped = d->dropped,
		.failing = d->failing,
	};
	memcpy(out->why, d->why, sizeof(out->why));
	pthread_mutex_unlock(&d->lock);
}
