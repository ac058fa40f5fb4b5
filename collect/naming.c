/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Naming: batches with stacks wait beside the loop until their addresses have names. Of a process
 * that is leaving only the route stays.
 */
#include "collect/inside.h"

#include "model/stats.h"

#include <stdlib.h>

enum { AT_ONCE = 4 };

struct naming {
	struct job job;
	struct collector *c;
	struct process *p; /* NULL: gone */
	struct route *route;
	struct stacks *stacks;
};

static void naming_work(struct job *job)
{
	stacks_work(((struct naming *)job)->stacks);
}

static void naming_done(struct job *job)
{
	struct naming *n = (struct naming *)job;
	struct collector *c = n->c;
	struct batch *b = stacks_batch(n->stacks);

	c->n_naming--;
	if (n->p) {
		n->p->n_naming--;
		stacks_learn(n->stacks, &n->p->book);
	}
	if (c->options.sink->give)
		c->options.sink->give(n->route ? n->route->handle : NULL, b, c->options.you);
	if (n->route)
		n->route->n_jobs--;
	batch_free(b);
	stacks_free(n->stacks);
	free(n);
}

bool collector_name_stacks(struct collector *c, struct process *p, struct batch *b)
{
	struct naming *n;

	if (stacks_known(&p->book, b) == b->n_stacks)
		return false;
	n = c->n_naming < AT_ONCE ? calloc(1, sizeof(*n)) : NULL;
	if (n)
		n->stacks = stacks_new(b, p->in);
	if (!n || !n->stacks) {
		stats_add(stacks_unnamed, b->n_stacks);
		free(n);
		return false;
	}
	n->job = (struct job){ .work = naming_work, .done = naming_done };
	n->c = c;
	n->p = p->leaving ? NULL : p;
	n->route = p->route;
	if (n->p)
		n->p->n_naming++;
	if (n->route)
		n->route->n_jobs++;
	c->n_naming++;
	job_start(&c->jobs, &n->job);
	return true;
}
