/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/proc-stat.h"
#include "collect/vitals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t start_of(pid_t pid)
{
	struct proc_stat s;

	assert_true(proc_stat_read(&s, pid));
	return s.field[STAT_START];
}

static struct batch *told(const struct vitals *v)
{
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = batch_new(r);

	assert_non_null(b);
	resource_free(r);
	vitals_points(v, b, 1000 * 1000000000ull);
	return b;
}

static const struct metric_point *find(const struct batch *b, struct str name)
{
	for (size_t i = 0; i < b->n_points; i++)
		if (str_eq(b->point[i].name, name))
			return &b->point[i];
	fail();
	return NULL;
}

static void our_own_are_known(void **state)
{
	struct vitals v = { .known = false };
	struct batch *b;

	(void)state;
	vitals_read(&v, getpid(), start_of(getpid()));
	assert_true(v.known);
	b = told(&v);
	assert_true(find(b, STR("process.memory.usage"))->integer > 100000);
	assert_true(find(b, STR("process.memory.virtual"))->integer >
		    find(b, STR("process.memory.usage"))->integer);
	assert_int_equal(find(b, STR("process.thread.count"))->integer, 1);
	assert_true(find(b, STR("process.open_file_descriptor.count"))->integer >= 3);
	assert_true(find(b, STR("process.cpu.time"))->is_double);
	assert_int_equal(find(b, STR("process.cpu.time"))->kind, METRIC_SUM);
	assert_int_equal(find(b, STR("process.uptime"))->kind, METRIC_GAUGE);
	batch_free(b);
}

static void one_descriptor_more_is_one_more(void **state)
{
	struct vitals before = { .known = false }, after = { .known = false };
	uint64_t start = start_of(getpid());
	int fd;

	(void)state;
	vitals_read(&before, getpid(), start);
	fd = dup(0);
	vitals_read(&after, getpid(), start);
	assert_int_equal(after.n_descriptors - before.n_descriptors, fd >= 0);
	close(fd);
}

static void a_pid_that_is_another_s_is_not_read(void **state)
{
	struct vitals v = { .known = false };

	(void)state;
	vitals_read(&v, getpid(), start_of(getpid()) + 1);
	assert_false(v.known);
	vitals_read(&v, 0, 0);
	assert_false(v.known);
}

static void what_waits_to_be_reaped_keeps_its_last_memory(void **state)
{
	struct vitals v = { .known = false };
	siginfo_t end;
	uint64_t start;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		pause();
		_exit(0);
	}
	start = start_of(pid);
	vitals_read(&v, pid, start);
	assert_true(v.resident_bytes > 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
	vitals_read(&v, pid, start);
	assert_true(v.resident_bytes > 0);
	waitpid(pid, NULL, 0);
	vitals_read(&v, pid, start);
	assert_true(v.known && v.resident_bytes > 0);
}

static void nothing_known_is_nothing_told(void **state)
{
	struct vitals v = { .known = false };
	struct batch *b = told(&v);

	(void)state;
	assert_int_equal(b->n_points, 0);
	batch_free(b);
}

static void settings_say_whether(void **state)
{
	static const char no[] = "ORIEL_PROCESS_METRICS=False",
			  yes[] = "ORIEL_PROCESS_METRICS=true";

	(void)state;
	assert_false(vitals_are_wanted(&(struct settings){ { no, sizeof(no) } }));
	assert_true(vitals_are_wanted(&(struct settings){ { yes, sizeof(yes) } }));
	assert_true(vitals_are_wanted(&(struct settings){ { 0 } }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_are_known),
		cmocka_unit_test(one_descriptor_more_is_one_more),
		cmocka_unit_test(a_pid_that_is_another_s_is_not_read),
		cmocka_unit_test(what_waits_to_be_reaped_keeps_its_last_memory),
		cmocka_unit_test(nothing_known_is_nothing_told),
		cmocka_unit_test(settings_say_whether),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
