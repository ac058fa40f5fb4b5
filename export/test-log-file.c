/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "export/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/oriel-log-file-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[2][200];
	static int turn;
	char *to = path[turn ^= 1];

	snprintf(to, 200, "%s/%s", folder, name);
	return to;
}

static int fresh(void **state)
{
	char command[120];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s/*", folder);
	return system(command);
}

static void begin(struct log_file *f, const char *name, uint64_t size, uint64_t kept)
{
	assert_true(log_file_init(f, str_of(path_of(name)), size, kept, NULL));
}

static int put(struct log_file *f, const char *lines)
{
	return log_file_put(f, str_of(lines), clock_mono_ns() + 10000000000u);
}

static void holds(const char *name, const char *expected)
{
	char text[4096];
	int fd = open(path_of(name), O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	assert_string_equal(text, expected);
}

/* A collector whose descriptor 0 was somebody's connection died of this. */
static void one_that_was_never_made_closes_nothing(void **state)
{
	struct log_file f = { 0 };
	int kept = fcntl(0, F_DUPFD_CLOEXEC, 3), end[2];

	(void)state;
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	assert_int_equal(dup2(end[0], 0), 0);
	log_file_fini(&f);
	assert_true(fcntl(0, F_GETFD) >= 0);
	dup2(kept >= 0 ? kept : end[1], 0);
	close(kept);
	close(end[0]);
	close(end[1]);
}

static void nothing_is_made_before_there_is_a_line(void **state)
{
	struct log_file f;

	(void)state;
	begin(&f, "a", 0, 0);
	assert_int_equal(access(path_of("a"), F_OK), -1);
	assert_int_equal(put(&f, "1\n"), 0);
	holds("a", "1\n");
	log_file_fini(&f);
}

static void a_full_file_becomes_the_first_old_one(void **state)
{
	struct log_file f;

	(void)state;
	begin(&f, "a", 4, 2);
	for (char c = '1'; c <= '7'; c++)
		assert_int_equal(put(&f, (char[]){ c, '\n', 0 }), 0);
	log_file_fini(&f);
	holds("a", "7\n");
	holds("a.1", "5\n6\n");
	holds("a.2", "3\n4\n");
	assert_int_equal(access(path_of("a.3"), F_OK), -1);
}

static void a_piece_larger_than_the_limit_is_kept_whole(void **state)
{
	struct log_file f;

	(void)state;
	begin(&f, "a", 4, 2);
	assert_int_equal(put(&f, "0123456789\n"), 0);
	assert_int_equal(put(&f, "x\n"), 0);
	log_file_fini(&f);
	holds("a.1", "0123456789\n");
	holds("a", "x\n");
}

static void a_file_that_was_renamed_or_removed_is_opened_anew(void **state)
{
	struct log_file f;

	(void)state;
	begin(&f, "a", 0, 0);
	assert_int_equal(put(&f, "1\n"), 0);
	assert_int_equal(rename(path_of("a"), path_of("b")), 0);
	assert_int_equal(put(&f, "2\n"), 0);
	holds("b", "1\n");
	holds("a", "2\n");
	assert_int_equal(unlink(path_of("a")), 0);
	assert_int_equal(put(&f, "3\n"), 0);
	holds("a", "3\n");
	log_file_fini(&f);
}

static void a_directory_that_is_not_there_is_an_error_until_it_is(void **state)
{
	struct log_file f;

	(void)state;
	begin(&f, "d/a", 0, 0);
	assert_int_equal(put(&f, "1\n"), -ENOENT);
	assert_int_equal(mkdir(path_of("d"), 0700), 0);
	assert_int_equal(put(&f, "1\n"), 0);
	log_file_fini(&f);
}

/* A limit on the file's size cuts a write short, as a full disk does. */
static void what_a_full_disk_cut_short_is_taken_back(void **state)
{
	struct rlimit before, limit;
	struct log_file f;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	begin(&f, "a", 0, 0);
	assert_int_equal(put(&f, "1234\n"), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 8;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(put(&f, "5678\n"), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	holds("a", "1234\n");
	assert_int_equal(put(&f, "5678\n"), 0);
	holds("a", "1234\n5678\n");
	log_file_fini(&f);
}

static void half_a_line_that_a_killed_writer_left_is_ended(void **state)
{
	struct log_file f;
	int fd = open(path_of("a"), O_WRONLY | O_CREAT, 0600);

	(void)state;
	assert_int_equal(write(fd, "1\n{\"ha", 6), 6);
	close(fd);
	begin(&f, "a", 0, 0);
	assert_int_equal(put(&f, "2\n"), 0);
	holds("a", "1\n{\"ha\n2\n");
	log_file_fini(&f);
}

static void who_holds_the_lock_is_waited_for_and_no_longer(void **state)
{
	struct log_file f;
	int fd = open(path_of("a"), O_WRONLY | O_CREAT, 0600);

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	begin(&f, "a", 0, 0);
	assert_int_equal(log_file_put(&f, STR("1\n"), clock_mono_ns() + 5000000), -EAGAIN);
	close(fd);
	assert_int_equal(put(&f, "1\n"), 0);
	holds("a", "1\n");
	log_file_fini(&f);
}

static void what_is_no_file_is_written_to_as_well(void **state)
{
	struct log_file f;
	char text[10];
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path_of("p"), 0600), 0);
	fd = open(path_of("p"), O_RDONLY | O_NONBLOCK);
	begin(&f, "p", 1, 5);
	assert_int_equal(put(&f, "1\n"), 0);
	assert_int_equal(put(&f, "2\n"), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	close(fd);
	log_file_fini(&f);
}

enum { WRITERS = 4, LINES = 2000 };

static void write_many(int who)
{
	struct log_file f;
	char line[64];

	begin(&f, "many", 20000, 100);
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "%d %06d %s\n", who, i, "abcdefghijklmnopqrst");
		if (put(&f, line))
			_exit(1);
	}
	_exit(0);
}

/* Each process's lines, oldest file first, are all there and in order. */
static void four_processes_that_rotate_lose_no_line(void **state)
{
	int next[WRITERS] = { 0 }, status;
	unsigned n_files = 0;

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_many(i);
	for (int i = 0; i < WRITERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (int i = 100; i >= 0; i--) {
		char name[20], line[64];
		FILE *in;

		snprintf(name, sizeof(name), i ? "many.%d" : "many", i);
		in = fopen(path_of(name), "r");
		if (!in)
			continue;
		n_files++;
		while (fgets(line, sizeof(line), in)) {
			int who = line[0] - '0';

			assert_int_equal(strlen(line), 30);
			assert_true(who >= 0 && who < WRITERS);
			assert_int_equal(atoi(line + 2), next[who]++);
		}
		fclose(in);
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(next[i], LINES);
	assert_int_equal(n_files, (WRITERS * LINES * 30 + 19979) / 19980);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_that_was_never_made_closes_nothing, fresh),
		cmocka_unit_test_setup(nothing_is_made_before_there_is_a_line, fresh),
		cmocka_unit_test_setup(a_full_file_becomes_the_first_old_one, fresh),
		cmocka_unit_test_setup(a_piece_larger_than_the_limit_is_kept_whole, fresh),
		cmocka_unit_test_setup(a_file_that_was_renamed_or_removed_is_opened_anew, fresh),
		cmocka_unit_test_setup(a_directory_that_is_not_there_is_an_error_until_it_is,
				       fresh),
		cmocka_unit_test_setup(what_a_full_disk_cut_short_is_taken_back, fresh),
		cmocka_unit_test_setup(half_a_line_that_a_killed_writer_left_is_ended, fresh),
		cmocka_unit_test_setup(who_holds_the_lock_is_waited_for_and_no_longer, fresh),
		cmocka_unit_test_setup(what_is_no_file_is_written_to_as_well, fresh),
		cmocka_unit_test_setup(four_processes_that_rotate_lose_no_line, fresh),
	};
	int r;

	if (!mkdtemp(folder))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	fresh(NULL);
	rmdir(folder);
	return r;
}
