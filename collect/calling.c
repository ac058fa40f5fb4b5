/* SPDX-License-Identifier: Apache-2.0 */
/* Calling: what the collector does when a command asks it. */
#include "collect/inside.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FLUSH_MS = 10000, END_TRIES = 50, EXAMINE_TRIES = 1500 };

struct flush {
	struct job job;
	struct collector *c;
	struct call call;
	size_t n;
	struct route *route[];
};

static void flush_work(struct job *job)
{
	struct flush *f = (struct flush *)job;
	const struct collector_options *o = &f->c->options;
	uint64_t until = clock_mono_ns() + f->call.request.timeout_ms * MS;

	for (size_t i = 0; i <= f->n && o->sink->flush; i++) {
		uint64_t now = clock_mono_ns();

		o->sink->flush(i < f->n ? f->route[i]->handle : NULL,
			       now < until ? (uint32_t)((until - now) / MS) : 0, NULL, o->you);
	}
}

static void call_reply_of(struct collector *c, const struct call *call, int error, uint32_t n)
{
	struct control_reply reply = {
		.magic = CONTROL_MAGIC, .error = error, .pid = getpid(), .n_processes = n
	};

	pthread_mutex_lock(&c->lock);
	memcpy(reply.address, c->address, sizeof(reply.address));
	memcpy(reply.intake, c->intake, sizeof(reply.intake));
	pthread_mutex_unlock(&c->lock);
	snprintf(reply.version, sizeof(reply.version), "%s", ORIEL_VERSION);
	snprintf(reply.data_dir, sizeof(reply.data_dir), "%s", c->data_dir);
	call_answer(&c->calls, call, &reply);
}

static void call_reply(struct collector *c, const struct call *call, int error)
{
	uint32_t n = 0;

	for (struct process *p = c->process; p; p = p->next)
		n++;
	call_reply_of(c, call, error, n);
}

/* All of the changes or none. */
static int set_read(struct collector *c, struct str target, struct str rest, bool add)
{
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');
		struct change change;
		int r;

		if (change_read(&change, line.head) != NULL)
			return -EINVAL;
		r = add ? wishes_add(&c->wishes, target, &change) : 0;
		if (r < 0)
			return r;
		rest = line.tail;
	}
	return 0;
}

static void set(struct collector *c, const struct call *call)
{
	struct cut text = str_cut(str_of(call->request.command), '\n');
	struct str target = text.head;
	uint32_t n = 0;
	int r;

	for (struct process *p = c->process; p; p = p->next)
		n += !p->gone && wishes_concern(target, p);
	r = !target.n || target.n > WISH_TARGET_MOST ? -EINVAL : n ? 0 : -ESRCH;
	if (!r)
		r = set_read(c, target, text.tail, false);
	if (!r)
		r = set_read(c, target, text.tail, true);
	for (struct process *p = c->process; p; p = p->next)
		collector_apply_wishes(c, p);
	call_reply_of(c, call, r, n);
}

static void flush_done(struct job *job)
{
	struct flush *f = (struct flush *)job;
	struct collector *c = f->c;

	for (size_t i = 0; i < f->n; i++)
		f->route[i]->n_jobs--;
	call_reply(c, &f->call, 0);
	if (f->call.request.verb == CONTROL_STOP)
		c->stopping = true;
	free(f);
}

/* Also of those that came, or ended, without the loop having noticed yet. */
static void everything_so_far(struct collector *c)
{
	struct timespec wait = { 0, 5 * (long)MS };

	for (struct pending *f = c->pending; f; f = f->next)
		f->next_ns = 0;
	c->hurrying = true;
	collector_look_for_files(c, clock_mono_ns());
	for (int i = 0; i < ROUNDS_TO_SETTLE; i++)
		collector_round(c);
	collector_look_for_deaths(c);
	for (int i = 0; !collector_end_processes(c, clock_mono_ns()); i++) {
		if (i >= (collector_examines(c) ? EXAMINE_TRIES : END_TRIES))
			break;
		nanosleep(&wait, NULL);
		collector_take_jobs(c);
	}
	for (int i = 0; c->n_naming && i < EXAMINE_TRIES; i++) {
		nanosleep(&wait, NULL);
		collector_take_jobs(c);
	}
	c->hurrying = false;
}

/* All that was recorded before this is given to the routes now; they get their time beside the loop. */
static void flush_begin(struct collector *c, const struct call *call)
{
	struct flush *f;
	size_t n = 0;

	everything_so_far(c);
	for (struct process *p = c->process; p; p = p->next)
		collector_give_metrics(c, p);
	for (struct route *route = c->route; route; route = route->next)
		n++;
	f = calloc(1, sizeof(*f) + n * sizeof(f->route[0]));
	if (!f) {
		call_reply(c, call, ENOMEM);
		return;
	}
	f->job.work = flush_work;
	f->job.done = flush_done;
	f->c = c;
	f->call = *call;
	if (!f->call.request.timeout_ms)
		f->call.request.timeout_ms = FLUSH_MS;
	for (struct route *route = c->route; route && c->options.sink->flush; route = route->next) {
		if (!route->handle)
			continue;
		route->n_jobs++;
		f->route[f->n++] = route;
	}
	job_start(&c->jobs, &f->job);
}

void collector_take_calls(struct collector *c, uint64_t now)
{
	struct call call;

	while (calls_next(&c->calls, &call, now)) {
		c->busy_ns = now;
		if (call.request.verb != CONTROL_RUN)
			for (int i = 0; i < 2; i++)
				if (call.fd[i] >= 0)
					close(call.fd[i]);
		if (call.request.verb == CONTROL_FLUSH || call.request.verb == CONTROL_STOP) {
			flush_begin(c, &call);
			continue;
		}
		if (call.request.verb == CONTROL_SET) {
			set(c, &call);
			continue;
		}
		if (call.request.verb == CONTROL_RUN)
			collector_run_told(c, &call);
		call_reply(c, &call, 0);
	}
}

void collector_take_jobs(struct collector *c)
{
	struct job *job;

	while ((job = jobs_next(&c->jobs)))
		job->done(job);
}
