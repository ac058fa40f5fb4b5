/* SPDX-License-Identifier: Apache-2.0 */
#include "export/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/oriel-spool-XXXXXX";

static int fresh(void **state)
{
	char command[80];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command);
}

static struct spool *begin(uint64_t most)
{
	struct spool *s = spool_open(dir, "localhost:4318 traces", most);

	assert_non_null(s);
	return s;
}

static void put(struct spool *s, const char *body)
{
	assert_int_equal(spool_put(s, 1, 10, str_of(body)), 0);
}

static struct out text;

static struct spool_item hold(struct spool *s, const char *body)
{
	struct spool_item item;

	assert_true(spool_take(s, true, &text, &item));
	assert_int_equal(item.which, 1);
	assert_int_equal(item.n_items, 10);
	assert_true(str_eq(item.body, str_of(body)));
	return item;
}

static void take(struct spool *s, const char *body)
{
	struct spool_item item = hold(s, body);

	assert_true(spool_done(s, &item));
}

static void empty(struct spool *s)
{
	struct spool_item item;

	assert_false(spool_take(s, true, &text, &item));
	assert_int_equal(spool_items(s), 0);
}

static void what_goes_in_first_comes_out_first(void **state)
{
	struct spool *s = begin(1 << 20);

	(void)state;
	empty(s);
	put(s, "a");
	put(s, "bb");
	assert_int_equal(spool_items(s), 20);
	take(s, "a");
	put(s, "ccc");
	take(s, "bb");
	take(s, "ccc");
	empty(s);
	put(s, "d");
	take(s, "d");
	spool_close(s);
}

static void it_outlives_who_had_it_and_nothing_comes_twice(void **state)
{
	struct spool *s = begin(1 << 20);

	(void)state;
	put(s, "a");
	put(s, "b");
	put(s, "c");
	take(s, "a");
	spool_close(s);
	s = begin(1 << 20);
	assert_int_equal(spool_items(s), 20);
	put(s, "d");
	take(s, "b");
	take(s, "c");
	take(s, "d");
	empty(s);
	spool_close(s);
}

static void each_has_its_own(void **state)
{
	struct spool *a = begin(1 << 20), *b = begin(1 << 20), *c;

	(void)state;
	put(a, "a");
	put(b, "b");
	c = spool_open(dir, "localhost:4318 logs", 1 << 20);
	empty(c);
	spool_close(c);
	take(b, "b");
	empty(b);
	take(a, "a");
	empty(a);
	spool_close(a);
	spool_close(b);
}

static void what_anyone_left_is_the_next_ones(void **state)
{
	struct spool *a = begin(1 << 20), *b = begin(1 << 20);

	(void)state;
	put(b, "b");
	spool_close(b);
	spool_close(a);
	a = begin(1 << 20);
	assert_int_equal(spool_items(a), 10);
	b = begin(1 << 20);
	empty(b);
	take(a, "b");
	spool_close(a);
	spool_close(b);
}

static void what_another_leaves_is_adopted(void **state)
{
	struct spool *a = begin(1 << 20), *b = begin(1 << 20);

	(void)state;
	assert_false(spool_adopt(b));
	put(a, "a");
	put(b, "b");
	assert_false(spool_adopt(b));
	spool_close(a);
	assert_false(spool_adopt(b)); /* it has something */
	take(b, "b");
	assert_true(spool_adopt(b));
	assert_false(spool_adopt(b));
	assert_int_equal(spool_items(b), 10);
	put(b, "c");
	take(b, "a");
	take(b, "c");
	empty(b);
	spool_close(b);
	a = begin(1 << 20);
	empty(a);
	spool_close(a);
}

static void what_several_left_is_adopted_by_one(void **state)
{
	struct spool *s[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		s[i] = begin(1 << 20);
	for (int i = 0; i < 3; i++) {
		put(s[i], i == 0 ? "a" : i == 1 ? "b" : "c");
		spool_close(s[i]);
	}
	s[0] = begin(1 << 20);
	take(s[0], "a");
	assert_true(spool_adopt(s[0]));
	take(s[0], "b");
	assert_true(spool_adopt(s[0]));
	take(s[0], "c");
	assert_false(spool_adopt(s[0]));
	empty(s[0]);
	spool_close(s[0]);
}

static void where_no_folder_can_be_there_is_none(void **state)
{
	(void)state;
	assert_null(spool_open("/dev/null/queue", "localhost:4318 traces", 1 << 20));
	assert_int_equal(errno, ENOTDIR);
}

/* What can't be opened now is no less there. */
static void want_of_descriptors_loses_nothing(void **state)
{
	struct spool *s = begin(1 << 20);
	struct rlimit before, none;
	struct spool_item item;

	(void)state;
	put(s, "a");
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ 0, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	assert_false(spool_take(s, true, &text, &item));
	setrlimit(RLIMIT_NOFILE, &before);
	assert_true(spool_is_short(s));
	assert_int_equal(spool_dropped(s), 0);
	take(s, "a");
	assert_false(spool_is_short(s));
	empty(s);
	spool_close(s);
}

static void the_oldest_give_way_and_are_counted(void **state)
{
	char *large = calloc(1, (3 << 20) + 1);
	struct spool *s = begin(10 << 20);
	struct spool_item item;

	(void)state;
	for (int i = 0; i < 5; i++) {
		memset(large, 'a' + i, 3 << 20);
		put(s, large);
	}
	assert_int_equal(spool_dropped(s), 20);
	assert_int_equal(spool_dropped(s), 0);
	assert_int_equal(spool_items(s), 30);
	assert_true(spool_bytes(s) <= 10 << 20);
	assert_true(spool_take(s, true, &text, &item));
	assert_int_equal(item.body.p[0], 'c');
	assert_true(spool_put(s, 1, 1, (struct str){ large, 11 << 20 }) < 0);
	spool_close(s);
	free(large);
}

/* The only file there is. */
static void path_of_file(char path[400])
{
	char command[120];
	FILE *f;

	snprintf(command, sizeof(command), "ls %s/*/*.queue", dir);
	f = popen(command, "r");
	assert_non_null(fgets(path, 400, f));
	path[strcspn(path, "\n")] = '\0';
	pclose(f);
}

static void damage(int64_t at, const char *bytes, size_t n)
{
	char path[400];
	int fd;
	struct stat st;

	path_of_file(path);
	fd = open(path, O_WRONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, bytes, n, at < 0 ? st.st_size + at : at), n);
	close(fd);
}

/* What gave way for it was taken, too: who put it counts what was put, not what is there. */
static void a_small_one_keeps_its_bound_too(void **state)
{
	struct spool *s = begin(40000);
	char body[1001];

	(void)state;
	memset(body, 'b', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	for (int i = 0; i < 200; i++) {
		put(s, body);
		assert_true(spool_bytes(s) <= 40000);
	}
	assert_true(spool_items(s) >= 250);
	assert_int_equal(spool_items(s) + spool_dropped(s), 2000);
	take(s, body);
	spool_close(s);
}

static void what_was_taken_is_known_though_older_ones_give_way(void **state)
{
	static char big[3 << 20];
	struct spool *s = begin(7 << 20);
	struct str body = { big, sizeof(big) };

	(void)state;
	memset(big, 'x', sizeof(big));
	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(spool_put(s, 1, 10, body), 0);
		assert_int_equal(spool_came(s), 10 * i);
	}
	assert_int_equal(spool_came(s), spool_items(s) + spool_dropped(s));
	assert_in_range(spool_items(s), 10, 20);
	spool_close(s);
}

static void a_damaged_record_ends_its_file_and_is_counted(void **state)
{
	struct spool *s = begin(1 << 20);

	(void)state;
	put(s, "a");
	put(s, "bbbb");
	spool_close(s);
	damage(-2, "x", 1);
	s = begin(1 << 20);
	take(s, "a");
	empty(s);
	assert_int_equal(spool_dropped(s), 10);
	spool_close(s);
}

static void half_a_record_was_never_there(void **state)
{
	struct spool *s = begin(1 << 20);
	char path[400];

	(void)state;
	put(s, "a");
	put(s, "bbbb");
	spool_close(s);
	path_of_file(path);
	assert_int_equal(truncate(path, 16 + 16 + 1 + 16 + 2), 0);
	s = begin(1 << 20);
	assert_int_equal(spool_items(s), 10);
	take(s, "a");
	empty(s);
	spool_close(s);
}

static void a_file_that_is_none_is_removed(void **state)
{
	struct spool *s = begin(1 << 20);

	(void)state;
	put(s, "a");
	spool_close(s);
	damage(0, "nonsense", 8);
	s = begin(1 << 20);
	empty(s);
	put(s, "b");
	take(s, "b");
	spool_close(s);
}

static void several_are_taken_before_one_is_done(void **state)
{
	struct spool *s = begin(1 << 20);
	struct spool_item a, b;

	(void)state;
	put(s, "a");
	put(s, "b");
	put(s, "c");
	a = hold(s, "a");
	b = hold(s, "b");
	assert_true(spool_done(s, &b));
	assert_int_equal(spool_items(s), 20);
	assert_int_equal(spool_held(s), 30);
	take(s, "c");
	put(s, "d");
	assert_true(spool_done(s, &a));
	assert_int_equal(spool_held(s), 10);
	take(s, "d");
	empty(s);
	assert_int_equal(spool_bytes(s), 0);
	spool_close(s);
}

static void what_comes_back_is_taken_next(void **state)
{
	struct spool *s = begin(1 << 20);
	struct spool_item a, b;

	(void)state;
	put(s, "a");
	put(s, "b");
	put(s, "c");
	a = hold(s, "a");
	b = hold(s, "b");
	spool_back(s, &b);
	spool_back(s, &a);
	take(s, "a");
	take(s, "b");
	take(s, "c");
	empty(s);
	spool_close(s);
}

/* None is lost, and none that was done comes again. */
static void what_was_done_out_of_turn_is_done_for_the_next_one(void **state)
{
	struct spool *s = begin(1 << 20);

	(void)state;
	put(s, "a");
	put(s, "b");
	put(s, "c");
	put(s, "d");
	put(s, "e");
	take(s, "a");
	hold(s, "b");
	take(s, "c");
	hold(s, "d");
	take(s, "e");
	assert_int_equal(spool_items(s), 20);
	spool_close(s);
	s = begin(1 << 20);
	assert_int_equal(spool_items(s), 20);
	put(s, "f");
	take(s, "b");
	take(s, "d");
	take(s, "f");
	empty(s);
	assert_int_equal(spool_bytes(s), 0);
	assert_int_equal(spool_dropped(s), 0);
	spool_close(s);
}

static void what_gives_way_while_it_is_out_is_not_done(void **state)
{
	static char big[3 << 20];
	struct spool *s = begin(7 << 20);
	struct str body = { big, sizeof(big) };
	struct spool_item first;

	(void)state;
	assert_int_equal(spool_put(s, 1, 10, body), 0);
	assert_true(spool_take(s, true, &text, &first));
	for (int i = 0; i < 2; i++)
		assert_int_equal(spool_put(s, 1, 10, body), 0);
	assert_false(spool_done(s, &first));
	spool_back(s, &first);
	assert_int_equal(spool_dropped(s), 10);
	assert_int_equal(spool_items(s), 20);
	spool_close(s);
}

static void a_damaged_record_leaves_those_that_were_taken(void **state)
{
	struct spool *s = begin(1 << 20);
	struct spool_item a;

	(void)state;
	put(s, "a");
	put(s, "bbbb");
	a = hold(s, "a");
	damage(-2, "x", 1);
	assert_false(spool_take(s, true, &text, &(struct spool_item){ .ticket = 0 }));
	assert_int_equal(spool_dropped(s), 10);
	put(s, "c");
	take(s, "c");
	assert_true(spool_done(s, &a));
	empty(s);
	spool_close(s);
}

static void points_wait_until_they_are_wanted(void **state)
{
	struct spool *s = begin(1 << 20);
	struct spool_item item;

	(void)state;
	assert_int_equal(spool_put(s, 2, 10, STR("points")), 0);
	put(s, "a");
	assert_false(spool_take(s, false, &text, &item));
	assert_true(spool_take(s, true, &text, &item));
	assert_int_equal(item.which, 2);
	assert_true(spool_take(s, false, &text, &item));
	assert_int_equal(item.which, 1);
	spool_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_goes_in_first_comes_out_first, fresh),
		cmocka_unit_test_setup(it_outlives_who_had_it_and_nothing_comes_twice, fresh),
		cmocka_unit_test_setup(each_has_its_own, fresh),
		cmocka_unit_test_setup(what_anyone_left_is_the_next_ones, fresh),
		cmocka_unit_test_setup(what_another_leaves_is_adopted, fresh),
		cmocka_unit_test_setup(what_several_left_is_adopted_by_one, fresh),
		cmocka_unit_test_setup(where_no_folder_can_be_there_is_none, fresh),
		cmocka_unit_test_setup(want_of_descriptors_loses_nothing, fresh),
		cmocka_unit_test_setup(the_oldest_give_way_and_are_counted, fresh),
		cmocka_unit_test_setup(a_small_one_keeps_its_bound_too, fresh),
		cmocka_unit_test_setup(what_was_taken_is_known_though_older_ones_give_way, fresh),
		cmocka_unit_test_setup(a_damaged_record_ends_its_file_and_is_counted, fresh),
		cmocka_unit_test_setup(half_a_record_was_never_there, fresh),
		cmocka_unit_test_setup(a_file_that_is_none_is_removed, fresh),
		cmocka_unit_test_setup(several_are_taken_before_one_is_done, fresh),
		cmocka_unit_test_setup(what_comes_back_is_taken_next, fresh),
		cmocka_unit_test_setup(what_was_done_out_of_turn_is_done_for_the_next_one, fresh),
		cmocka_unit_test_setup(what_gives_way_while_it_is_out_is_not_done, fresh),
		cmocka_unit_test_setup(a_damaged_record_leaves_those_that_were_taken, fresh),
		cmocka_unit_test_setup(points_wait_until_they_are_wanted, fresh),
	};
	int r;

	if (!mkdtemp(dir))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	out_fini(&text);
	fresh(NULL);
	rmdir(dir);
	return r;
}
