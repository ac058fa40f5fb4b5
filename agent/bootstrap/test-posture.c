/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/posture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct posture before;
static struct outcome o;
static int here, null;

static int begin(void **state)
{
	(void)state;
	here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	o = (struct outcome){ .kind = OUTCOME_FIRED };
	posture_take(&before);
	return here < 0 || null < 0;
}

static int end(void **state)
{
	(void)state;
	sigprocmask(SIG_SETMASK, &before.mask, NULL);
	umask(before.umask);
	if (fchdir(here) < 0)
		return -1;
	close(here);
	close(null);
	return 0;
}

static void what_was_left_alone_holds(void **state)
{
	int more = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(posture_holds(&before, &o));
	assert_int_equal(o.kind, OUTCOME_FIRED);
	close(more);
}

static void another_directory_is_seen(void **state)
{
	(void)state;
	assert_int_equal(chdir("/proc"), 0);
	assert_false(posture_holds(&before, &o));
	assert_int_equal(o.kind, OUTCOME_DIRECTORY);
}

static void another_umask_is_seen(void **state)
{
	(void)state;
	umask(before.umask ^ 070);
	assert_false(posture_holds(&before, &o));
	assert_int_equal(o.kind, OUTCOME_UMASK);
}

static void another_signal_mask_is_seen(void **state)
{
	sigset_t one;

	(void)state;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	assert_false(posture_holds(&before, &o));
	assert_int_equal(o.kind, OUTCOME_MASK);
}

static void a_closed_descriptor_is_seen(void **state)
{
	(void)state;
	close(null);
	assert_false(posture_holds(&before, &o));
	assert_int_equal(o.kind, OUTCOME_DESCRIPTOR);
	assert_int_equal(o.detail, null);
}

static void a_replaced_descriptor_is_seen(void **state)
{
	(void)state;
	assert_int_equal(dup2(here, null), null);
	assert_false(posture_holds(&before, &o));
	assert_int_equal(o.kind, OUTCOME_DESCRIPTOR);
	assert_int_equal(o.detail, null);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_left_alone_holds),   TEST(another_directory_is_seen),
		TEST(another_umask_is_seen),	   TEST(another_signal_mask_is_seen),
		TEST(a_closed_descriptor_is_seen), TEST(a_replaced_descriptor_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
