/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/routes-inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "cmd/collect/say.h"
#include "collect/tail.h"
#include "export/jaeger-remote.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CLOSE_LATE_MS = 10000, /* a closed route may still deliver for so long, beside the others */
	OWN_CLOSE_MS = 5000,
};

static uint32_t left_ms(uint64_t end_ns)
{
	uint64_t now = clock_mono_ns();

	return now < end_ns ? (uint32_t)((end_ns - now) / 1000000) : 0;
}

static struct timespec deadline(uint32_t ms)
{
	uint64_t t = clock_mono_ns() + (uint64_t)ms * 1000000;

	return (struct timespec){ .tv_sec = (time_t)(t / 1000000000),
				  .tv_nsec = (long)(t % 1000000000) };
}

void leg_give(struct leg *leg, struct batch *b)
{
	struct batch *part;

	if (b->round % leg->every && !b->last && !b->again)
		return;
	part = delta_of(&leg->delta, b);

	if (part && destination_offer(leg->destination, part))
		delta_told(&leg->delta, b);
	batch_free(part);
}

/* What is kept of it, to the store and to everywhere else. */
static void kept_give(struct batch *b, void *to)
{
	struct route *route = to;

	keeper_offer(route->all->keeper, b);
	for (size_t i = 0; i < route->n_legs; i++)
		leg_give(&route->leg[i], b);
}

static void routes_give(void *to, struct batch *b, void *you)
{
	struct routes *all = you;
	struct route *route = to;

	audit_again(&all->audit);
	if (route)
		tail_give(route->tail, b, clock_mono_ns(), kept_give, route);
	else
		keeper_offer(all->keeper, b);
}

static size_t routes_audit(const struct batch *b, void *you)
{
	struct routes *all = you;

	return audit_keep(&all->audit, b);
}

static unsigned routes_crowd(void *to, void *you)
{
	struct route *route = to;
	unsigned most = 0;

	(void)you;
	for (size_t i = 0; route && i < route->n_legs; i++) {
		unsigned percent = destination_crowd(route->leg[i].destination);

		most = percent > most ? percent : most;
	}
	return most;
}

/* What closed routes still deliver, and the store's. */
static enum segment_flush routes_flush(void *to, uint32_t timeout_ms, const atomic_bool *given_up,
				       void *you);

static void flush_rest(struct routes *all, uint32_t timeout_ms)
{
	struct timespec until = deadline(timeout_ms);

	pthread_mutex_lock(&all->lock);
	while (all->n_closing && pthread_cond_timedwait(&all->closed, &all->lock, &until) == 0)
		;
	pthread_mutex_unlock(&all->lock);
	if (all->own)
		routes_flush(all->own, timeout_ms, NULL, all);
	keeper_flush(all->keeper, timeout_ms);
}

/* False: not all is settled. */
static bool legs_flush(struct route *route, uint64_t end_ns, const atomic_bool *given_up)
{
	bool all = true;

	for (size_t i = 0; i < route->n_legs; i++)
		all &= destination_flush_unless(route->leg[i].destination, left_ms(end_ns),
						given_up);
	return all;
}

static bool legs_lost(struct route *route)
{
	bool any = false;

	for (size_t i = 0; i < route->n_legs; i++)
		any |= destination_lost(route->leg[i].destination);
	return any;
}

/* From a thread of the collector's, which doesn't close the route meanwhile. */
static enum segment_flush routes_flush(void *to, uint32_t timeout_ms, const atomic_bool *given_up,
				       void *you)
{
	uint64_t end = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
	struct route *route = to;
	struct routes *all = you;
	bool settled;

	if (!route) {
		flush_rest(all, timeout_ms);
		return FLUSH_DELIVERED;
	}
	tail_end(route->tail, kept_give, route);
	settled = legs_flush(route, end, given_up);
	if (given_up && atomic_load(given_up))
		return FLUSH_LATE;
	settled &= keeper_flush(all->keeper, left_ms(end));
	/* What is lost stays to be said until nothing more can be. */
	if (!settled)
		return FLUSH_LATE;
	return legs_lost(route) ? FLUSH_LOST : FLUSH_DELIVERED;
}

/* ---- closing ------------------------------------------------------------------------------------- */

static void unlink_route(struct routes *all, struct route *route)
{
	pthread_mutex_lock(&all->lock);
	for (struct route **at = &all->head; *at; at = &(*at)->next) {
		if (*at != route)
			continue;
		*at = route->next;
		break;
	}
	if (all->own == route)
		all->own = NULL;
	pthread_mutex_unlock(&all->lock);
}

static void leg_free(struct leg *leg, uint32_t timeout_ms)
{
	destination_free(leg->destination, timeout_ms);
	delta_fini(&leg->delta);
}

static void close_fds(struct route *route)
{
	int out, err;

	pthread_mutex_lock(&route->all->lock);
	out = route->out_fd;
	err = route->err_fd;
	route->out_fd = route->err_fd = -1;
	pthread_mutex_unlock(&route->all->lock);
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
}

/*
 * Who writes to the run's own output goes first, and then that output: x=$(oriel run ...) is not
 * to wait for a backend.
 */
static void finish_near(struct route *route, uint64_t end)
{
	struct leg near[EXPORT_PLAN_MOST];
	size_t n = 0, n_others = 0;

	for (size_t i = 0; i < route->n_legs; i++)
		if (route->leg[i].is_out)
			destination_flush(route->leg[i].destination, left_ms(end));
	pthread_mutex_lock(&route->all->lock);
	for (size_t i = 0; i < route->n_legs; i++)
		if (route->leg[i].is_out)
			near[n++] = route->leg[i];
		else
			route->leg[n_others++] = route->leg[i];
	route->n_legs = n_others;
	pthread_mutex_unlock(&route->all->lock);
	for (size_t i = 0; i < n; i++)
		leg_free(&near[i], left_ms(end));
	close_fds(route);
}

/* All of its destinations have one deadline between them. Linked, and so shown, until the end. */
static void finish(struct route *route, uint32_t timeout_ms)
{
	uint64_t end = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;

	tail_end(route->tail, kept_give, route);
	finish_near(route, end);
	for (size_t i = 0; i < route->n_legs; i++)
		destination_flush(route->leg[i].destination, left_ms(end));
	unlink_route(route->all, route);
	for (size_t i = 0; i < route->n_legs; i++)
		leg_free(&route->leg[i], left_ms(end));
	tail_free(route->tail);
	scrapes_drop(route->all->scrapes, route->port);
	free(route);
}

static void *finish_late(void *you)
{
	struct route *route = you;
	struct routes *all = route->all;

	finish(route, CLOSE_LATE_MS);
	pthread_mutex_lock(&all->lock);
	all->n_closing--;
	pthread_cond_broadcast(&all->closed);
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

/* A detached thread with all signals blocked; false when there can be none. */
static bool start_late(struct route *route)
{
	struct routes *all = route->all;
	pthread_t thread;
	sigset_t set, mask;
	int r;

	pthread_mutex_lock(&all->lock);
	all->n_closing++;
	pthread_mutex_unlock(&all->lock);
	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, &mask);
	r = pthread_create(&thread, NULL, finish_late, route);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (r == 0) {
		pthread_detach(thread);
		return true;
	}
	pthread_mutex_lock(&all->lock);
	all->n_closing--;
	pthread_mutex_unlock(&all->lock);
	return false;
}

static void routes_close(void *to, uint32_t timeout_ms, void *you)
{
	struct routes *all = you;
	struct route *route = to;

	if (!route)
		return;
	sdk_give(route);
	pthread_mutex_lock(&all->lock);
	route->is_closing = true;
	pthread_mutex_unlock(&all->lock);
	if (all->ending || (!route->n_legs && !route->port && !route->tail) || !start_late(route))
		finish(route, timeout_ms);
}

/* ---- runs ------------------------------------------------------------------------------------------ */

static void routes_run_started(const struct collector_run *run, void *you)
{
	struct routes *all = you;
	struct young *young;

	pthread_mutex_lock(&all->lock);
	young = &all->young[all->next_young++ % YOUNG_RUNS];
	memcpy(young->run, run->id, sizeof(young->run));
	young->since_ns = clock_mono_ns();
	pthread_mutex_unlock(&all->lock);
	say("run started id=%s pid=%d command=" STR_FMT, run->id, run->pid, STR_ARG(run->command));
	keeper_run_started(all->keeper, &(struct store_run){
						.id = str_of(run->id),
						.command = run->command,
						.pid = run->pid,
						.started_ns = run->started_ns,
						.wait_status = -1,
					});
}

static void write_status(char *to, size_t room, int wait_status)
{
	if (wait_status < 0)
		snprintf(to, room, "unknown");
	else if (WIFSIGNALED(wait_status))
		snprintf(to, room, "signal SIG%s", sigabbrev_np(WTERMSIG(wait_status)));
	else
		snprintf(to, room, "exit %d", WEXITSTATUS(wait_status));
}

static void routes_run_ended(const struct collector_run *run, int wait_status, void *you)
{
	struct routes *all = you;
	char status[32];

	write_status(status, sizeof(status), wait_status);
	say("run ended id=%s pid=%d status=\"%s\"", run->id, run->pid, status);
	keeper_run_ended(all->keeper, str_of(run->id), clock_real_ns(), wait_status);
}

static bool routes_busy(void *you)
{
	struct routes *all = you;
	bool busy;

	pthread_mutex_lock(&all->lock);
	busy = all->n_closing > 0;
	pthread_mutex_unlock(&all->lock);
	return busy || keeper_queued(all->keeper) ||
	       (all->looking && all->looking(all->looking_you));
}

static void routes_place(const struct settings *settings, char words[COLLECTOR_PLACE], void *you)
{
	struct routes *all = you;

	scrapes_place(settings, words, all->scrapes);
}

static int routes_strategy(const struct collector_question *q, struct strategy *out,
			   char why[COLLECTOR_WHY], void *you)
{
	const struct jaeger_question question = { q->endpoint, q->service, q->timeout_ms, q->stop };

	_Static_assert((int)COLLECTOR_WHY == (int)JAEGER_WHY, "a reason is a reason");
	(void)you;
	return jaeger_remote_ask(&question, out, why);
}

const struct collector_sink routes_sink = {
	.open = routes_open,
	.give = routes_give,
	.tell = routes_tell,
	.second = routes_second,
	.refresh = routes_refresh,
	.audit = routes_audit,
	.crowd = routes_crowd,
	.close = routes_close,
	.flush = routes_flush,
	.place = routes_place,
	.run_started = routes_run_started,
	.run_ended = routes_run_ended,
	.busy = routes_busy,
	.strategy = routes_strategy,
};

/* ---- as a whole ------------------------------------------------------------------------------------ */

int routes_new(struct routes **out)
{
	struct routes *r = calloc(1, sizeof(*r));
	pthread_condattr_t monotonic;

	if (!r || scrapes_new(&r->scrapes) < 0) {
		free(r);
		return ERR(-ENOMEM);
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&r->closed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*out = r;
	return 0;
}

int routes_set_queue(struct routes *r, const char *dir)
{
	return dir && asprintf(&r->queue_dir, "%s/queue", dir) < 0 ? ERR(-ENOMEM) : 0;
}

struct scrapes *routes_scrapes(struct routes *r)
{
	return r->scrapes;
}

void routes_set_collector(struct routes *r, struct collector *c)
{
	r->collector = c;
	scrapes_set_collector(r->scrapes, c);
}

void routes_set_keeper(struct routes *r, struct keeper *keeper)
{
	r->keeper = keeper;
}

void routes_ending(struct routes *r)
{
	r->ending = true;
}

void routes_set_looking(struct routes *r, bool (*looking)(void *you), void *you)
{
	r->looking = looking;
	r->looking_you = you;
}

struct routes *routes_free(struct routes *r)
{
	if (!r)
		return NULL;
	if (r->own)
		routes_close(r->own, OWN_CLOSE_MS, r);
	pthread_mutex_lock(&r->lock);
	while (r->n_closing)
		pthread_cond_wait(&r->closed, &r->lock);
	pthread_mutex_unlock(&r->lock);
	pthread_cond_destroy(&r->closed);
	pthread_mutex_destroy(&r->lock);
	scrapes_free(r->scrapes);
	audit_fini(&r->audit);
	free(r->queue_dir);
	free(r);
	return NULL;
}
