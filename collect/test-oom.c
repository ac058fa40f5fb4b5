/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups as they look from outside, in a folder of our own. */
#include "collect/oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char mount[] = "/tmp/oriel-oom-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", mount, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void folder(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", mount, name);
	mkdir(path, 0700);
}

static void a_kill_that_the_group_counts_is_one(void **state)
{
	struct oom o;

	(void)state;
	folder("shop");
	put("shop/memory.events", "low 0\nhigh 12\nmax 3\noom 1\noom_kill 1\n");
	oom_watch_text(&o, "0::/shop\n", mount);
	assert_false(oom_happened(&o));
	put("shop/memory.events", "low 0\nhigh 12\nmax 4\noom 2\noom_kill 2\n");
	assert_true(oom_happened(&o));
}

static void version_1_counts_too(void **state)
{
	struct oom o;

	(void)state;
	folder("memory");
	folder("memory/shop");
	put("memory/shop/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	oom_watch_text(&o, "11:cpu,cpuacct:/\n7:memory:/shop\n", mount);
	put("memory/shop/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
	assert_true(oom_happened(&o));
}

static void without_a_count_nothing_is_claimed(void **state)
{
	static const char *const groups[] = { "",     "0::\n",	       "0::/none\n",
					      "::::", "7:cpu:/shop\n", "nothing" };
	struct oom o;

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		oom_watch_text(&o, groups[i], mount);
		assert_false(oom_happened(&o));
	}
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(mount) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", mount);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_that_the_group_counts_is_one),
		cmocka_unit_test(version_1_counts_too),
		cmocka_unit_test(without_a_count_nothing_is_claimed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
