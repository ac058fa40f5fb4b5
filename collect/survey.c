/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/survey.h"

#include "base/err.h"
#include "collect/boot.h"
#include "collect/death.h"
#include "collect/finish.h"
#include "collect/guard.h"

#include <errno.h>
#include <stdio.h>

enum { ROUNDS = 4 };

static void survey_record(const struct record_head *h, uint32_t tid, void *you)
{
	struct survey *s = you;

	s->a.open.here = s->in->here;
	assemble_record(&s->a, h, tid);
}

/* The counter of this machine, if the segment is of this boot; else what its header says it was worth. */
static void survey_time(struct survey *s, bool here)
{
	const struct segment_header *h = &s->in->head;

	timeline_start(&s->time);
	if (!here)
		s->time = (struct timeline){ h->created_tsc, h->created_mono_ns, h->created_real_ns,
					     s->time.rate };
}

static bool survey_lives(const struct survey *s)
{
	struct death d;

	death_watch(&d, s->in->head.pid, s->in->head.pid_start_ticks);
	death_look(&d);
	death_forget(&d);
	return d.news == DEATH_ALIVE;
}

static int survey_drain(struct survey *s)
{
	struct intake_drained d;
	int r = 0;

	for (int i = 0; i < ROUNDS && r >= 0; i++) {
		do
			r = intake_drain(s->in, survey_record, s, &d);
		while (r == INTAKE_MORE);
		assemble_round(&s->a);
	}
	return r < 0 ? r : 0;
}

static void survey_crash(struct survey *s)
{
	struct str why = s->lives ? STR("open") : STR("open when the process ended");
	struct attribute room[MORTEM_EVENT];
	struct span_event event;
	char name[24], text[64];
	uint64_t when = 0;

	if (s->mortem && (s->mortem->wreck.block.fate == CRASH_SURVIVED || s->lives))
		s->mortem = mortem_free(s->mortem);
	if (s->mortem) {
		mortem_examine(s->mortem);
		when = mortem_time(s->mortem, assemble_last_ns(&s->a));
		event = mortem_event(s->mortem, when, room);
		s->a.crash = (struct assemble_crash){ s->mortem->wreck.block.span_id, &event };
		why = mortem_signal(s->mortem->wreck.block.signal, name);
		why = (struct str){ text, (size_t)snprintf(text, sizeof(text),
							   "open at the " STR_FMT, STR_ARG(why)) };
	}
	assemble_gone(&s->a, why, when);
	s->a.crash = (struct assemble_crash){ 0 };
	s->died_ns = when;
}

static int survey_begin(struct survey *s)
{
	const struct segment_header *h = &s->in->head;
	struct resource *resource =
		resource_new((struct attributes){ 0 }, (struct str){ 0 }, h->pid);
	int r;

	s->lives = survey_lives(s);
	survey_time(s, s->lives || boot_is_ours(h->boot_id));
	r = assembler_init(&s->a, &s->time,
			   h->clock == SEGMENT_CLOCK_TSC ? INSTANT_TSC : INSTANT_MONO, NULL);
	if (r < 0 || !resource) {
		resource_free(resource);
		return r < 0 ? TRACE(r) : ERR(-ENOMEM);
	}
	assembler_set_resource(&s->a, resource);
	resource_free(resource);
	s->a.names.in = s->in;
	return 0;
}

int survey_open(struct survey *s, const char *path)
{
	int r = guard_init();

	*s = (struct survey){ 0 };
	if (r >= 0)
		r = intake_open_copy(&s->in, path);
	if (r)
		return r;
	r = survey_begin(s);
	if (!r)
		r = survey_drain(s);
	if (!r)
		r = mortem_of(&s->mortem, s->in);
	if (r < 0) {
		survey_fini(s);
		return r;
	}
	survey_crash(s);
	s->batch = assembler_take(&s->a);
	return 0;
}

void survey_fini(struct survey *s)
{
	s->batch = batch_free(s->batch);
	s->mortem = mortem_free(s->mortem);
	if (s->a.scratch)
		assembler_fini(&s->a);
	s->in = intake_close(s->in);
}
