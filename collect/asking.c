/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/asking.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

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

bool process_has_answered(struct process *p)
{
	struct ask_step s = { .head = intake_words(p->in) };

	return !p->asked || p->gone || intake_step(p->in, answer_step, &s) < 0 ||
	       s.observed == p->asked;
}
