/* SPDX-License-Identifier: Apache-2.0 */
/* oriel_excluded: what the environment and oriel_start say about paths. */
#include "lib/test-segment.h"

enum {
	NOTHING = 0,
	SPANS = ORIEL_EXCLUDED_TRACES,
	COUNTS = ORIEL_EXCLUDED_METRICS,
	ACCESS = ORIEL_EXCLUDED_ACCESS_LOG,
	ALL = SPANS | COUNTS | ACCESS,
};

static unsigned of(const char *path)
{
	return oriel_excluded(path, strlen(path));
}

static void general(void)
{
	setenv("ORIEL_EXCLUDED_URLS", "health, ^/static/ ,\\.png$", 1);
	must(of("/health") == NOTHING);
	must(oriel_start(NULL) == 0);
	must(of("/a/healthcheck") == ALL);
	must(of("/static/x") == ALL);
	must(of("/a/static/x") == NOTHING);
	must(of("/x.png") == ALL);
	must(of("/x.png/y") == NOTHING);
	must(oriel_excluded(NULL, 0) == NOTHING);
}

static void paths_are_searched_for_each_pattern(void **state)
{
	(void)state;
	assert_int_equal(seen_of(general).n[RECORD_LOG], 0);
}

static void encoded(void)
{
	char path[4096];

	setenv("ORIEL_EXCLUDED_URLS", "^/a b/\\d{1\\,2}$,%41,tail", 1);
	must(oriel_start(NULL) == 0);
	must(of("/%61%20b/%31%32") == ALL);
	must(of("/a%20b/123") == NOTHING);
	must(of("/%41") == NOTHING);
	must(of("/%2541") == ALL);
	must(of("/%4") == NOTHING);
	memset(path, '%', sizeof(path));
	must(oriel_excluded(path, sizeof(path)) == NOTHING);
	memcpy(path + sizeof(path) - 4, "tail", 4);
	must(oriel_excluded(path, sizeof(path)) == NOTHING);
	memset(path, 'a', sizeof(path) - 4);
	must(oriel_excluded(path, sizeof(path)) == ALL);
}

static void what_is_searched_is_the_decoded_path(void **state)
{
	(void)state;
	seen_of(encoded);
}

static void by_signal(void)
{
	setenv("ORIEL_EXCLUDED_URLS", "a", 1);
	setenv("ORIEL_EXCLUDED_URLS_TRACES", "b", 1);
	setenv("ORIEL_EXCLUDED_URLS_ACCESS_LOG", "", 1);
	must(oriel_start(NULL) == 0);
	must(of("a") == COUNTS);
	must(of("b") == SPANS);
	must(of("ab") == (SPANS | COUNTS));
}

static void each_signal_may_have_a_list_of_its_own(void **state)
{
	(void)state;
	seen_of(by_signal);
}

static void in_code(void)
{
	char list[] = "code";

	setenv("ORIEL_EXCLUDED_URLS", "environment", 1);
	setenv("ORIEL_EXCLUDED_URLS_TRACES", "environment", 1);
	must(oriel_start(NULL) == 0);
	must(of("environment") == ALL);
	must(oriel_start(ORIEL_OPTIONS(.service = "x")) == 0);
	must(of("environment") == ALL);
	must(oriel_start(ORIEL_OPTIONS(.excluded_urls = list)) == 0);
	memset(list, 'x', sizeof(list) - 1);
	must(of("code") == ALL);
	must(of("environment") == NOTHING);
	must(oriel_start(ORIEL_OPTIONS(.excluded_urls = "")) == 0);
	must(of("code") == NOTHING);
}

static void what_is_said_in_code_replaces_all(void **state)
{
	(void)state;
	seen_of(in_code);
}

static void older_caller(void)
{
	const struct oriel_options o = {
		.size = offsetof(struct oriel_options, excluded_urls),
		.service = "older",
		.excluded_urls = "x",
	};

	must(oriel_start(&o) == 0);
	must(of("x") == NOTHING);
	must(strcmp(process.service, "older") == 0);
}

static void options_of_an_older_header_are_understood(void **state)
{
	(void)state;
	seen_of(older_caller);
}

static void bad(void)
{
	setenv("ORIEL_EXCLUDED_URLS", "good,(bad,also good", 1);
	must(oriel_start(NULL) == 0);
	must(of("/good") == ALL);
	must(of("/also good") == ALL);
	must(of("/(bad") == NOTHING);
}

static void a_bad_pattern_is_a_warning_and_the_others_hold(void **state)
{
	struct seen s;

	(void)state;
	looked_for = "(bad";
	s = seen_of(bad);
	assert_int_equal(s.n[RECORD_LOG], 1);
	assert_int_equal(s.found, 1);
	looked_for = NULL;
}

static void many(void)
{
	static char list[300 * 3 + 1];

	for (int i = 0; i < 300; i++)
		snprintf(list + 3 * i, 4, "%c%c,", 'A' + i / 26, 'a' + i % 26);
	setenv("ORIEL_EXCLUDED_URLS", list, 1);
	must(oriel_start(NULL) == 0);
	must(of("Aa") == ALL);
	must(of("Jv") == ALL);
	must(of("Jw") == NOTHING);
}

static void there_may_be_256_patterns(void **state)
{
	(void)state;
	assert_int_equal(seen_of(many).n[RECORD_LOG], 300 - 256);
}

static void forks(void)
{
	int status;
	pid_t pid;

	setenv("ORIEL_EXCLUDED_URLS", "a", 1);
	must(oriel_start(NULL) == 0);
	pid = fork();
	if (pid == 0)
		_exit(of("a") != ALL);
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_child_leaves_out_what_its_parent_does(void **state)
{
	(void)state;
	seen_of(forks);
}

/* As the collector does it. */
static void tell(const char *list)
{
	struct control *c = process.control;
	uint32_t seq = (atomic_load(&c->excluded_seq) | 1) + 1;

	atomic_store(&c->excluded_seq, seq - 1);
	c->excluded_n = (uint32_t)strlen(list);
	memcpy(c->excluded, list, strlen(list));
	atomic_store(&c->excluded_seq, seq);
}

static void told(void)
{
	int status;
	pid_t pid;

	setenv("ORIEL_EXCLUDED_URLS", "^/own", 1);
	must(oriel_start(NULL) == 0);
	must(of("/own") == ALL && of("/told") == NOTHING);
	for (int i = 0; i < 20; i++) {
		tell("^/told,(,x{999}");
		must(of("/own") == NOTHING && of("/told") == ALL);
		tell(",");
		must(of("/own") == NOTHING && of("/told") == NOTHING);
	}
	tell("^/told");
	pid = fork();
	if (pid == 0)
		_exit(of("/told") == ALL && of("/own") == NOTHING ? 0 : 98);
	must(waitpid(pid, &status, 0) == pid && status == 0);
	tell("");
	must(of("/own") == ALL && of("/told") == NOTHING);
	process.control->excluded_n = UINT32_MAX;
	atomic_fetch_add(&process.control->excluded_seq, 2);
	must(of("/own") == ALL);
}

static void a_list_that_is_set_from_outside_goes_before_the_processs_own(void **state)
{
	(void)state;
	seen_of(told);
	unsetenv("ORIEL_EXCLUDED_URLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_searched_for_each_pattern),
		cmocka_unit_test(what_is_searched_is_the_decoded_path),
		cmocka_unit_test(each_signal_may_have_a_list_of_its_own),
		cmocka_unit_test(what_is_said_in_code_replaces_all),
		cmocka_unit_test(options_of_an_older_header_are_understood),
		cmocka_unit_test(a_bad_pattern_is_a_warning_and_the_others_hold),
		cmocka_unit_test(there_may_be_256_patterns),
		cmocka_unit_test(a_child_leaves_out_what_its_parent_does),
		cmocka_unit_test(a_list_that_is_set_from_outside_goes_before_the_processs_own),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
