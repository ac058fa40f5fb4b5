/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/environment.h"
#include "launch/place.h"

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static const char agent[] = "/opt/oriel/liboriel-agent.so";
static const char run[] = "0123456789abcdef";

static int begin(void **state)
{
	(void)state;
	unsetenv("LD_PRELOAD");
	unsetenv("LD_AUDIT");
	unsetenv("ORIEL_AUDIT");
	unsetenv("ASAN_OPTIONS");
	return 0;
}

static void the_agent_is_preloaded(void **state)
{
	(void)state;
	assert_int_equal(environment_set(&(struct verdict){ .preload = true }, agent, run), 0);
	assert_string_equal(getenv("LD_PRELOAD"), agent);
	assert_string_equal(getenv("ORIEL_RUN_ID"), run);
	assert_null(getenv("ASAN_OPTIONS"));
}

static void what_was_preloaded_stays_after_it(void **state)
{
	(void)state;
	setenv("LD_PRELOAD", "/a.so /b.so::/c.so", 1);
	environment_set(&(struct verdict){ .preload = true }, agent, run);
	assert_string_equal(getenv("LD_PRELOAD"), "/opt/oriel/liboriel-agent.so:/a.so:/b.so:/c.so");
}

static void the_agent_is_there_once(void **state)
{
	(void)state;
	setenv("LD_PRELOAD", "/elsewhere/liboriel-agent.so:/a.so", 1);
	environment_set(&(struct verdict){ .preload = true }, agent, run);
	assert_string_equal(getenv("LD_PRELOAD"), "/opt/oriel/liboriel-agent.so:/a.so");
}

static void asan_comes_before_it(void **state)
{
	(void)state;
	environment_set(&(struct verdict){ .preload = true, .asan = STR("/usr/lib/libasan.so.8") },
			agent, run);
	assert_string_equal(getenv("LD_PRELOAD"),
			    "/usr/lib/libasan.so.8:/opt/oriel/liboriel-agent.so");
}

static void a_programs_own_auditing_stays(void **state)
{
	char path[PLACE_ROOM] = "";

	(void)state;
	setenv("LD_AUDIT", "/own.so", 1);
	environment_set(&(struct verdict){ .preload = true }, agent, run);
	assert_string_equal(getenv("LD_AUDIT"), "/own.so");
	assert_string_equal(environment_no_audit(&(struct verdict){ 0 }, agent, path),
			    "LD_AUDIT is taken");
	assert_string_equal(path, "");
}

static void auditing_needs_its_library_beside_the_agent(void **state)
{
	char dir[] = "/tmp/oriel-audit-XXXXXX", ours[64], audit[64], path[PLACE_ROOM];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(ours, sizeof(ours), "%s/liboriel-agent.so", dir);
	snprintf(audit, sizeof(audit), "%s/liboriel-audit.so", dir);
	environment_set(&(struct verdict){ .preload = true }, ours, run);
	assert_null(getenv("LD_AUDIT"));
	close(open(audit, O_CREAT | O_WRONLY, 0600));
	environment_set(&(struct verdict){ .preload = true }, ours, run);
	assert_string_equal(getenv("LD_AUDIT"), audit);
	assert_null(environment_no_audit(&(struct verdict){ 0 }, ours, path));
	assert_non_null(environment_no_audit(&(struct verdict){ .asan = STR("a") }, ours, path));
	assert_non_null(environment_no_audit(&(struct verdict){ .hands_over = true }, ours, path));
	assert_non_null(environment_no_audit(&(struct verdict){ .static_tls = 2632 }, ours, path));
	setenv("ORIEL_AUDIT", "yes", 1);
	assert_null(environment_no_audit(&(struct verdict){ .static_tls = 2632 }, ours, path));
	setenv("ORIEL_AUDIT", "no", 1);
	assert_non_null(environment_no_audit(&(struct verdict){ 0 }, ours, path));
	unsetenv("ORIEL_AUDIT");
	unlink(audit);
	rmdir(dir);
}

static void nothing_is_preloaded_where_it_would_fail(void **state)
{
	(void)state;
	environment_set(&(struct verdict){ .preload = false }, agent, run);
	assert_null(getenv("LD_PRELOAD"));
	assert_string_equal(getenv("ORIEL_RUN_ID"), run);
}

static void a_shell_s_asan_children_do_not_mind(void **state)
{
	(void)state;
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	environment_set(&(struct verdict){ .preload = true, .hands_over = true }, agent, run);
	assert_string_equal(getenv("ASAN_OPTIONS"), "verify_asan_link_order=0:detect_leaks=0");
}

static void what_the_user_says_to_asan_holds(void **state)
{
	(void)state;
	setenv("ASAN_OPTIONS", "verify_asan_link_order=1", 1);
	environment_set(&(struct verdict){ .preload = true, .hands_over = true }, agent, run);
	assert_string_equal(getenv("ASAN_OPTIONS"), "verify_asan_link_order=1");
}

static void the_agent_can_be_taken_out_again(void **state)
{
	char *rest = environment_without_agent("/x/liboriel-agent.so:/a.so");

	(void)state;
	assert_string_equal(rest, "/a.so");
	free(rest);
	assert_null(environment_without_agent("/x/liboriel-agent.so"));
	assert_null(environment_without_agent(NULL));
}

static void clear_otlp(void)
{
	unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
	unsetenv("OTEL_EXPORTER_OTLP_PROTOCOL");
	unsetenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
	unsetenv("ORIEL_ENDPOINT_IS_OURS");
}

static void others_are_told_where_to_send(void **state)
{
	(void)state;
	clear_otlp();
	assert_int_equal(environment_set_intake("127.0.0.1:4318", run), 0);
	assert_string_equal(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"),
			    "http://127.0.0.1:4318/run/0123456789abcdef");
	assert_string_equal(getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf");
	assert_string_equal(getenv("ORIEL_ENDPOINT_IS_OURS"),
			    getenv("OTEL_EXPORTER_OTLP_ENDPOINT"));
}

static void a_run_within_a_run_tells_its_own(void **state)
{
	(void)state;
	clear_otlp();
	environment_set_intake("127.0.0.1:4318", "aaaaaaaaaaaaaaaa");
	environment_set_intake("127.0.0.1:4319", run);
	assert_string_equal(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"),
			    "http://127.0.0.1:4319/run/0123456789abcdef");
}

static void what_a_user_says_of_otlp_holds(void **state)
{
	(void)state;
	clear_otlp();
	setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://theirs", 1);
	environment_set_intake("127.0.0.1:4318", run);
	assert_null(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"));
	clear_otlp();
	environment_set_intake("127.0.0.1:4318", run);
	setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://theirs", 1);
	environment_set_intake("127.0.0.1:4318", run);
	assert_string_equal(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://theirs");
	clear_otlp();
}

static void run_ids_differ(void **state)
{
	char a[RUN_ID_ROOM], b[RUN_ID_ROOM];

	(void)state;
	environment_new_run(a);
	environment_new_run(b);
	assert_int_equal(strspn(a, "0123456789abcdef"), 16);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_agent_is_preloaded, begin),
		cmocka_unit_test_setup(what_was_preloaded_stays_after_it, begin),
		cmocka_unit_test_setup(the_agent_is_there_once, begin),
		cmocka_unit_test_setup(asan_comes_before_it, begin),
		cmocka_unit_test_setup(a_programs_own_auditing_stays, begin),
		cmocka_unit_test_setup(auditing_needs_its_library_beside_the_agent, begin),
		cmocka_unit_test_setup(nothing_is_preloaded_where_it_would_fail, begin),
		cmocka_unit_test_setup(a_shell_s_asan_children_do_not_mind, begin),
		cmocka_unit_test_setup(what_the_user_says_to_asan_holds, begin),
		cmocka_unit_test(the_agent_can_be_taken_out_again),
		cmocka_unit_test(others_are_told_where_to_send),
		cmocka_unit_test(a_run_within_a_run_tells_its_own),
		cmocka_unit_test(what_a_user_says_of_otlp_holds),
		cmocka_unit_test(run_ids_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
