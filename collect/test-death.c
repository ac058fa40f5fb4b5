/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/death.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void until_dead(const struct death *d)
{
	poll(&(struct pollfd){ .fd = d->pidfd, .events = POLLIN }, 1, -1);
}

static void a_living_process_is_alive(void **state)
{
	struct death d;

	(void)state;
	death_watch(&d, getpid(), 0);
	assert_int_equal(death_look(&d), DEATH_ALIVE);
	assert_true(death_has_image(&d));
	death_forget(&d);
}

static void a_zombie_tells_its_signal(void **state)
{
	pid_t pid = child();
	struct death d;

	(void)state;
	death_watch(&d, pid, 0);
	kill(pid, SIGKILL);
	until_dead(&d);
	assert_int_equal(death_look(&d), DEATH_TOLD);
	assert_true(WIFSIGNALED(d.wait_status));
	assert_int_equal(WTERMSIG(d.wait_status), SIGKILL);
	assert_false(death_has_image(&d));
	waitpid(pid, NULL, 0);
	death_forget(&d);
}

/* After the reaping only Linux 6.15 and later tell; before, nobody does. */
static void a_reaped_process_tells_its_signal_or_nothing(void **state)
{
	pid_t pid = child();
	struct death d;

	(void)state;
	death_watch(&d, pid, 0);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	if (death_look(&d) == DEATH_TOLD)
		assert_int_equal(WTERMSIG(d.wait_status), SIGTERM);
	else
		assert_int_equal(d.news, DEATH_SILENT);
	death_forget(&d);
}

static void another_start_time_is_another_process(void **state)
{
	struct death d;

	(void)state;
	death_watch(&d, getpid(), 1);
	assert_int_equal(death_look(&d), DEATH_UNKNOWN);
	assert_int_equal(d.pidfd, -1);
}

static void assert_says(int wait_status, const char *expected)
{
	char text[128];
	struct str s = death_text(wait_status, text, sizeof(text));

	assert_int_equal(s.n, strlen(expected));
	assert_string_equal(text, expected);
}

static void every_end_has_its_sentence(void **state)
{
	(void)state;
	assert_says(SIGKILL, "process killed by SIGKILL");
	assert_says(SIGTERM, "process killed by SIGTERM");
	assert_says(SIGSEGV | 0x80, "process died of SIGSEGV");
	assert_says(SIGABRT, "process died of SIGABRT");
	assert_says(3 << 8, "process exited with status 3 before the span ended");
	assert_says(-1, "process ended, cause unknown");
}

static void a_long_sentence_is_cut_to_fit(void **state)
{
	char text[10];

	(void)state;
	assert_int_equal(death_text(SIGKILL, text, sizeof(text)).n, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_living_process_is_alive),
		cmocka_unit_test(a_zombie_tells_its_signal),
		cmocka_unit_test(a_reaped_process_tells_its_signal_or_nothing),
		cmocka_unit_test(another_start_time_is_another_process),
		cmocka_unit_test(every_end_has_its_sentence),
		cmocka_unit_test(a_long_sentence_is_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
