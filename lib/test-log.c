/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log calls: what passes, and where a record says that it comes from. Each fact runs in a child of
 * its own, which looks at its own segment.
 */
#include "lib/test-segment.h"

#include "base/severity.h"
#include "lib/thread.h"
#include "wire/control.h"
#include "wire/names.h"

#include <errno.h>
#include <sys/syscall.h>

static struct control *control(void)
{
	return (struct control *)((char *)process.segment + process.segment->control_at);
}

static const void *entry(uint16_t number)
{
	must(number != 0);
	return (char *)process.segment + process.segment->names_at + number * NAME_UNIT;
}

static bool text_is(uint16_t number, const char *text)
{
	const struct name_text *e = entry(number);

	return atomic_load(&e->head) == NAME_HEAD(NAME_TEXT, strlen(text)) &&
	       memcmp(e->bytes, text, strlen(text)) == 0;
}

static bool body_is(const struct record_log *r, const char *text)
{
	return r->head.text_n == strlen(text) && memcmp(r + 1, text, strlen(text)) == 0;
}

/* ---- where it comes from ------------------------------------------------------------------------- */

static void one_place(void)
{
	const struct record_log *log[4];
	unsigned line = __LINE__ + 4;

	must(oriel_start(NULL) == 0);
	for (int i = 0; i < 3; i++)
		oriel_info("hello", oriel_int("i", i));
	must(own_logs(log, 4) == 3 && log[0]->site && log[1]->site == log[0]->site &&
	     log[2]->site == log[0]->site);

	const struct name_site *s = entry(log[0]->site);

	must(atomic_load(&s->head) >> 16 == NAME_SITE && s->line == line);
	must(text_is(s->file, __FILE__) && text_is(s->function, "one_place"));
}

static void a_call_says_once_where_it_stands(void **state)
{
	(void)state;
	seen_of(one_place);
}

static void two_places(void)
{
	const struct record_log *log[2];
	const struct name_site *a, *b;

	must(oriel_start(NULL) == 0);
	oriel_info("one");
	oriel_warnf("two");
	must(own_logs(log, 2) == 2 && log[0]->site != log[1]->site);
	a = entry(log[0]->site);
	b = entry(log[1]->site);
	must(a->file == b->file && a->function == b->function && a->line != b->line);
}

static void places_of_one_file_share_its_name(void **state)
{
	(void)state;
	seen_of(two_places);
}

static void say(void)
{
	oriel_info("hello");
}

static void forks(void)
{
	const struct record_log *log[1];
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	oriel_info("another, so that numbers differ");
	say();
	pid = fork();
	if (pid == 0) {
		say();
		must(own_logs(log, 1) == 1);
		must(text_is(((const struct name_site *)entry(log[0]->site))->function, "say"));
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_forked_child_says_it_again(void **state)
{
	(void)state;
	seen_of(forks);
}

static void no_room(void)
{
	static struct oriel_site site[3000];
	const struct record_log *log[1];

	must(oriel_start(NULL) == 0);
	for (unsigned i = 0; i < 3000; i++) {
		site[i] = (struct oriel_site){ "file.c", "function", i, 0 };
		oriel_log_at(&site[i], ORIEL_INFO, "x", 1, ORIEL_WITH());
	}
	must(own_logs(log, 1) == 1 && site[0].number & 0xffff && !(site[2999].number & 0xffff));
	must(process.segment->loss[LOSS_names_no_room] > 0);
}

static void places_beyond_the_room_are_counted_and_records_kept(void **state)
{
	struct seen s;

	(void)state;
	setenv("ORIEL_SEGMENT_SIZE", "131072", 1);
	s = seen_of(no_room);
	unsetenv("ORIEL_SEGMENT_SIZE");
	assert_int_equal(s.bad, 0);
}

/* ---- levels -------------------------------------------------------------------------------------- */

static unsigned evaluated;

static int64_t costly(void)
{
	return ++evaluated;
}

static void below(void)
{
	const struct record_log *log[8];

	oriel_critical("before the start", oriel_int("n", costly()));
	must(oriel_start(NULL) == 0);
	oriel_debug("no", oriel_int("n", costly()));
	oriel_debugf("no %d", (int)costly());
	must(evaluated == 0);
	oriel_info("yes", oriel_int("n", costly()));
	must(evaluated == 1 && own_logs(log, 8) == 1);
	atomic_store(&control()->passing[0], SEVERITY_OFF - SEVERITY_DEBUG);
	oriel_debug("now", oriel_int("n", costly()));
	atomic_store(&control()->passing[0], 0);
	oriel_critical("no", oriel_int("n", costly()));
	must(evaluated == 2 && own_logs(log, 8) == 2);
	atomic_store(&control()->passing[0], SEVERITY_MOST);
	oriel_trace("all", oriel_int("n", costly()));
	oriel_stop();
	oriel_critical("after the stop", oriel_int("n", costly()));
	must(evaluated == 3);
}

static void what_is_below_the_level_is_not_even_evaluated(void **state)
{
	(void)state;
	seen_of(below);
}

static void by_environment(void)
{
	struct oriel_logger *early = oriel_logger("db");

	must(oriel_start(NULL) == 0);
	must(early && early == oriel_logger("db"));
	must(!oriel_passes(NULL, ORIEL_INFO) && oriel_passes(NULL, ORIEL_WARN));
	must(oriel_passes(early, ORIEL_DEBUG) && !oriel_passes(early, ORIEL_TRACE));
	must(!oriel_passes(oriel_logger("quiet"), ORIEL_FATAL));
	must(!oriel_passes(oriel_logger("other"), ORIEL_INFO));
	must(oriel_passes(oriel_logger("other"), ORIEL_WARN));
}

static void levels_come_from_the_environment(void **state)
{
	(void)state;
	setenv("LOG_LEVEL", "warning", 1);
	setenv("ORIEL_LOG_LEVELS", "db=debug, quiet = off,=,other=nonsense", 1);
	seen_of(by_environment);
	setenv("LOG_LEVEL", "loud", 1);
	unsetenv("ORIEL_LOG_LEVELS");
	seen_of(below); /* of a level that makes no sense: INFO */
	unsetenv("LOG_LEVEL");
}

static void named(void)
{
	const struct record_log *log[2];
	struct oriel_logger *db;
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	db = oriel_logger("db");
	oriel_logger_level(db, ORIEL_DEBUG);
	oriel_log_to(db, ORIEL_DEBUG, "connected");
	oriel_debug("no");
	must(own_logs(log, 2) == 1 && log[0]->logger != 0);
	must(text_is(control()->logger[log[0]->logger], "db"));
	pid = fork();
	if (pid == 0) {
		must(oriel_passes(db, ORIEL_DEBUG) && !oriel_passes(NULL, ORIEL_DEBUG));
		must(text_is(control()->logger[(uintptr_t)db], "db"));
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_named_logger_has_a_level_of_its_own_that_a_child_keeps(void **state)
{
	(void)state;
	seen_of(named);
}

static void many(void)
{
	char name[16];

	must(oriel_start(NULL) == 0);
	for (int i = 1; i < ORIEL_LOGGERS; i++) {
		snprintf(name, sizeof(name), "logger %d", i);
		must((uintptr_t)oriel_logger(name) == (uintptr_t)i);
	}
	must(!oriel_logger("one more") && !oriel_logger(NULL) && !oriel_logger(""));
}

static void the_sixty_fourth_name_is_the_programs_own_logger(void **state)
{
	struct seen s = seen_of(many);

	(void)state;
	assert_int_equal(s.loss[LOSS_names_no_room], 1);
}

static void forks_raw(void)
{
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		must(!oriel_passes(NULL, ORIEL_FATAL));
		oriel_critical("nobody told us");
		syscall(SYS_exit_group, 0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void in_a_child_that_nobody_told_of_nothing_passes(void **state)
{
	struct seen s = seen_of(forks_raw);

	(void)state;
	assert_int_equal(s.n[RECORD_LOG], 0);
}

/* ---- printf's way ---------------------------------------------------------------------------------- */

static void printed(void)
{
	const struct record_log *log[3];
	char wide[2000];

	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	setenv("ORIEL_FALLBACK", "none", 1); /* a line is cut, too */
	must(oriel_start(NULL) == 0);
	errno = ENOENT;
	oriel_infof("order %d of %s: %m", 7, "acme");
	must(errno == ENOENT);
	oriel_infof("%s", wide);
	must(own_logs(log, 3) == 2 &&
	     body_is(log[0], "order 7 of acme: No such file or directory"));
	must(log[1]->head.text_n == 1024);
	must(process.segment->loss[LOSS_values_cut] == 1);
}

static void a_printed_body_is_cut_at_its_room(void **state)
{
	(void)state;
	seen_of(printed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_says_once_where_it_stands),
		TEST(places_of_one_file_share_its_name),
		TEST(a_forked_child_says_it_again),
		TEST(places_beyond_the_room_are_counted_and_records_kept),
		TEST(what_is_below_the_level_is_not_even_evaluated),
		TEST(levels_come_from_the_environment),
		TEST(a_named_logger_has_a_level_of_its_own_that_a_child_keeps),
		TEST(the_sixty_fourth_name_is_the_programs_own_logger),
		TEST(in_a_child_that_nobody_told_of_nothing_passes),
		TEST(a_printed_body_is_cut_at_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
