/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking: services' callbacks are called when somebody reads. A word in the segment says so, their
 * helper thread waits for it (lib/observe.c), and another word is its answer.
 */
#include "collect/inside.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ANSWER_MOST_MS = 100 };

struct ask_step {
	struct segment_header *head;
	uint32_t observers, asked, observed;
};

static void ask_step(void *you)
{
	struct ask_step *s = you;

	s->observers = atomic_load_explicit(&s->head->observers, memory_order_acquire);
	if (s->observers)
		s->asked = atomic_fetch_add_explicit(&s->head->observe_asked, 1,
						     memory_order_release) +
			   1;
}

/* Acquire: pairs with the helper's release; what it observed is there. */
static void answer_step(void *you)
{
	struct ask_step *s = you;

	s->observed = atomic_load_explicit(&s->head->observed, memory_order_acquire);
}

bool process_ask(struct process *p)
{
	struct ask_step s = { .head = intake_words(p->in) };

	p->asked = 0;
	if (p->gone || intake_step(p->in, ask_step, &s) < 0 || !s.observers)
		return false;
	p->asked = s.asked;
	syscall(SYS_futex, &s.head->observe_asked, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	return true;
}

static bool is_answered(struct process *p)
{
	struct ask_step s = { .head = intake_words(p->in) };

	return !p->asked || p->gone || intake_step(p->in, answer_step, &s) < 0 ||
	       s.observed == p->asked;
}

static bool all_answered(struct collector *c)
{
	bool all = true;

	pthread_mutex_lock(&c->lock);
	for (struct process *p = c->process; p; p = p->next)
		all = all && is_answered(p);
	pthread_mutex_unlock(&c->lock);
	return all;
}

/* Whoever doesn't answer soon (it is stopped, or its callback takes its time) is read as it is. */
void collector_ask(struct collector *c)
{
	bool any = false;

	pthread_mutex_lock(&c->lock);
	for (struct process *p = c->process; p; p = p->next)
		any = process_ask(p) || any;
	pthread_mutex_unlock(&c->lock);
	for (int i = 0; any && i < ANSWER_MOST_MS && !all_answered(c); i++)
		poll(NULL, 0, 1);
}
