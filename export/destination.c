/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     offer ─► [batch batch batch ...] ─► thread: take some ─► write ─► count them
 *                                                   ▲            │
 *                                                   └── wait ◄───┘ retry
 *
 * One mutex guards the queue and the counts; it is held for a few instructions, never while an
 * exporter works, so that an offer costs the caller no more than a malloc. Items count against the
 * bound until they are counted as sent or dropped, those in the writing included.
 *
 * All waiting is on one condition, `wake`, for the thread, and on `moved`, for those who wait for
 * it. At the end `stop` is set when the time is over; the exporter looks at it and comes back.
 */
#include "export/destination-inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "model/stats.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static size_t count_items(const struct batch *b, enum signal signals, size_t of[N_SIGNALS])
{
	of[0] = signals & SIGNAL_SPAN ? b->n_spans : 0;
	of[1] = signals & SIGNAL_LOG ? b->n_logs : 0;
	of[2] = signals & SIGNAL_METRIC ? b->n_points : 0;
	return of[0] + of[1] + of[2];
}

void cargo_look(const struct destination *d, struct cargo *c)
{
	c->n = c->items = 0;
	memset(c->of, 0, sizeof(c->of));
	for (const struct entry *e = d->first; e && c->n < WRITE_BATCHES_MOST; e = e->next) {
		if (c->n && c->items + e->items > d->limits.batch_items)
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

static bool cargo_ripe(const struct destination *d)
{
	return d->closing || d->hurry != d->hurried || d->waiting >= d->limits.batch_items ||
	       clock_mono_ns() >= d->first->since_ns + (uint64_t)d->limits.delay_ms * MS;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

enum turn { TURN_CARGO, TURN_SPOOL, TURN_END };

static bool spool_due(const struct destination *d)
{
	return d->spooled && (d->hurry != d->hurried || clock_mono_ns() >= d->not_before_ns);
}

/* Until there is enough to write, or it has waited for long enough, or what is on disk may be tried. */
static void wait_for_turn(struct destination *d)
{
	uint64_t cargo_ns =
		d->first ? d->first->since_ns + (uint64_t)d->limits.delay_ms * MS : UINT64_MAX;
	uint64_t spool_ns = d->spooled ? d->not_before_ns : UINT64_MAX;

	if (d->closing)
		spool_ns = earlier(spool_ns, d->deadline_ns);
	if (!d->first)
		d->hurried = d->hurry;
	if (d->first || d->spooled)
		destination_wait(d, &d->wake, earlier(cargo_ns, spool_ns));
	else
		pthread_cond_wait(&d->wake, &d->lock);
}

/* What comes now goes to disk behind what is there, so it is taken first. */
static enum turn next_turn(struct destination *d, struct cargo *c)
{
	for (;;) {
		if (d->first && cargo_ripe(d)) {
			cargo_look(d, c);
			cargo_unlink(d, c->n);
			d->n_begun++;
			return TURN_CARGO;
		}
		if (d->closing && !d->first && (!d->spooled || clock_mono_ns() >= d->deadline_ns))
			return TURN_END;
		if (spool_due(d)) {
			d->hurried = d->hurry;
			return TURN_SPOOL;
		}
		wait_for_turn(d);
	}
}

void cargo_free(struct cargo *c)
{
	for (size_t i = 0; i < c->n; i++)
		batch_free(c->batch[i]);
}

static uint64_t sum(const uint64_t of[N_SIGNALS])
{
	return of[0] + of[1] + of[2];
}

/* With what happened on disk in the same moment: what is settled no longer waits there. */
void destination_settle(struct destination *d, const struct account *a)
{
	uint64_t gave_way = d->spool ? spool_dropped(d->spool) : 0, sent = sum(a->sent);
	uint64_t lost = sum(a->refused) + sum(a->retries) + sum(a->closing) + gave_way;

	stats_add(export_dropped_queue_full, gave_way);
	stats_add(export_sent, sent);
	stats_add(export_dropped_refused, sum(a->refused));
	stats_add(export_dropped_retries, sum(a->retries));
	stats_add(export_dropped_closing, sum(a->closing));
	pthread_mutex_lock(&d->lock);
	destination_count_settled(d, a, gave_way);
	d->sent += sent;
	d->dropped += lost;
	d->settled += sent + lost;
	d->spooled = d->spool ? spool_items(d->spool) : 0;
	d->stowed = d->spool ? spool_taken(d->spool) : 0;
	pthread_cond_broadcast(&d->moved);
	pthread_mutex_unlock(&d->lock);
}

void destination_note(struct destination *d, int r, const struct export_result *result)
{
	bool fails = r != 0 || result->n_rejected > 0, changed;
	char why[160], line[256];

	snprintf(why, sizeof(why), "%s", r < 0 ? err_path(r) : result->why);
	pthread_mutex_lock(&d->lock);
	changed = d->failing != fails;
	d->failing = fails;
	memcpy(d->why, why, sizeof(why));
	pthread_mutex_unlock(&d->lock);
	if (!changed || !d->tell)
		return;
	if (fails)
		snprintf(line, sizeof(line), "export %s: %s; %s", d->kind->name, why,
			 r == EXPORT_RETRY ? "trying again" : "lost and counted");
	else
		snprintf(line, sizeof(line), "export %s: works again", d->kind->name);
	d->tell(d->tell_to, line);
}

/* Waits for `until_ns`; a flush or the end cuts it short. False: closing, and the time is over. */
static bool pause_until(struct destination *d, uint64_t until_ns)
{
	bool goes_on;

	pthread_mutex_lock(&d->lock);
	for (unsigned hurry = d->hurry; d->hurry == hurry && clock_mono_ns() < until_ns;) {
		if (d->closing && clock_mono_ns() >= d->deadline_ns)
			break;
		destination_wait(d, &d->wake,
				 d->closing && d->deadline_ns < until_ns ? d->deadline_ns
									 : until_ns);
	}
	goes_on = !d->closing || clock_mono_ns() < d->deadline_ns;
	pthread_mutex_unlock(&d->lock);
	return goes_on;
}

/* ---- the thread -------------------------------------------------------------------------------------- */

struct export_result destination_fresh(const struct destination *d)
{
	struct export_result result = { .n_rejected = 0 };

	memcpy(result.most, d->limits.most, sizeof(result.most));
	return result;
}

/* A write, again and again until it is settled, or on disk. */
static void deliver(struct destination *d, const struct cargo *c)
{
	uint64_t give_up_ns = clock_mono_ns() + (uint64_t)d->limits.retry_for_ms * MS;
	struct export_result result = destination_fresh(d);
	uint64_t began_ns;
	bool on_time;
	int r = EXPORT_RETRY;

	if (d->spool && spool_items(d->spool) && destination_stow(d, c, &result))
		return;
	on_time = pause_until(d, earlier(d->not_before_ns, give_up_ns));
	while (on_time) {
		result.retry_after_ms = 0;
		result.why[0] = '\0';
		began_ns = clock_mono_ns();
		r = d->kind->write(d->state, c->batch, c->n, &result);
		destination_took(d, began_ns, r);
		destination_note(d, r, &result);
		if (r != EXPORT_RETRY)
			break;
		d->not_before_ns =
			clock_mono_ns() + backoff_next_ns(&d->backoff, result.retry_after_ms);
		if (destination_stow(d, c, &result))
			return;
		on_time = pause_until(d, earlier(d->not_before_ns, give_up_ns));
		if (clock_mono_ns() >= give_up_ns)
			break;
		if (on_time)
			stats_add(export_retried, 1);
	}
	if (r != EXPORT_RETRY) {
		d->backoff.failures = 0;
		d->not_before_ns = 0;
	} else if (destination_stow(d, c, &result)) {
		return;
	}

	struct account a = destination_account(r, on_time, c, &result);

	destination_settle(d, &a);
}

static void *destination_run(void *arg)
{
	struct destination *d = arg;

	for (;;) {
		pthread_mutex_lock(&d->lock);
		enum turn turn = next_turn(d, &d->cargo);
		pthread_mutex_unlock(&d->lock);
		if (turn == TURN_END)
			return NULL;
		if (turn == TURN_SPOOL) {
			destination_resend(d);
			continue;
		}
		deliver(d, &d->cargo);
		cargo_free(&d->cargo);
		pthread_mutex_lock(&d->lock);
		d->n_ended++;
		pthread_cond_broadcast(&d->moved);
		pthread_mutex_unlock(&d->lock);
	}
}

/* Faults stay: a blocked one kills without a word. */
static int start_thread(struct destination *d)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	sigset_t all, before;
	int r;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&d->thread, NULL, destination_run, d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? ERR(-r) : 0;
}

static struct destination_limits with_defaults(struct destination_limits l)
{
	struct destination_limits all = {
		.queue_items = l.queue_items ? l.queue_items : 65536,
		.batch_items = l.batch_items ? l.batch_items : 8192,
		.delay_ms = l.delay_ms ? l.delay_ms : 200,
		.retry_for_ms = l.retry_for_ms ? l.retry_for_ms : 300000,
		.retry_first_ms = l.retry_first_ms ? l.retry_first_ms : 1000,
		.retry_most_ms = l.retry_most_ms ? l.retry_most_ms : 30000,
	};

	memcpy(all.most, l.most, sizeof(all.most));
	return all;
}

static void init_sync(struct destination *d)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->wake, &monotonic);
	pthread_cond_init(&d->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void fini_sync(struct destination *d)
{
	pthread_cond_destroy(&d->moved);
	pthread_cond_destroy(&d->wake);
	pthread_mutex_destroy(&d->lock);
}

int destination_new(struct destination **out, const struct exporter *kind,
		    const struct settings *settings, const struct export_place *place,
		    struct destination_limits limits, char why[160])
{
	struct destination *d = calloc(1, sizeof(*d));
	struct export_place here = *place;
	int r;

	why[0] = '\0';
	if (!d)
		return ERR(-ENOMEM);
	d->kind = kind;
	d->signals = here.signals = (enum signal)(place->signals & kind->takes);
	d->limits = with_defaults(limits);
	d->tell = here.tell;
	d->tell_to = here.tell_to;
	d->last = &d->first;
	d->backoff = (struct backoff){ .first_ms = d->limits.retry_first_ms,
				       .most_ms = d->limits.retry_most_ms,
				       .random = (uint32_t)clock_mono_ns() | 1 };
	here.stop = &d->stop;
	here.idle = destination_idle;
	here.idle_to = d;
	r = kind->open(&d->state, settings, &here, why);
	if (r) {
		free(d);
		return TRACE(r);
	}
	init_sync(d);
	destination_open_spool(d, &here);
	r = start_thread(d);
	if (r) {
		spool_close(d->spool);
		kind->close(d->state);
		fini_sync(d);
		free(d);
		return TRACE(r);
	}
	*out = d;
	return 0;
}

/* What is larger than the whole queue gets in when nothing else is there. */
static bool has_room(const struct destination *d, size_t items)
{
	uint64_t queued = d->offered - d->settled - d->spooled;

	return !queued ||
	       (queued <= d->limits.queue_items && items <= d->limits.queue_items - queued);
}

unsigned destination_crowd(struct destination *d)
{
	uint64_t percent;

	pthread_mutex_lock(&d->lock);
	percent = d->failing ? 0
			     : (d->offered - d->settled - d->spooled) * 100 / d->limits.queue_items;
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
		if (e == d->first || d->waiting >= d->limits.batch_items)
			pthread_cond_signal(&d->wake);
	} else {
		d->dropped += items;
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

struct destination *destination_free(struct destination *d, uint32_t timeout_ms)
{
	if (!d)
		return NULL;
	pthread_mutex_lock(&d->lock);
	d->deadline_ns = clock_mono_ns() + (uint64_t)timeout_ms * MS;
	d->closing = true;
	d->hurry++;
	pthread_cond_signal(&d->wake);
	destination_wait_settled(d, d->deadline_ns);
	pthread_mutex_unlock(&d->lock);
	atomic_store(&d->stop, true);
	pthread_join(d->thread, NULL);
	spool_close(d->spool);
	d->kind->close(d->state);
	fini_sync(d);
	free(d);
	return NULL;
}

void destination_where(const struct destination *d, char *to, size_t room)
{
	to[0] = '\0';
	if (d->kind->where)
		d->kind->where(d->state, to, room);
}

void destination_state(struct destination *d, struct destination_state *out)
{
	pthread_mutex_lock(&d->lock);
	*out = (struct destination_state){
		.name = d->kind->name,
		.queued = d->offered - d->settled,
		.spooled = d->spooled,
		.sent = d->sent,
		.dropped = d->dropped,
		.failing = d->failing,
	};
	memcpy(out->why, d->why, sizeof(out->why));
	pthread_mutex_unlock(&d->lock);
}
