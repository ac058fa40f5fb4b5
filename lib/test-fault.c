/* SPDX-License-Identifier: Apache-2.0 */
/* Fatal signals: noted, and then exactly what would have happened without us. */
#include "lib/fault.h"
#include "lib/modules.h"
#include "lib/process.h"
#include "lib/readable.h"
#include "lib/test-must.h"
#include "oriel.h"

#include <linux/seccomp.h>
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

static int in_child(void (*work)(void))
{
	char command[128];
	int status;
	pid_t pid;

	told->handled = 0;
	pid = fork();
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
	told->noted = modules_block()->signal;
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

static void handles_later_seen(void)
{
	struct sigaction action = { .sa_handler = its_own }, before;

	start();
	must(oriel_fault_sigaction(SIGSEGV, &action, &before) == 0);
	must(before.sa_handler == SIG_DFL);
	must(oriel_fault_sigaction(SIGSEGV, NULL, &before) == 0);
	must(before.sa_handler == its_own && before.sa_flags == 0);
	*nowhere = 1;
}

static void a_handler_that_is_seen_to_be_set_later_runs_after_the_note(void **state)
{
	int s = in_child(handles_later_seen);

	(void)state;
	assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 7);
	assert_int_equal(told->noted, SIGSEGV);
}

static void faults_again(int signal)
{
	(void)signal;
	*nowhere = 2;
}

static void faults_in_its_handler(void)
{
	struct sigaction action = { .sa_handler = faults_again };

	start();
	must(oriel_fault_sigaction(SIGSEGV, &action, NULL) == 0);
	*nowhere = 1;
}

static void a_fault_in_the_programs_handler_ends_it_as_it_would_have(void **state)
{
	int s = in_child(faults_in_its_handler);

	(void)state;
	assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV);
}

static void once(int signal)
{
	told->handled++;
	(void)signal;
}

static void handles_once(void)
{
	struct sigaction action = { .sa_handler = once, .sa_flags = (int)SA_RESETHAND };

	start();
	must(oriel_fault_sigaction(SIGSEGV, &action, NULL) == 0);
	raise(SIGSEGV);
	must(told->handled == 1);
	*nowhere = 1;
}

static void a_handler_for_once_is_called_once(void **state)
{
	int s = in_child(handles_once);

	(void)state;
	assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV);
	assert_int_equal(told->handled, 1);
}

static sigjmp_buf back;

static void comes_back(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void survives(void)
{
	struct sigaction action = { .sa_handler = comes_back };
	uint64_t address = 0;

	start();
	must(oriel_fault_sigaction(SIGSEGV, &action, NULL) == 0);
	for (int i = 0; i < 1000; i++)
		if (!sigsetjmp(back, 1))
			*nowhere = 1;
	must(!readable_copy(&address, 8, 8) &&
	     readable_copy(&address, (uint64_t)(uintptr_t)&back, 8));
}

static void faults_may_be_survived_as_often_as_one_likes(void **state)
{
	(void)state;
	assert_int_equal(in_child(survives), 0);
}

/* What a filter that kills would kill for. */
static void strictly(void)
{
	start();
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	*nowhere = 1;
}

static void in_a_strict_sandbox_it_dies_of_the_fault_itself(void **state)
{
	int s = in_child(strictly);

	(void)state;
	assert_true(WIFSIGNALED(s));
	assert_int_equal(WTERMSIG(s), SIGSEGV);
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

/* A sanitizer's own handlers stay, and there is nothing of ours to be tested. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static bool is_sanitized(void)
{
	return __asan_init || __tsan_init;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_stays_what_it_was),
		cmocka_unit_test(the_programs_own_handler_runs_after_the_note),
		cmocka_unit_test(a_handler_that_is_set_later_is_the_only_one),
		cmocka_unit_test(a_handler_that_is_seen_to_be_set_later_runs_after_the_note),
		cmocka_unit_test(a_fault_in_the_programs_handler_ends_it_as_it_would_have),
		cmocka_unit_test(a_handler_for_once_is_called_once),
		cmocka_unit_test(faults_may_be_survived_as_often_as_one_likes),
		cmocka_unit_test(in_a_strict_sandbox_it_dies_of_the_fault_itself),
		cmocka_unit_test(a_forbidden_time_stamp_counter_means_another_clock),
		cmocka_unit_test(the_handler_can_be_left_out),
	};

	if (is_sanitized())
		return 0;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
