/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flushing: what a process asks for with a number in its segment (oriel_flush), and the answer.
 *
 *     flush_asked goes up ─► all that it recorded is read and given ─► its route is flushed, beside the loop
 *                            flush_outcome, flush_answered ◄───────────┘
 *
 * A dead endpoint of another service has nothing to do with it. Whoever asked may be gone by then: a flush for nobody
 * is given up, since what its run has open (its output, for one) is open as long.
 */
#include "collect/inside.h"

#include "base/clock.h"

#include <stdlib.h>

enum { FLUSH_MS = 60000 }; /* the caller waits as long as he likes; then he is told nothing */

struct flush {
	struct job job;
	struct flush *next; /* of those under way */
	atomic_bool given_up;
	struct collector *c;
	struct route *route;
	const struct process *p; /* to be found again, not to be followed */
	uint8_t instance[16];
	uint32_t number;
	enum segment_flush outcome;
};

static void flush_work(struct job *job)
{
	struct flush *f = (struct flush *)job;
	const struct collector_options *o = &f->c->options;

	if (o->sink->flush && f->route)
		f->outcome = o->sink->flush(f->route->handle, FLUSH_MS, &f->given_up, o->you);
}

struct answer_step {
	struct segment_header *head;
	const struct flush *flush;
};

/* Release: the outcome is there when the number is. */
static void answer_step(void *you)
{
	struct answer_step *s = you;

	atomic_store_explicit(&s->head->flush_outcome, s->flush->outcome, memory_order_relaxed);
	atomic_store_explicit(&s->head->flush_answered, s->flush->number, memory_order_release);
}

static void unlist(struct collector *c, const struct flush *f)
{
	for (struct flush **at = &c->flushing; *at; at = &(*at)->next)
		if (*at == f) {
			*at = f->next;
			return;
		}
}

/* Who is superseded says nothing; but what it has learnt of losses, nobody will hear again. */
static void answer(struct process *p, struct flush *f)
{
	if (atomic_load(&f->given_up)) {
		p->flush_lost |= f->outcome == FLUSH_LOST;
		return;
	}
	if (f->outcome == FLUSH_DELIVERED && p->flush_lost)
		f->outcome = FLUSH_LOST;
	if (f->outcome == FLUSH_LOST)
		p->flush_lost = false;
	intake_step(p->in, answer_step, &(struct answer_step){ intake_words(p->in), f });
}

static bool is_of(const struct flush *f, const struct process *p)
{
	return f->p == p && !memcmp(p->in->head.instance, f->instance, sizeof(f->instance));
}

static void flush_done(struct job *job)
{
	struct flush *f = (struct flush *)job;

	unlist(f->c, f);
	if (f->route)
		f->route->n_jobs--;
	for (struct process *p = f->c->process; p; p = p->next)
		if (is_of(f, p))
			answer(p, f);
	free(f);
}

void collector_give_up_flushes(struct collector *c, const struct process *p)
{
	for (struct flush *f = c->flushing; f; f = f->next)
		if (is_of(f, p))
			atomic_store(&f->given_up, true);
}

/* A later one waits for all that an earlier one did. */
static void flush_begin(struct collector *c, struct process *p)
{
	struct flush *f = calloc(1, sizeof(*f));

	if (!f)
		return; /* it is late, and says so */
	*f = (struct flush){ .job = { .work = flush_work, .done = flush_done },
			     .c = c,
			     .route = p->route && p->route->handle ? p->route : NULL,
			     .p = p,
			     .number = p->flush_asked };
	memcpy(f->instance, p->in->head.instance, sizeof(f->instance));
	if (f->route)
		f->route->n_jobs++;
	collector_give_up_flushes(c, p);
	f->next = c->flushing;
	c->flushing = f;
	job_start(&c->jobs, &f->job);
}

static struct process *next_that_asks(struct collector *c)
{
	struct process *p = c->process;

	while (p && p->flush_asked == p->flush_seen)
		p = p->next;
	return p;
}

/* All that was recorded before the number went up lies in the segment by now. */
static void give_all(struct collector *c)
{
	c->hurrying = true;
	for (int i = 0; i < ROUNDS_TO_SETTLE; i++)
		collector_round(c);
	c->hurrying = false;
}

void collector_take_flushes(struct collector *c)
{
	struct process *p = next_that_asks(c);

	if (!p)
		return;
	give_all(c);
	for (; p; p = next_that_asks(c)) {
		p->flush_seen = p->flush_asked;
		pace_hurry(&p->pace);
		collector_give_metrics(c, p);
		flush_begin(c, p);
	}
}
