/* SPDX-License-Identifier: Apache-2.0 */
#include "store/trail.h"

#include "base/hex.h"
#include "base/sha256.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[128];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/oriel-trail-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	DIR *d = opendir(dir);

	(void)state;
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof(path), "%.40s/%.40s", dir, e->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(dir);
}

static const char *today(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char name[32];

	strftime(name, sizeof(name), "audit-%Y-%m-%d.jsonl", gmtime_r(&now, &tm));
	snprintf(path, sizeof(path), "%.40s/%s", dir, name);
	return path;
}

static void write_lines(const char *const *line, size_t n)
{
	struct trail *t;

	assert_int_equal(trail_open(&t, dir, 0), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(trail_add(t, str_of(line[i])), 0);
	assert_int_equal(trail_sync(t), 0);
	trail_free(t);
}

#define WRITE(...) \
	write_lines((const char *const[]){ __VA_ARGS__ }, \
		    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static struct trail_check checked(void)
{
	struct trail_check c;

	assert_int_equal(trail_read(dir, &c, NULL, NULL), 0);
	return c;
}

/* Of one file, all of it. */
static size_t slurp(char *to, size_t room)
{
	FILE *f = fopen(today(), "r");
	size_t n;

	assert_non_null(f);
	n = fread(to, 1, room - 1, f);
	to[n] = '\0';
	fclose(f);
	return n;
}

static void spill(const char *text, size_t n)
{
	FILE *f = fopen(today(), "w");

	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
}

static void lines_are_chained_over_writers(void **state)
{
	struct trail_check c;

	(void)state;
	WRITE("\"a\":1", "\"a\":2");
	WRITE("\"a\":3");
	c = checked();
	assert_int_equal(c.n_lines, 3);
	assert_int_equal(c.n_broken, 0);
	assert_int_equal(strlen(c.last), 64);
}

static void a_file_is_its_owners_alone(void **state)
{
	struct stat st;

	(void)state;
	WRITE("\"a\":1");
	assert_int_equal(stat(today(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_line_that_was_changed_shows(void **state)
{
	char text[2048];
	size_t n;

	(void)state;
	WRITE("\"a\":1", "\"a\":2", "\"a\":3");
	n = slurp(text, sizeof(text));
	strstr(text, "\"a\":2")[4] = '7';
	spill(text, n);
	assert_int_equal(checked().n_broken, 1);
	assert_non_null(strstr(checked().where, ":2"));
}

static void a_line_that_was_taken_out_shows(void **state)
{
	char text[2048], *second, *third;

	(void)state;
	WRITE("\"a\":1", "\"a\":2", "\"a\":3");
	slurp(text, sizeof(text));
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	memmove(second, third, strlen(third) + 1);
	spill(text, strlen(text));
	assert_int_equal(checked().n_lines, 2);
	assert_int_equal(checked().n_broken, 1);
}

static void the_beginning_of_a_line_that_nobody_finished_goes(void **state)
{
	char text[2048];
	size_t n;

	(void)state;
	WRITE("\"a\":1");
	n = slurp(text, sizeof(text));
	memcpy(text + n, "{\"a\":2", 6);
	spill(text, n + 6);
	WRITE("\"a\":3");
	assert_int_equal(checked().n_lines, 2);
	assert_int_equal(checked().n_broken, 0);
}

static void what_can_not_be_written_stays_for_the_next_time(void **state)
{
	struct rlimit was, none = { 0, RLIM_INFINITY };
	struct trail *t;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	none.rlim_max = was.rlim_max;
	assert_int_equal(trail_open(&t, dir, 0), 0);
	assert_int_equal(trail_add(t, STR("\"a\":1")), 0);
	setrlimit(RLIMIT_FSIZE, &none);
	assert_true(trail_sync(t) < 0);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(trail_sync(t), 0);
	trail_free(t);
	assert_int_equal(checked().n_lines, 1);
	assert_int_equal(checked().n_broken, 0);
}

static void old_days_go_and_the_chain_goes_on(void **state)
{
	struct trail *t;
	char old[160];

	(void)state;
	WRITE("\"a\":1");
	snprintf(old, sizeof(old), "%.40s/audit-2020-01-01.jsonl", dir);
	assert_int_equal(rename(today(), old), 0);
	WRITE("\"a\":2");
	assert_int_equal(checked().n_lines, 2);
	assert_int_equal(checked().n_broken, 0);
	assert_int_equal(trail_open(&t, dir, 30), 0);
	trail_add(t, STR("\"a\":3"));
	assert_int_equal(trail_sync(t), 0);
	assert_true(trail_has(t, STR("\"a\":3")) && !trail_has(t, STR("\"a\":1")));
	trail_free(t);
	assert_int_equal(checked().n_lines, 2);
	assert_int_equal(checked().n_broken, 0);
}

/* FIPS 180-4's examples, and 64 bytes exactly. */
static void the_hash_is_sha_256(void **state)
{
	static const char *const text[] = {
		"",
		"abc",
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	};
	static const char *const expected[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t bytes[SHA256_BYTES];
		char hex[64];

		sha256(str_of(text[i]), bytes);
		hex_write(hex, bytes, sizeof(bytes));
		assert_memory_equal(hex, expected[i], 64);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_chained_over_writers),
		TEST(a_file_is_its_owners_alone),
		TEST(a_line_that_was_changed_shows),
		TEST(a_line_that_was_taken_out_shows),
		TEST(the_beginning_of_a_line_that_nobody_finished_goes),
		TEST(what_can_not_be_written_stays_for_the_next_time),
		TEST(old_days_go_and_the_chain_goes_on),
		TEST(the_hash_is_sha_256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
