/* SPDX-License-Identifier: Apache-2.0 */
/* What is done again and again for each process, and for the last time when it has ended. */
#include "collect/inside.h"

#include "base/clock.h"
#include "collect/remote.h"

#include <unistd.h>

enum { ENDS_AT_ONCE = 64, TRICKLE = 4096 };

static void process_rename_now(struct collector *c, struct process *p)
{
	if (!process_is_renamed(p))
		return;
	collector_give(c, p);
	pthread_mutex_lock(&c->lock);
	process_rename(p);
	pthread_mutex_unlock(&c->lock);
	remote_join(c, p);
	collector_apply_wishes(c, p);
}

static void process_paced(struct collector *c, struct process *p, uint64_t n_bytes)
{
	uint64_t now = clock_mono_ns();

	if (n_bytes > TRICKLE)
		c->flow_ns = now;
	if (!pace_round(&p->pace, n_bytes, process_pool(p), now))
		return;
	c->hot_ns = now;
	c->trim = true;
}

/*
 * A file that is slower than the service for a moment costs nothing: what it has no room for is left
 * in the segment, the more so if nobody writes to that any more. A queue that is half full may not
 * hold what we would read at once; then only a segment that is about to be full is read.
 */
static bool process_may_wait(struct collector *c, struct process *p)
{
	const struct collector_sink *sink = c->options.sink;
	uint32_t n_chunks = p->in->head.n_chunks;
	unsigned crowd;

	if (c->stopping || c->hurrying || !p->route || !sink->crowd)
		return false;
	crowd = sink->crowd(p->route->handle, c->options.you);
	if (crowd < 25 || p->gone)
		return crowd >= 25;
	return intake_room(p->in) > n_chunks / (crowd < 50 ? 2 : 16);
}

static int process_read(struct collector *c, struct process *p, uint64_t *n_bytes)
{
	int r;

	pthread_mutex_lock(&c->lock);
	r = process_drain(p);
	pthread_mutex_unlock(&c->lock);
	*n_bytes += p->drained.n_bytes;
	return r;
}

/*
 * What has come is followed by another look, which finds next to nothing: spans that ended are
 * finished by it (collect/assemble.h), while all that is known of them is still in the cache.
 * False: the rest waits for a later one.
 */
static bool process_round(struct collector *c, struct process *p)
{
	bool looked_again = false, waits;
	uint64_t n_bytes = 0;
	int r;

	process_rename_now(c, p);
	do {
		waits = process_may_wait(c, p);
		if (waits)
			break;
		r = process_read(c, p, &n_bytes);
		if (!r && n_bytes && !looked_again) {
			looked_again = true;
			r = process_read(c, p, &n_bytes);
		}
		collector_give(c, p);
	} while (r == INTAKE_MORE);
	process_paced(c, p, n_bytes);
	return !waits;
}

void collector_round(struct collector *c)
{
	for (struct process *p = c->process; p; p = p->next)
		process_round(c, p);
}

static void process_leaves(struct collector *c, struct process *p)
{
	collector_give_up_flushes(c, p);
	pthread_mutex_lock(&c->lock);
	for (struct process **at = &c->process; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	pthread_mutex_unlock(&c->lock);
	if (p->route) {
		p->route->n_processes--;
		p->route->run->n_processes--;
	}
	unlinkat(c->dir.fd, p->in->name, 0);
	remote_leave(c, p);
	process_free(p);
}

void collector_tend(struct collector *c, struct process *p, uint64_t now)
{
	pthread_mutex_lock(&c->lock);
	process_tend(p, now, c->losses);
	pthread_mutex_unlock(&c->lock);
}

/* Everything that it wrote before it went is in the segment: once more, then the books are closed. */
static bool process_ends(struct collector *c, struct process *p, uint64_t now)
{
	if (!process_round(c, p))
		return false;
	collector_tend(c, p, now);
	pthread_mutex_lock(&c->lock);
	process_close_spans(p);
	p->leaving = true;
	pthread_mutex_unlock(&c->lock);
	collector_give(c, p);
	collector_fold(c, p);
	p->ended = true;
	return true;
}

static bool is_examined(struct collector *c, struct process *p)
{
	if (!p->was_examined && process_examine(p))
		job_start(&c->jobs, &p->examining);
	return p->is_examined && !p->n_naming;
}

bool collector_examines(const struct collector *c)
{
	for (const struct process *p = c->process; p; p = p->next)
		if (p->was_examined && !p->is_examined)
			return true;
	return c->n_naming > 0;
}

/* Their totals are written down before their segments go: of who was folded one of both is always there. */
static void leave_those_that_ended(struct collector *c)
{
	collector_save_totals(c);
	for (struct process *p = c->process, *next; p; p = next) {
		next = p->next;
		if (p->ended)
			process_leaves(c, p);
	}
}

/* So many that the next collector would have them all to look at twice, at the most. True: there are more. */
static bool end_some(struct collector *c, uint64_t now, bool *all)
{
	size_t n = 0;

	*all = true;
	for (struct process *p = c->process; p && n < ENDS_AT_ONCE; p = p->next) {
		bool gone, explained;

		pthread_mutex_lock(&c->lock);
		gone = p->in->cut_short || process_is_gone(p, now);
		explained = gone && (p->in->cut_short || process_is_explained(p, now));
		pthread_mutex_unlock(&c->lock);
		if (explained && is_examined(c, p) && process_ends(c, p, now))
			n++;
		else if (gone)
			*all = false;
	}
	if (n)
		leave_those_that_ended(c);
	return n == ENDS_AT_ONCE;
}

bool collector_end_processes(struct collector *c, uint64_t now)
{
	bool all;

	while (end_some(c, now, &all))
		;
	return all;
}
