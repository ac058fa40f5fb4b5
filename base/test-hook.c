/* SPDX-License-Identifier: Apache-2.0 */
#include "base/handover.h"
#include "base/hook.h"
#include "base/setting.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void a_timeout_is_seconds_unless_it_has_a_unit(void **state)
{
	(void)state;
	assert_int_equal(hook_timeout_ms(STR("3"), NULL), 3000);
	assert_int_equal(hook_timeout_ms(STR("0.25"), NULL), 250);
	assert_int_equal(hook_timeout_ms(STR(" 500ms "), NULL), 500);
	assert_int_equal(hook_timeout_ms(STR("1.5 s"), NULL), 1500);
	assert_int_equal(hook_timeout_ms(STR("1m"), NULL), 60000);
}

static void a_timeout_that_makes_no_sense_is_the_default_and_told(void **state)
{
	static const char *const bad[] = { "-1",  "0", "soon",	"1h",  "99999999999999999999",
					   "1e3", ".", "2000h", "0ms", "100000" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool told = false;

		assert_int_equal(hook_timeout_ms(str_of(bad[i]), &told), HOOK_TIMEOUT_MS);
		assert_true(told);
	}
	assert_int_equal(hook_timeout_ms(STR(""), NULL), HOOK_TIMEOUT_MS);
}

static void none_switches_hooks_off(void **state)
{
	(void)state;
	assert_true(hook_is_off(STR("none")));
	assert_true(hook_is_off(STR("OFF")));
	assert_false(hook_is_off(STR("")));
	assert_false(hook_is_off(STR("./none")));
}

static char program[128], dir[64], found[HOOK_PATH_ROOM];

static void make(const char *name, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/oriel-hook-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(program, sizeof(program), "%s/server", dir);
	make("server", 0755);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(program);
	unlink(found);
	return rmdir(dir);
}

static void no_hook_beside_the_program_is_none(void **state)
{
	(void)state;
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_NONE);
	assert_int_equal(hook_beside(found, STR("server")), HOOK_NONE);
}

static void a_hook_of_the_same_owner_is_trusted(void **state)
{
	char path[HOOK_PATH_ROOM];

	(void)state;
	make(HOOK_FILE, 0644);
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_TRUSTED);
	snprintf(path, sizeof(path), "%s/" HOOK_FILE, dir);
	assert_string_equal(found, path);
}

static void a_hook_that_others_may_write_is_refused(void **state)
{
	(void)state;
	make(HOOK_FILE, 0646);
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_WRITABLE);
	chmod(found, 0664);
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_WRITABLE);
}

static void a_hook_of_another_user_is_refused(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	make(HOOK_FILE, 0644);
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_TRUSTED);
	assert_int_equal(chown(found, 12345, 12345), 0);
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_OF_OTHERS);
	assert_int_equal(chown(program, 12345, 12345), 0);
	assert_int_equal(hook_beside(found, str_of(program)), HOOK_TRUSTED);
}

static void a_script_is_no_library_and_neither_is_a_program(void **state)
{
	(void)state;
	assert_false(hook_is_library(program)); /* empty */
	assert_false(hook_is_library("/nowhere/at-all.so"));
	assert_false(hook_is_library("/proc/self/exe"));
}

static void shells_hand_over(void **state)
{
	(void)state;
	assert_true(handover_is(STR("sh")));
	assert_false(handover_is(STR("nginx")));
}

static void settings_are_known_by_their_first_word(void **state)
{
	(void)state;
	assert_true(setting_is(STR("OTEL_SERVICE_NAME=shop")));
	assert_true(setting_is(STR("DD_ENV")));
	assert_false(setting_is(STR("PATH=/bin")));
	assert_false(setting_is(STR("OTEL")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timeout_is_seconds_unless_it_has_a_unit),
		cmocka_unit_test(a_timeout_that_makes_no_sense_is_the_default_and_told),
		cmocka_unit_test(none_switches_hooks_off),
		cmocka_unit_test_setup_teardown(no_hook_beside_the_program_is_none, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_hook_of_the_same_owner_is_trusted, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_hook_that_others_may_write_is_refused,
						make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(a_hook_of_another_user_is_refused, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_script_is_no_library_and_neither_is_a_program,
						make_directory, remove_directory),
		cmocka_unit_test(shells_hand_over),
		cmocka_unit_test(settings_are_known_by_their_first_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
