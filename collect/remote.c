/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/remote.h"

#include "base/jaeger-remote.h"
#include "model/stats.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- whom ------------------------------------------------------------------------------------------- */

static void remote_free(struct remote *r)
{
	free(r->endpoint);
	free(r->service);
	free(r);
}

static struct remote *remote_new(struct collector *c, const struct jaeger_remote *j,
				 struct str service)
{
	struct remote *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->endpoint = strndup(j->endpoint.p, j->endpoint.n);
	r->service = strndup(service.p, service.n);
	if (!r->endpoint || !r->service) {
		remote_free(r);
		return NULL;
	}
	r->every_ns = j->every_ms * MS;
	r->next = c->remote;
	c->remote = r;
	c->n_remotes++;
	return r;
}

static struct remote *remote_of(struct collector *c, const struct jaeger_remote *j,
				struct str service)
{
	for (struct remote *r = c->remote; r; r = r->next)
		if (str_eq(str_of(r->endpoint), j->endpoint) && str_eq(str_of(r->service), service))
			return r;
	return c->n_remotes < REMOTE_MOST ? remote_new(c, j, service) : NULL;
}

static struct remote *remote_wanted(struct collector *c, const struct process *p)
{
	const struct settings *s = &p->in->settings;
	struct jaeger_remote j;

	if (!c->options.sink->strategy ||
	    !jaeger_remote_is(str_trim(settings_get(s, STR("OTEL_TRACES_SAMPLER")))))
		return NULL;
	jaeger_remote_read(&j, settings_get(s, STR("OTEL_TRACES_SAMPLER_ARG")));
	return remote_of(c, &j, p->resource->service);
}

void remote_join(struct collector *c, struct process *p)
{
	struct remote *r = remote_wanted(c, p);

	if (r)
		r->n_processes++;
	remote_leave(c, p);
	p->remote = r;
}

/* What nobody needs goes when it isn't being asked. */
static void remotes_tidy(struct collector *c)
{
	for (struct remote **at = &c->remote; *at;) {
		struct remote *r = *at;

		if (r->n_processes || r->asking) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		c->n_remotes--;
		remote_free(r);
	}
}

void remote_leave(struct collector *c, struct process *p)
{
	if (!p->remote)
		return;
	p->remote->n_processes--;
	p->remote = NULL;
	remotes_tidy(c);
}

void remotes_free(struct collector *c)
{
	while (c->remote) {
		struct remote *r = c->remote;

		c->remote = r->next;
		remote_free(r);
	}
	c->n_remotes = 0;
}

/* ---- asking ----------------------------------------------------------------------------------------- */

struct asking {
	struct job job;
	struct collector *c;
	struct remote
		*remote; /* stays while it is being asked; endpoint and service don't change */
	struct strategy strategy;
	int r;
	char why[COLLECTOR_WHY];
};

static void asking_work(struct job *job)
{
	struct asking *a = (struct asking *)job;
	const struct collector_question q = { .endpoint = a->remote->endpoint,
					      .service = a->remote->service,
					      .timeout_ms = REMOTE_ASK_MS,
					      .stop = &a->c->leaving };

	a->r = a->c->options.sink->strategy(&q, &a->strategy, a->why, a->c->options.you);
}

static void apply(struct collector *c, struct remote *r, const struct strategy *s)
{
	r->strategy = *s;
	r->has = true;
	for (struct process *p = c->process; p; p = p->next)
		if (p->remote == r)
			collector_apply_wishes(c, p);
}

static void tell(const struct asking *a)
{
	const struct remote *r = a->remote;

	if (a->r < 0 && !r->failing)
		fprintf(stderr, "oriel: sampling of %s: %s; %s stays\n", r->service, a->why,
			r->has ? "the strategy before" : "the initial share");
	else if (a->r >= 0 && r->failing)
		fprintf(stderr, "oriel: sampling of %s: there is a strategy again\n", r->service);
	if (a->r >= 0 && a->strategy.n_left_out && a->strategy.n_left_out != r->strategy.n_left_out)
		fprintf(stderr,
			"oriel: sampling of %s: %zu operations beyond the first %d have no room, and the "
			"share of all others\n",
			r->service, a->strategy.n_left_out, STRATEGY_OPERATIONS);
}

static void asking_done(struct job *job)
{
	struct asking *a = (struct asking *)job;
	struct remote *r = a->remote;
	bool stopped = atomic_load_explicit(&a->c->leaving, memory_order_relaxed);

	r->asking = false;
	if (!stopped || a->r >= 0) {
		tell(a);
		r->failing = a->r < 0;
	}
	if (a->r >= 0)
		apply(a->c, r, &a->strategy);
	else if (!stopped)
		stats_add(strategies_failed, 1);
	remotes_tidy(a->c);
	free(a);
}

static void ask(struct collector *c, struct remote *r)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (!a)
		return;
	a->job.work = asking_work;
	a->job.done = asking_done;
	a->c = c;
	a->remote = r;
	r->asking = true;
	job_start(&c->jobs, &a->job);
}

void remote_ask_due(struct collector *c, uint64_t now)
{
	for (struct remote *r = c->remote; r; r = r->next) {
		if (r->asking || now < r->next_ns || c->stopping)
			continue;
		r->next_ns = now + r->every_ns;
		ask(c, r);
	}
}
