/* SPDX-License-Identifier: Apache-2.0 */
/* Fatal signals: noted, and then exactly what would have happened without us. */
#include "lib/process.h"
#include "oriel.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

/* What a child tells its parent: in memory that both map. */
static struct {
	_Atomic int handled;
	_Atomic uint32_t noted;
	_Atomic int clock;
} * told;

static int *volatile nowhere = (int *)(intptr_t)8;

static void must(bool fact)
{
	if (!fact)
		_exit(99);
}

static int in_child(void (*work)(void))
{
	char command[128];
	int status;
	pid_t pid = fork();

	told->handled = 0;
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		for (int i = 1; i < NSIG; i++) /* cmocka's own handlers */
			signal(i, SIG_DFL);
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(command, sizeof(command), "rm -f %s/*", dir);
	assert_int_equal(system(command), 0);
	return status;
}

static void start(void)
{
	must(oriel_start(NULL) == 0);
	oriel_info("about to die");
}

static void dies_of_segv(void)
{
	start();
	*nowhere = 1;
}

static void dies_of_abort(void)
{
	start();
	abort();
}

static void dies_of_kill(void)
{
	start();
	kill(getpid(), SIGBUS);
	for (;;)
		pause();
}

static void the_status_stays_what_it_was(void **state)
{
	int s;

	(void)state;
	s = in_child(dies_of_segv);
	assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV);
	s = in_child(dies_of_abort);
	assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT);
	s = in_child(dies_of_kill);
	assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGBUS);
}

static void its_own(int signal)
{
	told->handled = signal;
	told->noted = process.segment->fatal_signal;
	_exit(7);
}

static void handles_segv(void)
{
	signal(SIGSEGV, its_own);
	dies_of_segv();
}

static void handles_abort(void)
{
	signal(SIGABRT, its_own);
	dies_of_abort();
}

static void the_programs_own_handler_runs_after_the_note(void **state)
{
	int s = in_child(handles_segv);

	(void)state;
	assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 7);
	assert_int_equal(told->handled, SIGSEGV);
	assert_int_equal(told->noted, SIGSEGV);
	s = in_child(handles_abort);
	assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 7);
	assert_int_equal(told->noted, SIGABRT);
}

static void handles_later(void)
{
	start();
	signal(SIGSEGV, its_own);
	*nowhere = 1;
}

static void a_handler_that_is_set_later_is_the_only_one(void **state)
{
	int s = in_child(handles_later);

	(void)state;
	assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 7);
	assert_int_equal(told->noted, 0);
}

static void no_counter(void)
{
	start();
	must(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
	for (int i = 0; i < 100; i++)
		ORIEL_SPAN ("span", oriel_int("i", i)) {
			oriel_info("still here");
		}
	told->clock = (int)process.clock;
	must(process.segment->loss[LOSS_spans_no_room] == 0);
}

static void a_forbidden_time_stamp_counter_means_another_clock(void **state)
{
	(void)state;
	assert_int_equal(in_child(no_counter), 0);
	assert_int_not_equal(told->clock, 0);
}

static void off(void)
{
	struct sigaction now;

	setenv("ORIEL_CRASH_HANDLER", "off", 1);
	start();
	must(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
}

static void the_handler_can_be_left_out(void **state)
{
	(void)state;
	assert_int_equal(in_child(off), 0);
}

static int set_up(void **state)
{
	(void)state;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(dir, sizeof(dir), "/dev/shm/oriel-test-XXXXXX");
	if (told == MAP_FAILED || !mkdtemp(dir))
		return -1;
	setenv("ORIEL_RUN_DIR", dir, 1);
	setenv("ORIEL_COLLECTOR", "none", 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_stays_what_it_was),
		cmocka_unit_test(the_programs_own_handler_runs_after_the_note),
		cmocka_unit_test(a_handler_that_is_set_later_is_the_only_one),
		cmocka_unit_test(a_forbidden_time_stamp_counter_means_another_clock),
		cmocka_unit_test(the_handler_can_be_left_out),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
