/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/door.h"

#include "lib/test-must.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 20000, HANDLERS = 5000 };

static struct door door;
static unsigned counted; /* behind the door */

/* In a child that is killed after a minute: a door that never opens is a failure, and no hanging. */
static void in_child(pid_t (*forks)(void), void (*work)(void))
{
	struct sigevent kill = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec minute = { .it_value.tv_sec = 60 };
	pid_t pid = forks();
	timer_t timer;
	int status;

	if (pid == 0) {
		must(timer_create(CLOCK_MONOTONIC, &kill, &timer) == 0);
		must(timer_settime(timer, 0, &minute, NULL) == 0);
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void *count(void *you)
{
	for (int i = 0; i < ROUNDS; i++) {
		door_shut(&door);
		counted++;
		door_open(&door);
	}
	return you;
}

static void threads_that_count(void)
{
	pthread_t t[THREADS];

	counted = 0;
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, count, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(t[i], NULL) == 0);
	must(counted == THREADS * ROUNDS && door.word == 0);
}

static void one_thread_at_a_time_is_behind_it(void **state)
{
	(void)state;
	in_child(fork, threads_that_count);
}

static void *count_once(void *you)
{
	door_shut(&door);
	counted++;
	door_open(&door);
	return you;
}

static void until_somebody_waits(void)
{
	struct timespec moment = { .tv_nsec = 1000000 };

	while (!(atomic_load(&door.word) >> 31))
		nanosleep(&moment, NULL);
}

static void shut_twice(void)
{
	pthread_t t;

	counted = 0;
	door_shut(&door);
	door_shut(&door);
	must(pthread_create(&t, NULL, count_once, NULL) == 0);
	until_somebody_waits();
	door_open(&door);
	must(counted == 0 && door.word != 0);
	door_open(&door);
	must(pthread_join(t, NULL) == 0 && counted == 1 && door.word == 0);
}

static void who_has_shut_it_twice_opens_it_twice(void **state)
{
	(void)state;
	in_child(fork, shut_twice);
}

static void *open_it(void *you)
{
	door_open(&door);
	return you;
}

static void opened_by_another(void)
{
	pthread_t t;

	door_shut(&door);
	must(pthread_create(&t, NULL, open_it, NULL) == 0);
	must(pthread_join(t, NULL) == 0 && door.word != 0);
	door_open(&door);
	must(door.word == 0);
}

static void nobody_else_opens_it(void **state)
{
	(void)state;
	in_child(fork, opened_by_another);
}

static volatile sig_atomic_t handled;

static void shut_in_handler(int signal)
{
	int kept = errno;

	(void)signal;
	errno = 4711;
	door_shut(&door);
	handled++;
	door_open(&door);
	must(errno == 4711);
	errno = kept;
}

/* The timer is set anew each time, so that something besides handlers runs on any machine. */
static void interrupted(void)
{
	signal(SIGALRM, shut_in_handler);
	for (unsigned i = 0; handled < HANDLERS; i++) {
		sig_atomic_t before = handled;
		struct itimerval soon = { .it_value.tv_usec = i % 13 + 1 };

		setitimer(ITIMER_REAL, &soon, NULL);
		while (handled == before) {
			door_shut(&door);
			door_open(&door);
			must(door.word == 0);
		}
	}
}

static void a_handler_may_shut_it_at_any_moment(void **state)
{
	(void)state;
	in_child(fork, interrupted);
}

#ifndef __SANITIZE_THREAD__ /* which has no threads after a fork */
static int shut[2], done[2];

/* Its word is in the pipe when the door is shut; then it waits until the others are through. */
static void *keep_shut(void *you)
{
	char byte = 0;

	door_shut(&door);
	must(write(shut[1], &byte, 1) == 1);
	must(read(done[0], &byte, 1) == 1);
	door_open(&door);
	return you;
}

static void kept_shut_in(pid_t (*forks)(void), void (*work)(void))
{
	pthread_t t;
	char byte;

	must(pipe(shut) == 0 && pipe(done) == 0);
	must(pthread_create(&t, NULL, keep_shut, NULL) == 0);
	must(read(shut[0], &byte, 1) == 1);
	in_child(forks, work);
	must(write(done[1], &byte, 1) == 1);
	must(pthread_join(t, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		close(shut[i]);
		close(done[i]);
	}
}

static void a_child_that_nobody_told_of_takes_over_what_its_parents_thread_has(void **state)
{
	(void)state;
	kept_shut_in(_Fork, shut_twice);
}

static void told(void)
{
	door_forked(&door);
	must(door.word == 0);
	shut_twice();
}

static void a_child_that_was_told_finds_it_open(void **state)
{
	(void)state;
	kept_shut_in(fork, told);
}
#endif

/* Forked behind the door, by whom it is shut still: nothing of that is the child's. */
static void behind_it(void)
{
	door_forked(&door);
	door_open(&door);
	must(door.word == 0);
	shut_twice();
}

static void a_child_of_who_has_shut_it_need_not_open_it(void **state)
{
	(void)state;
	door_shut(&door);
	in_child(fork, behind_it);
	door_open(&door);
	assert_int_equal(door.word, 0);
}

static void *end_behind_it(void *you)
{
	door_shut(&door);
	return you;
}

static void left_shut(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, end_behind_it, NULL) == 0 && pthread_join(t, NULL) == 0);
	must(door.word != 0);
	shut_twice();
}

static void a_thread_that_ended_behind_it_keeps_nobody_out(void **state)
{
	(void)state;
	in_child(fork, left_shut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_at_a_time_is_behind_it),
		cmocka_unit_test(who_has_shut_it_twice_opens_it_twice),
		cmocka_unit_test(nobody_else_opens_it),
		cmocka_unit_test(a_handler_may_shut_it_at_any_moment),
#ifndef __SANITIZE_THREAD__
		cmocka_unit_test(
			a_child_that_nobody_told_of_takes_over_what_its_parents_thread_has),
		cmocka_unit_test(a_child_that_was_told_finds_it_open),
#endif
		cmocka_unit_test(a_child_of_who_has_shut_it_need_not_open_it),
		cmocka_unit_test(a_thread_that_ended_behind_it_keeps_nobody_out),
	};

	alarm(120); /* what is shut for good is so for the tests that follow */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
