/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/witness.h"

#include "base/clock.h"
#include "base/hex.h"
#include "collect/asking.h"
#include "collect/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A span is finished one round after its END, and what is written in another chunk a round later. */
enum { ROUNDS = 4, ANSWER_MOST_MS = 5000 };

static struct {
	struct timeline timeline;
	struct process_place place;
	struct process *process; /* NULL: not begun */
	struct witness seen;
	struct seen_span **last_span;
	struct seen_log **last_log;
	struct arena arena; /* of what is shown */
	struct batch **batch;
	size_t n_batches, room;
	char run_dir[64];
	char *kept_run_dir; /* as it was before; NULL: not set */
} here;

/* ---- what was found ------------------------------------------------------------------------------ */

static bool batch_keep(struct batch *b)
{
	size_t room = here.room ? here.room * 2 : 64;
	struct batch **more = here.batch;

	if (here.n_batches == here.room)
		more = realloc(here.batch, room * sizeof(struct batch *));
	if (!more)
		return false;
	here.room = here.n_batches == here.room ? room : here.room;
	here.batch = more;
	here.batch[here.n_batches++] = b;
	return true;
}

static const char *text_of(struct str s)
{
	char *p = arena_take(&here.arena, s.n + 1);

	if (!p)
		return "";
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

static void hex_of(char *to, const uint8_t *id, size_t n, bool is_set)
{
	to[0] = '\0';
	if (!is_set)
		return;
	hex_write(to, id, n);
	to[2 * n] = '\0';
}

static const char *scope_name(const struct scope *s)
{
	return s ? text_of(s->name) : "";
}

static void span_see(const struct span *s)
{
	struct seen_span *seen = arena_take(&here.arena, sizeof(*seen));

	if (!seen)
		return;
	*seen = (struct seen_span){ .span = s };
	seen->shown = (struct oriel_test_span){ .name = text_of(s->name),
						.status_message = text_of(s->status_message),
						.kind = (enum oriel_kind)s->kind,
						.status = (enum oriel_status)s->status,
						.duration_ns = s->end_ns - s->start_ns,
						.n_events = s->n_events,
						.n_links = s->n_links,
						.scope = scope_name(s->scope),
						.inside = seen };
	hex_of(seen->shown.trace_id, s->trace_id.b, 16, true);
	hex_of(seen->shown.span_id, s->span_id.b, 8, true);
	hex_of(seen->shown.parent_id, s->parent_id.b, 8, span_id_is_set(s->parent_id));
	*here.last_span = seen;
	here.last_span = &seen->next;
}

static void log_see(const struct log_record *l)
{
	struct seen_log *seen = arena_take(&here.arena, sizeof(*seen));

	if (!seen)
		return;
	*seen = (struct seen_log){ .log = l };
	seen->shown = (struct oriel_test_log){ .event = text_of(l->body.text),
					       .severity = l->severity,
					       .scope = scope_name(l->scope),
					       .inside = seen };
	hex_of(seen->shown.trace_id, l->trace_id.b, 16, trace_id_is_set(l->trace_id));
	hex_of(seen->shown.span_id, l->span_id.b, 8, span_id_is_set(l->span_id));
	*here.last_log = seen;
	here.last_log = &seen->next;
}

static void batch_see(struct batch *b)
{
	if (!b)
		return;
	if (!batch_keep(b)) {
		batch_free(b);
		return;
	}
	for (size_t i = 0; i < b->n_spans; i++)
		span_see(&b->span[i]);
	for (size_t i = 0; i < b->n_logs; i++)
		if (b->log[i].body.type == VALUE_STRING)
			log_see(&b->log[i]);
}

static void forget(void)
{
	for (size_t i = 0; i < here.n_batches; i++)
		batch_free(here.batch[i]);
	here.n_batches = 0;
	here.seen.spans = NULL;
	here.seen.logs = NULL;
	here.seen.n_lost = 0;
	here.last_span = &here.seen.spans;
	here.last_log = &here.seen.logs;
	arena_fini(&here.arena);
}

/* ---- looking ------------------------------------------------------------------------------------- */

static void records_look(void)
{
	uint64_t loss[N_LOSSES] = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		while (process_drain(here.process) == INTAKE_MORE)
			;
		batch_see(process_take(here.process));
	}
	process_tend(here.process, clock_mono_ns(), loss);
	for (int i = 0; i < N_LOSSES; i++)
		here.seen.n_lost += i != LOSS_forks_unwatched ? loss[i] : 0;
}

static void metrics_look(void)
{
	if (process_ask(here.process))
		for (int i = 0; i < ANSWER_MOST_MS && !process_has_answered(here.process); i++)
			poll(NULL, 0, 1);
	batch_free(here.seen.metrics);
	here.seen.metrics = process_metrics(here.process, clock_real_ns());
}

const struct witness *witness_look(void)
{
	if (!here.process)
		return NULL;
	records_look();
	metrics_look();
	return &here.seen;
}

uint64_t oriel_test_lost(void)
{
	const struct witness *w = witness_look();

	return w ? w->n_lost : 0;
}

/* ---- begin and end ------------------------------------------------------------------------------- */

static int directory_make(void)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < 2; i++) {
		snprintf(here.run_dir, sizeof(here.run_dir), "%s/oriel-test-XXXXXX", places[i]);
		if (mkdtemp(here.run_dir))
			return 0;
	}
	return ORIEL_OFF_NO_DIRECTORY;
}

/* The one segment there, by a name that nobody finds any more: it is gone when this process is. */
static int segment_take(void)
{
	int fd = open(here.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = -ENOENT;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d)
		return -errno;
	timeline_start(&here.timeline);
	process_place_init(&here.place, dirfd(d), &here.timeline);
	for (struct dirent *e; (e = readdir(d));)
		if (str_ends(str_of(e->d_name), STR(SEGMENT_SUFFIX))) {
			r = process_open(&here.process, &here.place, e->d_name);
			unlinkat(dirfd(d), e->d_name, 0);
		}
	closedir(d);
	return r;
}

/* Nor do children find a place: below a file there is none. */
static int start(void)
{
	const char *run_dir = getenv("ORIEL_RUN_DIR");
	int why;

	if (!oriel_why_off() || (why = directory_make()))
		return ORIEL_OFF_FAILED;
	here.kept_run_dir = run_dir ? strdup(run_dir) : NULL;
	setenv("ORIEL_RUN_DIR", here.run_dir, 1);
	setenv("ORIEL_COLLECTOR", "none", 1);
	setenv("ORIEL_SEGMENT_SIZE", "16777216", 0);
	why = oriel_start(NULL);
	if (!why && segment_take() != 0)
		why = ORIEL_OFF_FAILED;
	setenv("ORIEL_RUN_DIR", "/dev/null/none", 1);
	rmdir(here.run_dir);
	return why;
}

int oriel_test_begin(void)
{
	int why = here.process ? 0 : start();

	if (why)
		return why;
	witness_look();
	forget();
	batch_free(here.seen.before);
	here.seen.before = here.seen.metrics;
	here.seen.metrics = NULL;
	return 0;
}

void oriel_test_end(void)
{
	if (!here.process)
		return;
	forget();
	free(here.batch);
	here.batch = NULL;
	here.room = 0;
	here.seen.metrics = batch_free(here.seen.metrics);
	here.seen.before = batch_free(here.seen.before);
	oriel_stop();
	if (here.kept_run_dir)
		setenv("ORIEL_RUN_DIR", here.kept_run_dir, 1);
	else
		unsetenv("ORIEL_RUN_DIR");
	free(here.kept_run_dir);
	here.kept_run_dir = NULL;
}
