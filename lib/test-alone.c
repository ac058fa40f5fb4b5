/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to standard error while no collector lives. Each fact runs in a child whose descriptor 2
 * is a pipe that the child itself reads.
 */
#include "lib/test-segment.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static int ends[2];

static void pipe_as_stderr(void)
{
	must(pipe2(ends, O_CLOEXEC) == 0 && dup2(ends[1], 2) == 2);
	must(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
}

/* What came since the last time. */
static const char *heard(void)
{
	static char text[65536];
	ssize_t n = read(ends[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool says(const char *part)
{
	return strstr(heard(), part) != NULL;
}

static uint64_t mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* As a collector that was there `ago_s` seconds before. */
static void seen(uint64_t ago_s)
{
	atomic_store(&process.segment->collector_ns, mono_ns() - ago_s * 1000000000u);
	atomic_store(&process.look_at, 0);
}

static void none(void)
{
	const char *text;

	pipe_as_stderr();
	must(oriel_start(NULL) == 0);
	errno = ENOENT;
	oriel_info("hello", oriel_str("a", "b c"));
	must(errno == ENOENT);
	text = heard();
	must(strncmp(text, "oriel: no collector lives", 25) == 0);
	must(strstr(text, "Z INFO hello a=\"b c\"\n") != NULL);
	ORIEL_SPAN ("work") {
		oriel_fields_bind(oriel_int("n", 7));
		oriel_set_request_id("r-1");
		oriel_log_to(oriel_logger("db"), ORIEL_ERR, "gone");
	}
	text = heard();
	must(!strstr(text, "oriel:") &&
	     strstr(text, "Z ERROR db: gone n=7 request_id=r-1 trace_id="));
	oriel_debug("below");
	oriel_log_write(ORIEL_WARN, "by function", 11, ORIEL_WITH());
	must(says("by function"));
	oriel_stop();
	oriel_info("stopped");
	must(!says("stopped"));
}

static void lines_go_to_standard_error_and_are_recorded_too(void **state)
{
	(void)state;
	assert_int_equal(seen_of(none).n[RECORD_LOG], 3);
}

static void comes_and_goes(void)
{
	pipe_as_stderr();
	must(oriel_start(NULL) == 0);
	seen(0);
	oriel_info("one");
	must(!says("one"));
	seen(9);
	oriel_info("two");
	must(!says("two"));
	seen(11);
	oriel_info("three");
	must(says("three"));
	seen(0);
	oriel_info("four");
	must(!says("four"));
}

static void only_while_none_lives(void **state)
{
	(void)state;
	seen_of(comes_and_goes);
}

static void others(void)
{
	char path[128];
	int file;

	pipe_as_stderr();
	must(oriel_start(NULL) == 0);
	snprintf(path, sizeof(path), "%s/data", dir);
	file = open(path, O_RDWR | O_CREAT, 0600);
	must(dup2(file, 2) == 2);
	oriel_info("into a file of the program's");
	must(lseek(file, 0, SEEK_END) == 0);
	close(2);
	oriel_info("closed");
	must(dup2(ends[1], 2) == 2);
	oriel_info("back");
	must(says("back"));
	unlink(path);
}

static void what_has_taken_the_place_of_standard_error_gets_nothing(void **state)
{
	(void)state;
	seen_of(others);
}

static void full(void)
{
	char page[4096] = { 0 };

	pipe_as_stderr();
	must(oriel_start(NULL) == 0);
	must(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(ends[1], page, sizeof(page)) > 0)
		;
	must(fcntl(ends[1], F_SETFL, 0) == 0);
	oriel_info("nobody reads");
	close(ends[0]);
	oriel_info("nobody can");
}

static void a_full_or_broken_pipe_neither_holds_nor_ends_the_program(void **state)
{
	(void)state;
	assert_int_equal(seen_of(full).n[RECORD_LOG], 2);
}

static void limited(void)
{
	struct rlimit least = { 0, RLIM_INFINITY };
	char path[128];
	int file;

	snprintf(path, sizeof(path), "%s/err", dir);
	file = open(path, O_RDWR | O_CREAT, 0600);
	must(dup2(file, 2) == 2);
	must(oriel_start(NULL) == 0);
	must(setrlimit(RLIMIT_FSIZE, &least) == 0);
	oriel_info("no more than nothing");
	must(lseek(file, 0, SEEK_END) == 0);
	unlink(path);
}

static void a_files_limit_does_not_end_the_program(void **state)
{
	(void)state;
	seen_of(limited);
}

static void child_warns(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		oriel_warn("in a child");
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
	must(says("WARNING in a child\n"));
}

static void no_segment(void)
{
	struct rlimit least = { 0, RLIM_INFINITY };

	pipe_as_stderr();
	must(setrlimit(RLIMIT_FSIZE, &least) == 0);
	must(oriel_start(NULL) == ORIEL_OFF_NO_ROOM);
	oriel_info("all the same");
	oriel_debug("below");
	must(says("INFO all the same\n"));
	child_warns();
}

static void without_a_segment_lines_are_written_too(void **state)
{
	(void)state;
	assert_int_equal(seen_of(no_segment).segments, 0);
}

static void child_without(void)
{
	struct rlimit least = { 0, RLIM_INFINITY };

	pipe_as_stderr();
	must(oriel_start(NULL) == 0);
	must(setrlimit(RLIMIT_FSIZE, &least) == 0);
	child_warns();
}

static void a_child_that_got_no_segment_writes_lines(void **state)
{
	(void)state;
	seen_of(child_without);
}

static void unwanted(void)
{
	pipe_as_stderr();
	must(oriel_start(NULL) == 0);
	oriel_info("hello");
	must(heard()[0] == '\0');
}

static void it_can_be_left_out(void **state)
{
	(void)state;
	setenv("ORIEL_FALLBACK", "none", 1);
	seen_of(unwanted);
	unsetenv("ORIEL_FALLBACK");
	setenv("ORIEL_EXCLUDED_URLS", "(", 1);
	setenv("LOG_LEVEL", "off", 1);
	seen_of(unwanted);
	unsetenv("ORIEL_EXCLUDED_URLS");
	unsetenv("LOG_LEVEL");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_go_to_standard_error_and_are_recorded_too),
		TEST(only_while_none_lives),
		TEST(what_has_taken_the_place_of_standard_error_gets_nothing),
		TEST(a_full_or_broken_pipe_neither_holds_nor_ends_the_program),
		TEST(a_files_limit_does_not_end_the_program),
		TEST(without_a_segment_lines_are_written_too),
		TEST(a_child_that_got_no_segment_writes_lines),
		TEST(it_can_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
