/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop. It sleeps until something happens; while there are processes it looks at their segments
 * every 10 ms, and every millisecond for a while after much came at once. While what comes is steady,
 * it is only looked at how much room there is, and read less often (collect/pace.h). Waking up is what
 * an idle round costs; sleeping longer would cost the beginning of a burst. What
 * can be waited for is: files in the run directory, callers on the socket, ends of processes, jobs
 * that are done, and collector_stop.
 */
#include "collect/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "collect/guard.h"
#include "collect/remote.h"
#include "model/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum {
	WAKE_FILES = 1,
	WAKE_CALLS = 2,
	WAKE_DEATH = 4,
	WAKE_JOBS = 8,
	WAKE_STOP = 16,
};

enum {
	HOT_MS = 1,
	SECOND_MS = 1000,
	ASK_AHEAD_MS = 50,
	LINGER_MS = 60000,
	EVENTS = 32,
};

/* Much came at once (collect/rounds.c): look again soon, for this long. */
#define HOT_NS (50 * MS)
#define TRIM_NS (5000 * MS)

/*
 * A batch's blocks go back and come again thousands of times a second; given back to the kernel each
 * time, page faults would cost as much as all the rest. What an idle collector needn't keep goes back.
 */
static void heap_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
}

static int wake_on(struct collector *c, int fd, uint64_t what, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = what };

	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? ERR(-errno) : 0;
}

void collector_watch(struct collector *c, int pidfd)
{
	if (pidfd >= 0)
		wake_on(c, pidfd, WAKE_DEATH, EPOLLIN | EPOLLONESHOT);
}

/* ---- new and free ----------------------------------------------------------------------------- */

static int collector_open(struct collector *c)
{
	int r = guard_init();

	if (r >= 0)
		r = rundir_open(&c->dir, c->run_dir);
	if (r < 0)
		return r == -EBUSY ? r : TRACE(r);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->epoll_fd < 0 || c->stop_fd < 0)
		return ERR(-errno);
	r = jobs_init(&c->jobs);
	if (r >= 0)
		r = calls_open(&c->calls, c->dir.fd, c->epoll_fd, WAKE_CALLS);
	if (r >= 0)
		r = wake_on(c, c->dir.watch_fd, WAKE_FILES, EPOLLIN);
	if (r >= 0)
		r = wake_on(c, c->jobs.fd, WAKE_JOBS, EPOLLIN);
	if (r >= 0)
		r = wake_on(c, c->stop_fd, WAKE_STOP, EPOLLIN);
	return TRACE(r);
}

int collector_new(struct collector **out, const struct collector_options *options)
{
	static const struct collector_sink nowhere;
	struct collector *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return ERR(-ENOMEM);
	c->options = *options;
	c->options.sink = options->sink ? options->sink : &nowhere;
	c->options.linger_ms = options->linger_ms ? options->linger_ms : LINGER_MS;
	c->options.export_ms = options->export_ms ? options->export_ms : METRICS_EVERY_MS;
	c->dir = (struct rundir){ -1, -1, -1 };
	c->jobs = (struct jobs){ -1, -1, 0 };
	c->calls.listen_fd = c->epoll_fd = c->stop_fd = -1;
	for (int i = 0; i < CALLERS; i++)
		c->calls.caller[i].fd = -1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->ledger_lock, NULL);
	foreign_init(&c->foreign);
	collector_set_address(c, options->address);
	c->run_dir = strdup(options->run_dir);
	c->data_dir = strdup(options->data_dir ? options->data_dir : "");
	r = c->run_dir && c->data_dir ? collector_open(c) : ERR(-ENOMEM);
	if (r < 0) {
		collector_free(c);
		return r == -EBUSY ? r : TRACE(r);
	}
	signal(SIGIO, SIG_IGN);
	heap_keep();
	timeline_start(&c->timeline);
	process_place_init(&c->place, c->dir.fd, &c->timeline);
	collector_load_totals(c);
	*out = c;
	return 0;
}

void collector_set_address(struct collector *c, const char *address)
{
	pthread_mutex_lock(&c->lock);
	snprintf(c->address, sizeof(c->address), "%s", address ? address : "");
	pthread_mutex_unlock(&c->lock);
}

void collector_set_intake(struct collector *c, const char *address)
{
	pthread_mutex_lock(&c->lock);
	snprintf(c->intake, sizeof(c->intake), "%s", address ? address : "");
	pthread_mutex_unlock(&c->lock);
}

struct collector *collector_free(struct collector *c)
{
	if (!c)
		return NULL;
	while (c->process) {
		struct process *p = c->process;

		c->process = p->next;
		process_free(p);
	}
	collector_close_routes(c);
	while (c->run) {
		struct run *run = c->run;

		c->run = run->next;
		run_free(run);
	}
	collector_forget_files(c);
	calls_close(&c->calls);
	jobs_fini(&c->jobs);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	if (c->stop_fd >= 0)
		close(c->stop_fd);
	rundir_close(&c->dir);
	ledger_fini(&c->ledger);
	foreign_fini(&c->foreign);
	folded_free(c->folded);
	wishes_fini(&c->wishes);
	remotes_free(c);
	pthread_mutex_destroy(&c->ledger_lock);
	pthread_mutex_destroy(&c->lock);
	free(c->run_dir);
	free(c->data_dir);
	free(c);
	return NULL;
}

uint32_t collector_export_ms(const struct collector *c)
{
	return c->options.export_ms;
}

void collector_stop(struct collector *c)
{
	uint64_t one = 1;
	int before = errno;
	ssize_t n = write(c->stop_fd, &one, sizeof(one));

	(void)n;
	errno = before;
}

/* ---- each second ------------------------------------------------------------------------------ */

void collector_give_metrics(struct collector *c, struct process *p)
{
	struct batch *b;

	pthread_mutex_lock(&c->lock);
	b = process_metrics(p, clock_real_ns());
	pthread_mutex_unlock(&c->lock);
	if (b)
		b->round = p->metrics_round;
	collector_give_points(c, p, b);
}

/* Often enough for anybody, and not so often that nothing else is done. */
static uint64_t metrics_every_ns(struct collector *c, const struct process *p)
{
	uint64_t ms = settings_metrics_every_ms(&p->in->settings, c->options.export_ms);

	return (ms < PACE_LEAST_MS ? PACE_LEAST_MS : ms) * MS;
}

/* A little ahead, so that what callbacks tell is there, and fresh. */
static void ask_ahead(struct collector *c, struct process *p, uint64_t now)
{
	if (p->asked_due || now + ASK_AHEAD_MS * MS < p->next_metrics_ns)
		return;
	p->asked_due = true;
	pthread_mutex_lock(&c->lock);
	process_ask(p);
	pthread_mutex_unlock(&c->lock);
}

/* Always so long after the one before, not after it was noticed; those that were missed are left out. */
static void metrics_due(struct collector *c, uint64_t now)
{
	for (struct process *p = c->process; p; p = p->next) {
		bool first = !p->next_metrics_ns;

		ask_ahead(c, p, now);
		if (now < p->next_metrics_ns)
			continue;
		p->asked_due = false;
		p->next_metrics_ns += metrics_every_ns(c, p);
		if (p->next_metrics_ns <= now)
			p->next_metrics_ns = now + metrics_every_ns(c, p);
		p->metrics_round = ++p->n_metrics_rounds;
		if (!first || p->taken_over)
			collector_give_metrics(c, p);
		p->metrics_round = 0;
	}
	collector_tell_received(c, STR(""), now);
}

/* Read without the lock: /proc takes its time. */
static void process_look_at_vitals(struct collector *c, struct process *p)
{
	struct vitals v = p->vitals;

	if (p->gone || p->death.news != DEATH_ALIVE || !vitals_are_wanted(&p->in->settings))
		return;
	vitals_read(&v, p->death.pid, p->death.start_ticks);
	pthread_mutex_lock(&c->lock);
	p->vitals = v;
	pthread_mutex_unlock(&c->lock);
}

static void second(struct collector *c, uint64_t now)
{
	pthread_mutex_lock(&c->lock);
	timeline_anchor(&c->timeline);
	pthread_mutex_unlock(&c->lock);
	for (struct process *p = c->process; p; p = p->next) {
		collector_tend(c, p, now);
		process_look_at_vitals(c, p);
		collector_apply_wishes(c, p); /* it may have new loggers */
		pace_second(&p->pace);
	}
	if (c->options.sink->second)
		c->options.sink->second(now, c->options.you);
	if (rundir_is_lost(&c->dir, c->run_dir)) {
		fprintf(stderr, "oriel: run directory is gone path=%s, leaving\n", c->run_dir);
		c->stopping = true;
	}
	if (c->trim && now - c->flow_ns > TRIM_NS) {
		c->trim = false;
		malloc_trim(0);
	}
}

/* ---- the loop --------------------------------------------------------------------------------- */

static bool is_needed(const struct collector *c)
{
	return c->process || c->pending || c->jobs.n_running || calls_waiting(&c->calls) ||
	       (c->run && (c->run != c->nameless || c->run->next)) ||
	       (c->options.sink->busy && c->options.sink->busy(c->options.you));
}

/* Runs that seem to be over are looked at twice. */
static bool is_settling(const struct collector *c)
{
	for (const struct run *run = c->run; run; run = run->next)
		if (run->over)
			return true;
	return false;
}

/* Its metrics should not be late, nor the word ahead of them. */
static unsigned process_sleep_ms(const struct process *p, uint64_t now)
{
	unsigned ms = pace_ms(&p->pace, process_pool(p), now);

	if (p->gone || now + (ms + ASK_AHEAD_MS) * MS > p->next_metrics_ns)
		return PACE_LEAST_MS;
	return ms;
}

/* As soon as one of them should be looked at. */
static int sleep_steadily(const struct collector *c, uint64_t now)
{
	unsigned least = c->pending ? PACE_LEAST_MS : PACE_MOST_MS;

	for (const struct process *p = c->process; p && least > PACE_LEAST_MS; p = p->next) {
		unsigned ms = process_sleep_ms(p, now);

		least = ms < least ? ms : least;
	}
	return (int)least;
}

static int sleep_hot(const struct collector *c, uint64_t now)
{
	unsigned least = PACE_LEAST_MS;

	for (const struct process *p = c->process; p && least > HOT_MS; p = p->next) {
		unsigned ms = pace_hot_ms(&p->pace, process_pool(p), now);

		least = ms < least ? ms : least;
	}
	return (int)least;
}

static int sleep_ms(const struct collector *c, uint64_t now)
{
	if (!c->process && !c->pending && !is_settling(c))
		return SECOND_MS;
	if (is_settling(c))
		return HOT_MS;
	return now - c->hot_ns < HOT_NS ? sleep_hot(c, now) : sleep_steadily(c, now);
}

static uint64_t collector_wait(struct collector *c, int ms)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(c->epoll_fd, e, EVENTS, ms);
	uint64_t wake = 0;

	for (int i = 0; i < n; i++)
		wake |= e[i].data.u64;
	return wake;
}

/* All of them are looked at, so that each takes note of its room. */
static bool processes_are_calm(struct collector *c)
{
	uint64_t now = clock_mono_ns();
	bool calm = true;

	for (struct process *p = c->process; p; p = p->next)
		if (!process_is_calm(p)) {
			pace_rush(&p->pace, now);
			calm = false;
		}
	return calm;
}

/* Whatever is not to be read yet may begin to burst, and is looked at for that meanwhile. */
static uint64_t collector_sleep(struct collector *c, int ms)
{
	uint64_t wake = 0;

	if (!c->process || ms <= PACE_LOOK_MS)
		return collector_wait(c, ms);
	processes_are_calm(c);
	for (; ms > 0 && !wake; ms -= PACE_LOOK_MS) {
		wake = collector_wait(c, ms < PACE_LOOK_MS ? ms : PACE_LOOK_MS);
		if (processes_are_calm(c))
			continue;
		c->hot_ns = clock_mono_ns();
		break;
	}
	return wake;
}

void collector_look_for_deaths(struct collector *c)
{
	for (struct process *p = c->process; p; p = p->next)
		p->look = true;
}

static void collector_step(struct collector *c, uint64_t wake)
{
	uint64_t now = clock_mono_ns();

	if (wake & WAKE_STOP)
		c->stopping = true;
	if (wake & WAKE_DEATH)
		collector_look_for_deaths(c);
	if (wake & WAKE_FILES || c->pending)
		collector_look_for_files(c, now);
	if (wake & WAKE_JOBS)
		collector_take_jobs(c);
	collector_round(c);
	collector_take_flushes(c);
	collector_end_processes(c, now);
	if (wake & WAKE_CALLS || calls_waiting(&c->calls))
		collector_take_calls(c, now);
	collector_settle(c);
	metrics_due(c, now);
	remote_ask_due(c, now);
	if (now >= c->next_second_ns) {
		c->next_second_ns = now + SECOND_MS * MS;
		second(c, now);
	}
}

static bool has_lingered(struct collector *c, uint64_t now)
{
	if (is_needed(c))
		c->busy_ns = now;
	return c->options.linger_ms != UINT32_MAX && now - c->busy_ns > c->options.linger_ms * MS;
}

/*
 * A service that came just now may have seen our lock and started no collector. So first nobody can
 * call any more, then the lock goes, and then it is looked once more: what is there by then is taken
 * up, unless another collector has it already.
 */
static bool may_leave(struct collector *c)
{
	if (c->stopping)
		return true;
	collector_look_for_files(c, clock_mono_ns());
	if (c->pending || c->process)
		return false;
	calls_close(&c->calls);
	rundir_unlock(&c->dir);
	if (!collector_finds_files(c) || rundir_lock(&c->dir) < 0)
		return true;
	collector_list_files(c);
	return calls_open(&c->calls, c->dir.fd, c->epoll_fd, WAKE_CALLS) < 0;
}

/* Nothing waits for us any more: what is finished is given, what is open stays in its segment. */
static void collector_leave(struct collector *c)
{
	uint64_t now = clock_mono_ns();

	atomic_store_explicit(&c->leaving, true, memory_order_relaxed);
	for (int i = 0; i < ROUNDS_TO_SETTLE; i++)
		collector_round(c);
	for (struct process *p = c->process; p; p = p->next) {
		collector_tend(c, p, now);
		collector_give_metrics(c, p);
	}
	collector_look_for_deaths(c);
	collector_end_processes(c, now);
	while (c->jobs.n_running) {
		collector_wait(c, SECOND_MS);
		collector_take_jobs(c);
	}
	collector_end_processes(c, clock_mono_ns());
	if (!c->process)
		ledger_discard(&c->ledger_file);
	collector_settle(c);
	collector_settle(c);
	collector_tell_received(c, STR(""), UINT64_MAX);
	collector_close_routes(c);
	for (struct process *p = c->process; p; p = p->next)
		settle_all(&p->owed, p->in, p->n_rounds);
}

int collector_run(struct collector *c)
{
	uint64_t wake = 0, now = clock_mono_ns();
	int r = collector_list_files(c);

	if (r < 0)
		return TRACE(r);
	c->busy_ns = now;
	do {
		collector_step(c, wake);
		now = clock_mono_ns();
		if (c->stopping || (has_lingered(c, now) && may_leave(c)))
			break;
		atomic_fetch_add_explicit(&c->n_rounds, 1, memory_order_relaxed);
		atomic_store_explicit(&c->working, false, memory_order_relaxed);
		wake = collector_sleep(c, sleep_ms(c, now));
		atomic_store_explicit(&c->working, true, memory_order_relaxed);
	} while (true);
	atomic_store_explicit(&c->working, false, memory_order_relaxed);
	collector_leave(c);
	return 0;
}
