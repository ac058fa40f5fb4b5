/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody records: asked for as a collector does, and found in the segment. */
#include "lib/test-segment.h"

#include "lib/metric.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Whoever never answers ends the test by its alarm. */
static void ask(void)
{
	struct segment_header *s = process.segment;
	uint32_t asked = atomic_fetch_add(&s->observe_asked, 1) + 1;

	must(s->observers == 1);
	syscall(SYS_futex, &s->observe_asked, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	while (atomic_load(&s->observed) != asked)
		sched_yield();
}

/* The n-th series of the instrument that is still told, overflow series left out; NULL: none. */
static const uint64_t *told(const char *name, unsigned n)
{
	const unsigned char *area = series_area();
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)area)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct series *s = (const void *)(area + at);
		const struct instrument *i = (const void *)(area + s->instrument_at);
		const uint64_t *cell = (const uint64_t *)(s + 1);

		at += s->entry.size;
		if (s->entry.kind != SERIES_POINT || memcmp(i + 1, name, strlen(name)) != 0 ||
		    !cell[GAUGE_SET_NS] || cell[GAUGE_SET_NS] < i->observed_ns)
			continue;
		if (!n--)
			return cell;
	}
	return NULL;
}

static void holds(void (*work)(void))
{
	assert_int_equal(in_child(work), 0);
	read_all();
}

static void begin(void)
{
	alarm(20);
	must(oriel_start(NULL) == 0);
}

static int n_pools = 2;

static void sizes(struct oriel_observation *to, void *you)
{
	for (int i = 0; i < n_pools; i++)
		oriel_observe(to, *(int *)you + i, oriel_int("pool", i));
}

static void half(struct oriel_observation *to, void *you)
{
	(void)you;
	oriel_observe_f64(to, 0.5);
	oriel_observe(to, 7); /* of the other sort: ignored */
}

static void called(void)
{
	int base = 10;
	struct oriel_observer *o;

	begin();
	o = oriel_gauge_observe("size", "1", NULL, sizes, &base);
	must(o && oriel_counter_f64_observe("half", "1", NULL, half, NULL));
	must(!told("size", 0));
	ask();
	must(told("size", 0)[0] == 10 && told("size", 1)[0] == 11);
	must(as_double(told("half", 0)[0]) == 0.5);
	base = 20;
	n_pools = 1;
	ask();
	must(told("size", 0)[0] == 20 && !told("size", 1));
	oriel_unobserve(o);
	base = 30;
	ask();
	must(told("size", 0)[0] == 20);
	oriel_unobserve(NULL);
	must(!oriel_gauge_observe("size", "1", NULL, NULL, NULL));
}

static void callbacks_tell_what_is_when_somebody_asks(void **state)
{
	(void)state;
	holds(called);
}

static void viewed(void)
{
	int base = 10;

	setenv("ORIEL_VIEWS", "instrument=size,name=all.size,attributes=;instrument=size", 1);
	begin();
	n_pools = 2;
	must(oriel_up_down_observe("size", "1", NULL, sizes, &base));
	ask();
	must(told("all.size", 0)[0] == 21 && !told("all.size", 1));
	must(told("size", 0)[0] == 10 && told("size", 1)[0] == 11);
	n_pools = 1;
	ask();
	must(told("all.size", 0)[0] == 10 && !told("size", 1));
}

static void each_view_is_told_what_a_callback_says(void **state)
{
	(void)state;
	holds(viewed);
}

static void blocked(struct oriel_observation *to, void *you)
{
	sigset_t now;

	(void)to;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	for (int i = 1; i < 32; i++)
		if (i != SIGKILL && i != SIGSTOP)
			must(sigismember(&now, i));
	must(!oriel_gauge_observe("more", "1", NULL, blocked, NULL));
	oriel_unobserve(*(struct oriel_observer **)you);
}

static void masked(void)
{
	struct oriel_observer *o;

	begin();
	o = oriel_gauge_observe("size", "1", NULL, blocked, &o);
	ask();
	ask();
}

static void a_callback_has_all_signals_blocked_and_may_end_itself(void **state)
{
	(void)state;
	holds(masked);
}

#ifndef __SANITIZE_THREAD__ /* which has no threads after a fork */
static void forked(void)
{
	static long long live = -7;
	int base = 10, status;
	pid_t pid;

	begin();
	must(oriel_gauge_observe("size", "1", NULL, sizes, &base) != NULL);
	must(oriel_gauge_watch("live", "1", NULL, &live) != NULL);
	ask();
	pid = fork();
	if (pid == 0) {
		alarm(20);
		base = 50;
		must(!told("size", 0) && process.segment->watches == 1);
		ask();
		must(told("size", 0)[0] == 50);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
	ask();
	must(told("size", 0)[0] == 10);
}

static void a_forked_child_observes_with_a_helper_of_its_own(void **state)
{
	(void)state;
	holds(forked);
}

#endif

static int begun[2], may_end[2];

static void long_one(struct oriel_observation *to, void *you)
{
	char byte = 0;

	(void)to;
	(void)you;
	must(write(begun[1], &byte, 1) == 1);
	must(read(may_end[0], &byte, 1) == 1);
}

static void stops_in(pid_t (*forks)(void))
{
	pid_t pid = forks();
	int status;

	if (pid == 0) {
		alarm(20); /* whose turn it is for good */
		oriel_stop();
		_exit(oriel_why_off() ? 0 : 1);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Its children have no segment: there is no room for one, or nobody told them of the fork. */
static void forked_within(void)
{
	struct segment_header *s;
	char byte = 0;

	begin();
	s = process.segment;
	must(pipe(begun) == 0 && pipe(may_end) == 0);
	must(oriel_gauge_observe("size", "1", NULL, long_one, NULL) != NULL);
	atomic_fetch_add(&s->observe_asked, 1);
	syscall(SYS_futex, &s->observe_asked, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	must(read(begun[0], &byte, 1) == 1);
	must(chmod(dir, 0755) == 0);
	stops_in(fork);
	stops_in(_Fork);
	must(chmod(dir, 0700) == 0);
	must(write(may_end[1], &byte, 1) == 1);
}

static void a_child_that_is_forked_during_a_callback_may_stop(void **state)
{
	(void)state;
	holds(forked_within);
}

static void summed(void)
{
	int base = 10;

	setenv("ORIEL_VIEWS", "instrument=total,attributes=;instrument=other,aggregation=histogram",
	       1);
	n_pools = 3;
	begin();
	must(oriel_counter_observe("total", "1", NULL, sizes, &base) != NULL);
	must(oriel_gauge_observe("other", "1", NULL, sizes, &base) != NULL);
	for (int i = 0; i < 3; i++) {
		ask();
		must(told("total", 0)[0] == 33 && !told("total", 1));
		must(told("other", 2)[0] == 12);
	}
}

static void attributes_that_a_view_takes_add_up(void **state)
{
	(void)state;
	holds(summed);
}

/* ---- by address ---------------------------------------------------------------------------------- */

static void watched(void)
{
	static signed char small = -3;
	static _Atomic unsigned many = 4000000000u;
	static float narrow = 0.25f;
	static double wide = 0.5;
	static bool yes = true;
	struct oriel_watch *w;
	const uint64_t *cell;

	begin();
	must(oriel_gauge_watch("small", "1", NULL, &small) != NULL);
	must((int64_t)told("small", 0)[0] == -3);
	must(oriel_up_down_watch("many", "1", NULL, &many, oriel_str("a", "b")) != NULL);
	must(told("many", 0)[0] == 4000000000u);
	must(oriel_gauge_watch("narrow", "1", NULL, &narrow) != NULL);
	must(as_double(told("narrow", 0)[0]) == 0.25);
	must(oriel_gauge_watch("yes", "1", NULL, &yes) && told("yes", 0)[0] == 1);
	must((w = oriel_gauge_watch("wide", "1", NULL, &wide)) != NULL);
	must((cell = told("wide", 0)) && as_double(cell[0]) == 0.5);
	must(process.segment->watches == 5);
	wide = 1.5;
	oriel_unwatch(w);
	must(!told("wide", 0) && as_double(cell[0]) == 1.5);
	oriel_unwatch(w);
	oriel_unwatch(NULL);
	must(oriel_gauge_watch("wide", "1", NULL, &wide) == w && told("wide", 0));
	must(!oriel_gauge_watch("nowhere", "1", NULL, (int *)NULL));
	must(!oriel_watch_address(ORIEL_WATCH_GAUGE, "odd", "1", NULL, &wide, 3, ORIEL_WITH()));
}

static void any_number_can_be_watched(void **state)
{
	(void)state;
	holds(watched);
}

static void counted(void)
{
	static long total = 5;
	struct oriel_watch *w;

	begin();
	w = oriel_counter_watch("total", "1", NULL, &total);
	total = 9;
	oriel_unwatch(w);
	must(told("total", 0)[0] == 9);
}

static void a_watched_counter_stays_at_what_it_was(void **state)
{
	(void)state;
	holds(counted);
}

static void helped(void)
{
	long *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_DUMPABLE, 0);
	begin();
	must(oriel_gauge_watch("live", "1", NULL, page) != NULL);
	*page = 8;
	ask();
	must(told("live", 0)[0] == 8);
	munmap(page, 4096);
	ask();
	must(told("live", 0)[0] == 8);
}

static void who_may_not_be_read_reads_itself_and_freed_memory_is_no_fault(void **state)
{
	(void)state;
	holds(helped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callbacks_tell_what_is_when_somebody_asks),
		cmocka_unit_test(each_view_is_told_what_a_callback_says),
		cmocka_unit_test(a_callback_has_all_signals_blocked_and_may_end_itself),
#ifndef __SANITIZE_THREAD__
		cmocka_unit_test(a_forked_child_observes_with_a_helper_of_its_own),
#endif
		cmocka_unit_test(a_child_that_is_forked_during_a_callback_may_stop),
		cmocka_unit_test(attributes_that_a_view_takes_add_up),
		cmocka_unit_test(any_number_can_be_watched),
		cmocka_unit_test(a_watched_counter_stays_at_what_it_was),
		cmocka_unit_test(who_may_not_be_read_reads_itself_and_freed_memory_is_no_fault),
	};

	return cmocka_run_group_tests_name("observe", tests, set_up, tear_down);
}
