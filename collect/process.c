/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/process.h"

#include "base/clock.h"
#include "base/err.h"
#include "collect/boot.h"
#include "collect/finish.h"
#include "collect/lease.h"
#include "collect/metrics.h"
#include "collect/reclaim.h"
#include "collect/views.h"
#include "collect/watches.h"
#include "model/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* How long a status may take to come after the last mapping went. */
enum { EXPLAIN_NS = 200 * 1000 * 1000, WORD_TRIES = 8, CALM_LOOKS = 4 };

void process_place_init(struct process_place *place, int dir_fd, const struct timeline *timeline)
{
	struct stat st;

	*place = (struct process_place){ .dir_fd = dir_fd, .timeline = timeline };
	if (stat("/proc/self/ns/pid", &st) == 0)
		place->pid_namespace = st.st_ino;
	boot_id_read(place->boot_id);
	host_look(&place->host);
}

/* ---- limits and identity ---------------------------------------------------------------------- */

static uint32_t limit_of(const struct settings *s, struct str name, uint32_t otherwise)
{
	uint64_t n = settings_u64(s, name, otherwise, NULL);

	return n < ASSEMBLE_LIMIT_MOST ? (uint32_t)n : ASSEMBLE_LIMIT_MOST;
}

/* Without a word there is no limit; 0 leaves no text. */
static uint32_t length_of(const struct settings *s, struct str name, uint32_t otherwise)
{
	bool bad = false;
	uint64_t n = settings_u64(s, name, 0, &bad);

	if (bad || !str_trim(settings_get(s, name)).n)
		return otherwise;
	return n >= ASSEMBLE_NO_TEXT ? 0 : n ? (uint32_t)n : ASSEMBLE_NO_TEXT;
}

/* "Span Limits" and "Attribute Limits" of the specification. */
static struct assemble_limits limits_of(const struct settings *s)
{
	uint32_t all = limit_of(s, STR("OTEL_ATTRIBUTE_COUNT_LIMIT"), ASSEMBLE_LIMIT),
		 length = length_of(s, STR("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"), 0);

	return (struct assemble_limits){
		.attributes = limit_of(s, STR("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"), all),
		.event_attributes = limit_of(s, STR("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"), all),
		.link_attributes = limit_of(s, STR("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"), all),
		.log_attributes = limit_of(s, STR("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT"), all),
		.events = limit_of(s, STR("OTEL_SPAN_EVENT_COUNT_LIMIT"), ASSEMBLE_LIMIT),
		.links = limit_of(s, STR("OTEL_SPAN_LINK_COUNT_LIMIT"), ASSEMBLE_LIMIT),
		.value_length = length_of(s, STR("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"), length),
		.log_value_length =
			length_of(s, STR("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"), length),
	};
}

struct name_step {
	struct process *p;
	struct identity_given given;
	uint32_t before, after, flush;
};

/* The reader's half of the seqlock: what lies between two equal even numbers is whole. */
static void name_step(void *you)
{
	struct name_step *s = you;
	struct segment_header *h = intake_words(s->p->in);

	s->before = atomic_load_explicit(&h->identity_seq, memory_order_acquire);
	memcpy(s->given.service, h->service, sizeof(s->given.service));
	memcpy(s->given.version, h->version, sizeof(s->given.version));
	atomic_thread_fence(memory_order_acquire);
	s->after = atomic_load_explicit(&h->identity_seq, memory_order_relaxed);
}

/* Acquire: what was recorded before a flush was asked for is read after it is seen. */
static void seq_step(void *you)
{
	struct name_step *s = you;
	struct segment_header *h = intake_words(s->p->in);

	s->before = atomic_load_explicit(&h->identity_seq, memory_order_relaxed);
	s->flush = atomic_load_explicit(&h->flush_asked, memory_order_acquire);
}

bool process_is_renamed(struct process *p)
{
	struct name_step s = { .p = p };

	if (intake_step(p->in, seq_step, &s))
		return false;
	p->flush_asked = s.flush;
	return s.before != p->identity_seq;
}

struct calm_step {
	struct segment_header *head;
	uint32_t n_free, flush;
};

static void calm_step(void *you)
{
	struct calm_step *s = you;

	s->n_free = atomic_load_explicit(&s->head->n_free, memory_order_relaxed);
	s->flush = atomic_load_explicit(&s->head->flush_asked, memory_order_relaxed);
}

bool process_is_calm(struct process *p)
{
	struct calm_step s = { .head = intake_words(p->in) };
	uint32_t before = p->n_free;

	if (intake_step(p->in, calm_step, &s))
		return false;
	p->n_free = s.n_free;
	return s.flush == p->flush_asked &&
	       (before <= s.n_free || before - s.n_free <= s.n_free / CALM_LOOKS);
}

/* What is being changed just now is tried again when the next round sees the number changed. */
void process_rename(struct process *p)
{
	struct name_step s = { .p = p };
	struct resource *r;

	for (int i = 0; i < WORD_TRIES; i++) {
		if (intake_step(p->in, name_step, &s) < 0)
			return;
		if (s.before == s.after && s.before % 2 == 0)
			break;
	}
	if (s.before != s.after || s.before % 2)
		return;
	s.given.service[sizeof(s.given.service) - 1] = '\0';
	s.given.version[sizeof(s.given.version) - 1] = '\0';
	r = identity_resource(&p->in->head, &p->in->settings, &s.given, p->around);
	if (!r)
		return;
	p->given = s.given;
	p->identity_seq = s.before;
	assembler_set_resource(&p->a, r);
	resource_free(p->resource);
	p->resource = r;
}

/* ---- open and free ---------------------------------------------------------------------------- */

/* The counter starts anew with each boot; the header tells what it was worth. */
static const struct timeline *time_of(struct process *p, const struct process_place *place)
{
	const struct segment_header *h = &p->in->head;

	if (memcmp(h->boot_id, place->boot_id, sizeof(h->boot_id)) == 0)
		return place->timeline;
	p->own_time = (struct timeline){ h->created_tsc, h->created_mono_ns, h->created_real_ns,
					 place->timeline->rate };
	return &p->own_time;
}

/* Its pid names it while it is alive; if it is gone by now, the files may have been another's. */
static void process_look(struct process *p, const struct process_place *place)
{
	const struct segment_header *h = &p->in->head;
	struct pollfd end = { .fd = p->death.pidfd, .events = POLLIN };
	pid_t pid = p->death.news == DEATH_ALIVE ? p->death.pid : 0;

	p->around = (struct identity_around){ &place->host, &p->outside };
	outside_look(&p->outside, pid, h->uid, identity_wants_words(&p->in->settings));
	if (pid && poll(&end, 1, 0) != 0)
		outside_look(&p->outside, 0, h->uid, false);
}

/* It has been another collector's: what that one had counted is gone, and this begins now. */
static void process_count_spans(struct process *p)
{
	const char *bad; /* told by who opens its route */
	struct span_metrics_rules rules = span_metrics_rules_of(&p->in->settings, &bad);

	span_metrics_init(&p->spans, &rules,
			  p->taken_over ? clock_real_ns() : p->in->head.created_real_ns);
}

static int process_begin(struct process *p, const struct process_place *place)
{
	const struct segment_header *h = &p->in->head;
	struct assemble_limits limits = limits_of(&p->in->settings);
	bool ours =
		h->pid_namespace == place->pid_namespace && time_of(p, place) == place->timeline;
	int r = assembler_init(&p->a, time_of(p, place),
			       h->clock == SEGMENT_CLOCK_TSC ? INSTANT_TSC : INSTANT_MONO, &limits);

	if (r < 0)
		return TRACE(r);
	p->a.names.in = p->in;
	access_read(&p->access, &p->in->settings);
	death_watch(&p->death, ours ? h->pid : 0, h->pid_start_ticks);
	if (p->death.news == DEATH_ALIVE)
		oom_watch(&p->oom, p->death.pid);
	process_look(p, place);
	process_rename(p);
	if (!p->resource) {
		p->resource = identity_resource(h, &p->in->settings, &p->given, p->around);
		if (!p->resource)
			return ERR(-ENOMEM);
		assembler_set_resource(&p->a, p->resource);
	}
	/* It has been another collector's, which may not have come to mark all that it delivered. */
	p->profile = profile_of(&p->in->settings);
	p->tells_sdk = sdk_metrics_are_wanted(&p->in->settings);
	p->taken_over = h->collector_pid;
	process_count_spans(p);
	if (p->taken_over)
		p->a.again = SETTLE_LAG + 2;
	p->look = true;
	return 0;
}

int process_open(struct process **out, const struct process_place *place, const char *name)
{
	struct process *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return ERR(-ENOMEM);
	p->death.pidfd = -1;
	r = intake_open(&p->in, place->dir_fd, name);
	if (!r)
		r = process_begin(p, place);
	if (r) {
		process_free(p);
		return r;
	}
	*out = p;
	return 0;
}

void process_watched(struct process *p, const struct death *d)
{
	const struct segment_header *h = &p->in->head;
	int fd = d->pidfd;

	if (p->death.news != DEATH_UNKNOWN || fd < 0 || d->pid != h->pid ||
	    d->start_ticks != h->pid_start_ticks)
		return;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	p->death = *d;
	p->death.pidfd = fd;
}

struct process *process_free(struct process *p)
{
	if (!p)
		return NULL;
	settle_forget(&p->owed);
	mortem_free(p->mortem);
	stack_book_fini(&p->book);
	assembler_fini(&p->a);
	span_metrics_fini(&p->spans);
	resource_free(p->resource);
	death_forget(&p->death);
	intake_close(p->in);
	free(p);
	return NULL;
}

/* ---- while it lives --------------------------------------------------------------------------- */

/* Of what had been delivered already, only records of spans that are open matter. */
static void process_record(const struct record_head *h, uint32_t tid, void *you)
{
	struct process *p = you;
	struct place here = p->in->here;
	struct intake_chunk *c = &p->in->chunk[here.chunk];
	uint64_t before = p->a.open.n_copies;

	if (h->type == RECORD_LOG && here.at < c->found.read)
		return;
	if (h->type == RECORD_START && h->flags & RECORD_SETTLED)
		return;
	p->a.seen = here.at < c->found.seen;
	p->a.open.here = here;
	assemble_record(&p->a, h, tid);
	c->n_pins += p->a.open.n_copies != before;
}

int process_drain(struct process *p)
{
	int r;

	if (!p->in->next)
		settle_look(&p->owed, p->in, p->n_rounds, p->owed.first ? clock_mono_ns() : 0);
	r = intake_drain(p->in, process_record, p, &p->drained);
	if (r)
		return r;
	assemble_round(&p->a);
	p->n_rounds++;
	return 0;
}

struct batch *process_take(struct process *p)
{
	struct batch *b = assembler_take(&p->a);

	if (b)
		access_add(&p->access, b);
	if (b || p->a.open.gone.n)
		settle_owe(&p->owed, b, &p->a.open.gone, p->n_rounds, clock_mono_ns());
	return b;
}

struct tend_step {
	struct segment_header *head;
	uint64_t now;
	uint64_t loss[N_LOSSES];
};

/* What is counted here is marked as counted at once, so that the next collector doesn't count it. */
static void tend_step(void *you)
{
	struct tend_step *s = you;

	atomic_store_explicit(&s->head->collector_pid, (int32_t)getpid(), memory_order_relaxed);
	atomic_store_explicit(&s->head->collector_ns, s->now, memory_order_relaxed);
	for (int i = 0; i < N_LOSSES; i++) {
		uint64_t lost = atomic_load_explicit(&s->head->loss[i], memory_order_relaxed);
		uint64_t known =
			atomic_load_explicit(&s->head->accounted_loss[i], memory_order_relaxed);

		s->loss[i] = lost > known ? lost - known : 0;
		if (s->loss[i])
			atomic_store_explicit(&s->head->accounted_loss[i], lost,
					      memory_order_relaxed);
	}
}

static bool is_record(enum segment_loss i)
{
	static const char *const unit[N_LOSSES] = {
#define X(name, what, sentence) [LOSS_##name] = what,
		SEGMENT_LOSSES(X)
#undef X
	};

	return strcmp(unit[i], "spans") == 0 || strcmp(unit[i], "records") == 0;
}

void process_tend(struct process *p, uint64_t now_mono_ns, uint64_t loss[N_LOSSES])
{
	struct tend_step s = { .head = intake_words(p->in), .now = now_mono_ns };

	if (intake_step(p->in, tend_step, &s) < 0)
		return;
	for (int i = 0; i < N_LOSSES; i++) {
		loss[i] += s.loss[i];
		p->loss[i] += s.loss[i];
		if (is_record((enum segment_loss)i)) {
			p->n_lost += s.loss[i];
			stats_add(records_dropped, s.loss[i]);
		}
	}
	if (!p->gone && death_look(&p->death) == DEATH_ALIVE)
		reclaim_dead(p->in, reclaim_task_lives, NULL);
	p->look = true;
}

struct audited_step {
	struct segment_header *head;
	size_t n;
};

/* Release: what it counts is on disk before; pairs with oriel_audit_flush's acquire. */
static void audited_step(void *you)
{
	struct audited_step *s = you;

	atomic_fetch_add_explicit(&s->head->audits_kept, s->n, memory_order_release);
}

void process_audited(struct process *p, size_t n)
{
	struct audited_step s = { intake_words(p->in), n };

	if (n)
		intake_step(p->in, audited_step, &s);
}

/* ---- metrics ----------------------------------------------------------------------------------- */

/* What an image that was replaced has used its successor has used as well: it has the same pid. */
static bool has_vitals(const struct process *p)
{
	return p->vitals.known && !(p->gone && p->death.news == DEATH_ALIVE);
}

struct batch *process_metrics(struct process *p, uint64_t now_real_ns)
{
	uint64_t began = clock_mono_ns();
	struct batch *b;
	size_t first;
	int r = 0;

	if (!p->gone && p->death.pid > 0 && p->death.news == DEATH_ALIVE)
		r = watches_read(p->in, p->death.pid, now_real_ns);
	if (!r)
		r = metrics_snapshot(&b, p->in, p->resource, now_real_ns);
	if (r)
		return NULL;

	durations_add(&p->reading, clock_mono_ns() - began);
	if (!b && (has_vitals(p) || p->spans.n || p->tells_sdk))
		b = batch_new(p->resource);
	if (!b)
		return NULL;
	instruments_check(&p->instruments, b, p->resource->service);
	first = b->n_points;
	if (has_vitals(p))
		vitals_points(&p->vitals, b, now_real_ns);
	if (p->profile == PROFILE_TOMODACHI)
		active_points(&p->active, &p->a, b, now_real_ns);
	span_metrics_points(&p->spans, b, now_real_ns);
	if (p->tells_sdk)
		sdk_process_points(&p->a, &p->reading, b, p->spans.start_ns, now_real_ns);
	views_apply(b, first, &p->in->settings);
	profile_apply(p->profile, b);
	metrics_combine(b, &p->in->settings);
	return b;
}

/* ---- its end ---------------------------------------------------------------------------------- */

bool process_is_gone(struct process *p, uint64_t now_mono_ns)
{
	if (p->gone || !p->look)
		return p->gone;
	death_look(&p->death);
	p->look = false;
	p->gone = lease_is_alone(p->in->fd);
	if (!p->gone) {
		p->seen_alive = true;
	} else {
		p->gone_mono_ns = now_mono_ns;
		p->gone_real_ns = clock_real_ns();
		stats_add(processes_ended, 1);
	}
	return p->gone;
}

bool process_is_explained(struct process *p, uint64_t now_mono_ns)
{
	enum death_news news = death_look(&p->death);

	if (news == DEATH_TOLD || news == DEATH_UNKNOWN || death_has_image(&p->death))
		return true;
	return now_mono_ns - p->gone_mono_ns > EXPLAIN_NS;
}

struct stopped_step {
	struct segment_header *head;
	uint32_t stopped;
};

static void stopped_step(void *you)
{
	struct stopped_step *s = you;

	s->stopped = atomic_load_explicit(&s->head->stopped, memory_order_relaxed);
}

static int process_status(const struct process *p)
{
	return p->death.news == DEATH_TOLD ? p->death.wait_status : -1;
}

static bool was_killed(const struct process *p)
{
	int status = process_status(p);

	return status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static struct str process_why(struct process *p, char *text, size_t size)
{
	struct stopped_step s = { .head = intake_words(p->in) };

	intake_step(p->in, stopped_step, &s);
	if (p->in->cut_short)
		return STR("the process's shared memory was cut short");
	if (was_killed(p) && oom_happened(&p->oom))
		return STR("process killed by the kernel: out of memory");
	if (p->death.news == DEATH_TOLD)
		return death_text(p->death.wait_status, text, size);
	if (p->death.news == DEATH_ALIVE)
		return s.stopped ? STR("process stopped recording before the span ended")
				 : STR("process replaced itself by exec");
	return death_text(p->mortem ? (int)p->mortem->wreck.block.signal : -1, text, size);
}

static void examine_work(struct job *job)
{
	struct process *p = (struct process *)((char *)job - offsetof(struct process, examining));

	mortem_examine(p->mortem);
}

static void examine_done(struct job *job)
{
	struct process *p = (struct process *)((char *)job - offsetof(struct process, examining));

	p->is_examined = true;
}

bool process_examine(struct process *p)
{
	p->was_examined = p->is_examined = true;
	if (p->in->cut_short || p->death.news == DEATH_ALIVE || mortem_of(&p->mortem, p->in) < 0 ||
	    !p->mortem)
		return false;
	if (!mortem_explains(p->mortem, process_status(p), p->seen_alive ? p->gone_real_ns : 0)) {
		p->mortem = mortem_free(p->mortem);
		return false;
	}
	p->examining = (struct job){ .work = examine_work, .done = examine_done };
	p->is_examined = false;
	return true;
}

/* An end that somebody should hear of, also without a span that it cut short. */
static bool is_worth_telling(const struct process *p)
{
	int status = process_status(p);

	return status >= 0 && WIFSIGNALED(status) &&
	       (was_killed(p) || death_is_crash(WTERMSIG(status)));
}

static void tell_death(struct process *p, struct str why, uint64_t when)
{
	struct batch *b = p->mortem || is_worth_telling(p) ? assembler_batch(&p->a) : NULL;

	if (b && p->mortem)
		mortem_log(p->mortem, b, when, &p->a.crumbs);
	else if (b)
		mortem_log_unseen(b, WTERMSIG(process_status(p)), why, when, &p->a.crumbs);
}

void process_close_spans(struct process *p)
{
	char text[128];
	struct str why = process_why(p, text, sizeof(text));
	uint64_t when = p->death.when_real_ns;
	struct attribute room[MORTEM_EVENT];
	struct span_event event;

	if (p->mortem) {
		when = mortem_time(p->mortem, assemble_last_ns(&p->a));
		event = mortem_event(p->mortem, when, room);
		p->a.crash = (struct assemble_crash){ p->mortem->wreck.block.span_id, &event };
	} else if (!when && p->seen_alive) {
		when = p->gone_real_ns;
	}
	assemble_gone(&p->a, why, when);
	p->a.crash = (struct assemble_crash){ 0 };
	tell_death(p, why, when ? when : assemble_last_ns(&p->a));
}
