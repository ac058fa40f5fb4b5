/* SPDX-License-Identifier: Apache-2.0 */
/* Routing: which run a process belongs to, and where its batches go; the ends of both. */
#include "collect/inside.h"

#include <unistd.h>

enum { CLOSE_MS = 5000 };

static const struct collector_sink *sink_of(const struct collector *c)
{
	return c->options.sink;
}

/* ---- runs ------------------------------------------------------------------------------------- */

static struct run *run_add(struct collector *c, const struct run_news *news)
{
	struct run *run = run_new(news);

	if (!run)
		return NULL;
	pthread_mutex_lock(&c->lock);
	run->next = c->run;
	c->run = run;
	pthread_mutex_unlock(&c->lock);
	collector_watch(c, run->first.pidfd);
	if (run->told.id[0] && sink_of(c)->run_started)
		sink_of(c)->run_started(&run->told, c->options.you);
	return run;
}

/* Descriptors are the run's from here; told twice, the run keeps what it has. */
void collector_run_told(struct collector *c, struct call *call)
{
	struct run_news news = { .id = { call->request.run, sizeof(call->request.run) },
				 .pid = call->pid > 0 ? call->pid : call->request.pid,
				 .command = call->request.command,
				 .out_fd = call->fd[0],
				 .err_fd = call->fd[1] };

	if (!run_find(c->run, news.id) && run_add(c, &news))
		return;
	for (int i = 0; i < 2; i++)
		if (call->fd[i] >= 0)
			close(call->fd[i]);
}

/* A run that this collector was not told of was told to one before it. */
static struct run *run_of(struct collector *c, struct process *p)
{
	struct str id = identity_run(&p->in->head);
	struct run *run = id.n ? run_find(c->run, id) : c->nameless;
	struct run_news news = { .id = id, .out_fd = -1, .err_fd = -1 };

	if (run)
		return run;
	news.pid = p->death.pidfd >= 0 ? p->death.pid : 0;
	news.command = p->in->head.program;
	run = run_add(c, &news);
	if (run && !id.n)
		c->nameless = run;
	return run;
}

static void run_end(struct collector *c, struct run *run)
{
	pthread_mutex_lock(&c->lock);
	for (struct run **at = &c->run; *at; at = &(*at)->next)
		if (*at == run) {
			*at = run->next;
			break;
		}
	pthread_mutex_unlock(&c->lock);
	if (sink_of(c)->run_ended)
		sink_of(c)->run_ended(&run->told, run->first.wait_status, c->options.you);
	run_free(run);
}

/* ---- routes ----------------------------------------------------------------------------------- */

static void *route_open(struct collector *c, const struct route *route, const struct process *p)
{
	struct settings settings = { route->block };
	struct collector_run told = route->run->told;

	if (!told.id[0]) {
		told.pid = p->in->head.pid;
		told.command = str_of(p->in->head.program);
	}
	return sink_of(c)->open ? sink_of(c)->open(&settings, &told, c->options.you) : NULL;
}

struct route *collector_route_of(struct collector *c, struct process *p)
{
	struct run *run = run_of(c, p);
	struct str block = p->in->settings.block;
	struct route *route;

	/* What lies behind the settings in their area is NULs. */
	while (block.n > 1 && !block.p[block.n - 1] && !block.p[block.n - 2])
		block.n--;
	if (!run)
		return NULL;
	route = route_find(c->route, run, block);
	if (route)
		return route;
	route = route_new(run, block);
	if (!route)
		return NULL;
	route->next = c->route;
	c->route = route;
	route->handle = route_open(c, route, p);
	return route;
}

static void give_batch(struct collector *c, struct process *p, struct batch *b)
{
	if (!b)
		return;
	if (b->n_audits && sink_of(c)->audit) {
		process_audited(p, sink_of(c)->audit(b, c->options.you));
		pace_hurry(&p->pace); /* there may be who waits for each to be kept */
	}
	if (batch_items(b) && sink_of(c)->give)
		sink_of(c)->give(p->route ? p->route->handle : NULL, b, c->options.you);
	batch_free(b);
}

void collector_give_points(struct collector *c, struct process *p, struct batch *b)
{
	if (b)
		b->again = p->taken_over;
	p->taken_over = false;
	give_batch(c, p, b);
}

void collector_give(struct collector *c, struct process *p)
{
	struct batch *b = process_take(p);

	if (b && p->spans.rules.on) {
		pthread_mutex_lock(&c->lock);
		span_metrics_count(&p->spans, b);
		pthread_mutex_unlock(&c->lock);
		if (p->spans.rules.all)
			span_metrics_leave(b);
	}
	if (!b || !b->n_stacks || !collector_name_stacks(c, p, b))
		give_batch(c, p, b);
}

static void route_end(struct collector *c, struct route *route)
{
	for (struct route **at = &c->route; *at; at = &(*at)->next)
		if (*at == route) {
			*at = route->next;
			break;
		}
	if (route->run->told.id[0])
		collector_tell_received(c, str_of(route->run->told.id), UINT64_MAX);
	if (route->handle && sink_of(c)->close)
		sink_of(c)->close(route->handle, CLOSE_MS, c->options.you);
	route_free(route);
}

/*
 * Within a run a route stays for the run's next process, which often has the same settings. A file
 * that isn't read yet may be of any run, so none is over while there is one.
 */
void collector_settle(struct collector *c)
{
	for (struct run *run = c->run, *next; run; run = next) {
		bool over = run == c->nameless || (!c->pending && run_is_over(run));

		next = run->next;
		for (struct route *route = c->route, *after; route; route = after) {
			after = route->next;
			if (over && route->run == run && !route->n_processes && !route->n_jobs)
				route_end(c, route);
		}
		if (over && run != c->nameless && !run->n_routes)
			run_end(c, run);
	}
}

void collector_close_routes(struct collector *c)
{
	while (c->route)
		route_end(c, c->route);
}
