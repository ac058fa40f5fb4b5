/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A destination's workers. Each takes what is ripe, in the order in which it came, and holds it until it is settled,
 * or on disk:
 *
 *     next turn ─► cargo ─► may one go out? ─► write ─► settled, or on disk
 *              └─► from disk ──────────────► resend ─► settled, or back there
 *
 * There is one at first. Another comes when something could be sent and none is idle, which who is sending notices.
 */
#include "export/destination-inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "model/stats.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- whose turn it is, all with the lock held ------------------------------------------------------- */

bool destination_sends_points(const struct destination *d)
{
	for (size_t i = 0; i < d->n_workers; i++)
		if (d->worker[i]->points)
			return true;
	return false;
}

bool destination_has_turn(const struct destination *d)
{
	return d->n_sending < (d->backoff.failures ? 1 : d->limits.at_once);
}

static bool cargo_may_be_taken(const struct destination *d)
{
	return d->first && !d->asiding && !(d->first->of[2] && destination_sends_points(d));
}

static uint64_t ripe_ns(const struct destination *d)
{
	if (d->closing || d->hurry != d->hurried || cargo_is_enough(d))
		return 0;
	return d->first->since_ns + (uint64_t)d->limits.delay_ms * MS;
}

static bool cargo_due(const struct destination *d)
{
	return cargo_may_be_taken(d) && clock_mono_ns() >= ripe_ns(d);
}

static bool spool_may_be_tried(const struct destination *d)
{
	return d->spooled && d->ready && destination_has_turn(d);
}

/* A flush goes before our own backing off, but not before what the server asked for. */
static bool may_go(const struct destination *d, bool hurried)
{
	uint64_t now_ns = clock_mono_ns();

	return now_ns >= d->not_before_ns || (hurried && now_ns >= d->asked_ns);
}

static bool spool_due(const struct destination *d)
{
	return spool_may_be_tried(d) && may_go(d, d->hurry != d->hurried);
}

/* Until there is enough to write, or it has waited for long enough, or what is on disk may be tried. */
static void wait_for_turn(struct destination *d)
{
	uint64_t until_ns = UINT64_MAX;

	if (cargo_may_be_taken(d))
		until_ns = ripe_ns(d);
	if (spool_may_be_tried(d))
		until_ns = earlier(until_ns, d->not_before_ns);
	if (d->closing && !d->first && d->spooled)
		until_ns = earlier(until_ns, d->deadline_ns);
	if (!d->first)
		d->hurried = d->hurry;
	d->n_idle++;
	if (until_ns < UINT64_MAX)
		destination_wait(d, &d->wake, until_ns);
	else
		pthread_cond_wait(&d->wake, &d->lock);
	d->n_idle--;
}

enum turn { TURN_CARGO, TURN_SPOOL, TURN_END };

/* What comes now goes to disk behind what is there, so it is taken first. */
static enum turn next_turn(struct worker *w)
{
	struct destination *d = w->d;

	for (;;) {
		if (cargo_due(d)) {
			cargo_look(d, &w->cargo);
			cargo_unlink(d, w->cargo.n);
			w->number = ++d->n_begun;
			w->points = w->cargo.of[2] > 0;
			return TURN_CARGO;
		}
		if (d->closing && !d->first && (!d->spooled || clock_mono_ns() >= d->deadline_ns))
			return TURN_END;
		if (spool_due(d)) {
			d->hurried = d->hurry;
			d->n_sending++;
			return TURN_SPOOL;
		}
		wait_for_turn(d);
	}
}

enum go { GO, GO_NO_MORE, GO_CLOSED };

/*
 * When a request may go out: it counts as under way then. A flush cuts the wait short, but
 * for what the server asked for. What could be tried once is
 * given up at `give_up_ns`; what couldn't is tried then.
 */
static enum go wait_to_go(struct destination *d, uint64_t give_up_ns, bool tried)
{
	enum go go;

	pthread_mutex_lock(&d->lock);
	for (unsigned hurry = d->hurry;;) {
		uint64_t now_ns = clock_mono_ns(), until_ns = give_up_ns;
		bool late = now_ns >= give_up_ns;

		go = d->closing && now_ns >= d->deadline_ns ? GO_CLOSED
		     : late && tried			    ? GO_NO_MORE
							    : GO;
		if (go != GO || late)
			break;
		if (destination_has_turn(d)) {
			if (may_go(d, d->hurry != hurry))
				break;
			until_ns = earlier(until_ns, d->not_before_ns);
		}
		destination_wait(d, &d->wake,
				 d->closing ? earlier(until_ns, d->deadline_ns) : until_ns);
	}
	d->n_sending += go == GO;
	pthread_mutex_unlock(&d->lock);
	return go;
}

static void gone(struct destination *d)
{
	pthread_mutex_lock(&d->lock);
	d->n_sending--;
	pthread_cond_broadcast(&d->wake);
	pthread_mutex_unlock(&d->lock);
}

/* ---- sending ---------------------------------------------------------------------------------------- */

struct export_result destination_fresh(const struct destination *d)
{
	struct export_result result = { .n_rejected = 0 };

	memcpy(result.most, d->limits.most, sizeof(result.most));
	return result;
}

static int write_once(struct worker *w, struct export_result *result)
{
	uint64_t began_ns = clock_mono_ns();
	int r;

	result->retry_after_ms = 0;
	result->why[0] = '\0';
	r = w->d->kind->write(w->state, w->cargo.batch, w->cargo.n, result);
	destination_answered(w->d, began_ns, r, result);
	gone(w->d);
	return r;
}

static bool has_spooled(struct destination *d)
{
	bool has;

	pthread_mutex_lock(&d->lock);
	has = d->spooled > 0;
	pthread_mutex_unlock(&d->lock);
	return has;
}

/* A write, again and again until it is settled, or on disk. */
static void deliver(struct worker *w)
{
	struct destination *d = w->d;
	uint64_t give_up_ns = clock_mono_ns() + (uint64_t)d->limits.retry_for_ms * MS;
	struct export_result result = destination_fresh(d);
	int r = EXPORT_RETRY;
	bool tried = false;
	enum go go;

	if (has_spooled(d) && destination_stow(w, &w->cargo, &result))
		return;
	while ((go = wait_to_go(d, give_up_ns, tried)) == GO) {
		if (tried)
			stats_add(export_retried, 1);
		tried = true;
		r = write_once(w, &result);
		if (r != EXPORT_RETRY || destination_stow(w, &w->cargo, &result))
			break;
	}
	if (go == GO && r == EXPORT_RETRY)
		return;
	if (r == EXPORT_RETRY && destination_stow(w, &w->cargo, &result))
		return;

	struct account a = destination_account(r, go != GO_CLOSED, &w->cargo, &result);

	destination_settle(d, &a);
}

static void carry(struct worker *w)
{
	struct destination *d = w->d;

	deliver(w);
	cargo_free(&w->cargo);
	pthread_mutex_lock(&d->lock);
	w->number = 0;
	w->points = false;
	d->ready = d->spooled > 0;
	pthread_cond_broadcast(&d->moved);
	pthread_cond_broadcast(&d->wake);
	pthread_mutex_unlock(&d->lock);
}

/* ---- threads ---------------------------------------------------------------------------------------- */

/* Is there work that nobody is there for? Then who asks is the one who hires. */
static bool hiring_begins(struct destination *d)
{
	bool begins;

	pthread_mutex_lock(&d->lock);
	begins = !d->hiring && !d->n_idle && !d->closing && d->n_workers < d->limits.at_once &&
		 !d->backoff.failures && (cargo_due(d) || spool_due(d));
	d->hiring |= begins;
	pthread_mutex_unlock(&d->lock);
	return begins;
}

/* Who can't be hired is not tried again. */
static void hire(struct destination *d)
{
	struct worker *w;
	int r = -ENOMEM;

	if (!hiring_begins(d))
		return;
	w = calloc(1, sizeof(*w));
	if (w) {
		w->d = d;
		r = d->kind->beside(&w->state, d->first_state, w);
	}
	if (!r) {
		r = destination_start(d, w);
		if (r)
			d->kind->close(w->state);
	}
	if (r)
		free(w);
	pthread_mutex_lock(&d->lock);
	d->hiring = false;
	if (r)
		d->limits.at_once = d->n_workers;
	pthread_mutex_unlock(&d->lock);
}

void destination_idle(void *you)
{
	struct worker *w = you;

	hire(w->d);
	destination_put_aside(w);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct destination *d = w->d;

	for (;;) {
		enum turn turn;

		pthread_mutex_lock(&d->lock);
		turn = next_turn(w);
		pthread_mutex_unlock(&d->lock);
		if (turn == TURN_END)
			return NULL;
		hire(d);
		if (turn == TURN_SPOOL)
			destination_resend(w);
		else
			carry(w);
		destination_adopt(d);
	}
}

/* Faults stay: a blocked one kills without a word. */
static int start_thread(struct worker *w)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	sigset_t all, before;
	int r;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* It is in the list before it runs, and nobody looks at its thread until who started it has been joined. */
int destination_start(struct destination *d, struct worker *w)
{
	int r;

	pthread_mutex_lock(&d->lock);
	d->worker[d->n_workers++] = w;
	pthread_mutex_unlock(&d->lock);
	r = start_thread(w);
	if (!r)
		return 0;
	pthread_mutex_lock(&d->lock);
	d->n_workers--;
	pthread_mutex_unlock(&d->lock);
	return ERR(-r);
}

static struct worker *worker_at(struct destination *d, size_t i)
{
	struct worker *w;

	pthread_mutex_lock(&d->lock);
	w = i < d->n_workers ? d->worker[i] : NULL;
	pthread_mutex_unlock(&d->lock);
	return w;
}

/* Each was started by one before it. The first is the last to be closed, because the others borrow of it. */
void destination_join(struct destination *d)
{
	struct worker *w;

	for (size_t i = 0; (w = worker_at(d, i)); i++)
		pthread_join(w->thread, NULL);
	while (d->n_workers) {
		w = d->worker[--d->n_workers];
		d->kind->close(w->state);
		out_fini(&w->body);
		free(w);
	}
}
