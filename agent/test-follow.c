/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/follow.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct target fits = { .found = true };
static const struct target unfit = { .found = true, .unfit = true };
static const struct target asan = { .found = true, .needs_asan = true };

static char *slots[2 * FOLLOW_MOST];
static char text[4096];

static int begin(void **state)
{
	static bool begun;

	(void)state;
	if (begun)
		return 0;
	begun = true;
	clearenv();
	setenv("LD_PRELOAD", "/a.so /opt/liboriel-agent.so::/opt/liboriel-first.so:/b.so", 1);
	setenv("LD_AUDIT", "/opt/liboriel-audit.so", 1);
	setenv("ORIEL_RUN_ID", "42", 1);
	setenv("OTEL_SERVICE_NAME", "shop", 1);
	setenv("HOME", "/home", 1);
	environment_start("/opt/liboriel-agent.so");
	return 0;
}

/* What an environment becomes; the same one if it goes through. */
static const void *changed(const void *environment, const struct target *t, enum give_back give)
{
	char *const *envp = environment;
	struct change c = environment_change(envp, t, give);

	if (!c.slots)
		return envp;
	assert_in_range(c.slots, 1, sizeof(slots) / sizeof(slots[0]));
	assert_in_range(c.bytes, 1, sizeof(text) - 1);
	memset(text, '#', sizeof(text));
	memset(slots, 0, sizeof(slots));
	slots[c.slots] = text;
	environment_write(&c, envp, slots, text);
	assert_ptr_equal(slots[c.slots], text);
	assert_int_equal(text[c.bytes], '#');
	return slots;
}

static void assert_environment(const void *environment, const char *expected)
{
	char all[4096] = "";

	for (char *const *envp = environment; *envp; envp++) {
		strcat(all, *envp);
		strcat(all, "|");
	}
	assert_string_equal(all, expected);
}

static void what_fits_gets_what_it_would_get(void **state)
{
	const char *envp[] = { "A=1", "LD_PRELOAD=/opt/liboriel-agent.so", NULL };

	(void)state;
	assert_ptr_equal(changed(envp, &fits, GIVE_BACK), envp);
	assert_ptr_equal(changed(envp + 2, &fits, GIVE_NOTHING), envp + 2);
	assert_ptr_equal(changed(envp, &(struct target){ 0 }, GIVE_BACK), envp);
	assert_null(environment_change(NULL, &fits, GIVE_BACK).slots);
}

static void what_does_not_fit_loses_our_entries_alone(void **state)
{
	const char *envp[] = {
		"A=1", "LD_PRELOAD=/x.so:/opt/liboriel-agent.so  /y.so:/else/liboriel-first.so",
		"LD_AUDIT=:/opt/liboriel-audit.so:", "ORIEL_RUN_ID=42", NULL
	};
	const char *none[] = { "LD_PRELOAD=/x.so", "A=1", NULL };

	(void)state;
	assert_environment(changed(envp, &unfit, GIVE_BACK),
			   "A=1|LD_PRELOAD=/x.so:/y.so|ORIEL_RUN_ID=42|");
	assert_ptr_equal(changed(none, &unfit, GIVE_BACK), none);
}

static void address_sanitizer_minds_unless_it_was_told_not_to(void **state)
{
	const char *envp[] = { "LD_PRELOAD=/opt/liboriel-agent.so",
			       "ASAN_OPTIONS=verify_asan_link_order=0:a=1", NULL };

	(void)state;
	assert_ptr_equal(changed(envp, &asan, GIVE_BACK), envp);
	envp[1] = "ASAN_OPTIONS=a=1";
	assert_environment(changed(envp, &asan, GIVE_BACK), "ASAN_OPTIONS=a=1|");
}

static void what_is_missing_comes_back_and_what_is_there_stays(void **state)
{
	const char *bare[] = { "A=1", NULL };
	const char *own[] = { "LD_PRELOAD=/x.so", "ORIEL_RUN_ID=7", NULL };

	(void)state;
	assert_environment(changed(bare, &fits, GIVE_BACK),
			   "LD_PRELOAD=/opt/liboriel-agent.so:/opt/liboriel-first.so|"
			   "ORIEL_RUN_ID=42|OTEL_SERVICE_NAME=shop|A=1|");
	assert_environment(changed(own, &fits, GIVE_BACK),
			   "LD_PRELOAD=/opt/liboriel-agent.so:/opt/liboriel-first.so:/x.so|"
			   "OTEL_SERVICE_NAME=shop|ORIEL_RUN_ID=7|");
	assert_ptr_equal(changed(bare, &unfit, GIVE_BACK), bare);
}

static void a_list_that_was_replaced_has_ours_again(void **state)
{
	const char *other[] = { "LD_PRELOAD=/x.so", "ORIEL_RUN_ID=7", NULL };
	const char *emptied[] = { "LD_PRELOAD=", "ORIEL_RUN_ID=7", NULL };
	const char *not_ours[] = { "LD_PRELOAD=/x.so", "A=1", NULL };
	const char *ours[] = { "LD_PRELOAD=/x.so:/opt/liboriel-agent.so", "ORIEL_RUN_ID=7", NULL };

	(void)state;
	assert_environment(changed(other, &fits, GIVE_IF_REPLACED),
			   "LD_PRELOAD=/x.so:/opt/liboriel-agent.so:/opt/liboriel-first.so|"
			   "ORIEL_RUN_ID=7|");
	assert_ptr_equal(changed(other, &unfit, GIVE_IF_REPLACED), other);
	assert_ptr_equal(changed(emptied, &fits, GIVE_IF_REPLACED), emptied);
	assert_ptr_equal(changed(not_ours, &fits, GIVE_IF_REPLACED), not_ours);
	assert_ptr_equal(changed(ours, &fits, GIVE_IF_REPLACED), ours);
}

static void too_many_variables_go_through(void **state)
{
	static const char *envp[FOLLOW_MOST + 2];

	(void)state;
	for (size_t i = 0; i <= FOLLOW_MOST; i++)
		envp[i] = "A=1";
	assert_ptr_equal(changed(envp, &fits, GIVE_BACK), envp);
	envp[FOLLOW_MOST] = NULL;
	assert_ptr_equal(changed(envp, &fits, GIVE_BACK), slots);
}

static void our_own_environment_can_be_left(void **state)
{
	char *envp[] = { strdup("B=1"),
			 strdup("LD_PRELOAD=/a.so:/opt/liboriel-agent.so:/b.so"),
			 strdup("LD_AUDIT=/opt/liboriel-audit.so"),
			 strdup("ORIEL_RUN_ID=1"),
			 strdup("C=2"),
			 NULL };
	char *all[5];
	char **kept = environ;

	(void)state;
	memcpy(all, envp, sizeof(all));
	environ = envp;
	environment_leave(false);
	assert_environment(envp,
			   "B=1|LD_PRELOAD=/a.so:/opt/liboriel-agent.so:/b.so|ORIEL_RUN_ID=1|C=2|");
	environment_leave(true);
	assert_environment(envp, "B=1|LD_PRELOAD=/a.so:/b.so|C=2|");
	environ = kept;
	for (size_t i = 0; i < 5; i++)
		free(all[i]);
}

/* ORIEL_AUDIT=yes, from here on. */
static int begin_audited(void **state)
{
	begin(state);
	setenv("ORIEL_AUDIT", "yes", 1);
	environment_start("/opt/liboriel-agent.so");
	return 0;
}

static void a_list_that_was_replaced_has_ours_again_beside_the_audit(void **state)
{
	const char *other[] = { "LD_AUDIT=/opt/liboriel-audit.so", "LD_PRELOAD=/x.so",
				"ORIEL_RUN_ID=7", NULL };
	const char *both[] = { "LD_AUDIT=/y.so", "LD_PRELOAD=/x.so", "ORIEL_RUN_ID=7", NULL };
	const char *own[] = { "LD_AUDIT=/opt/liboriel-audit.so", "ORIEL_RUN_ID=7",
			      "ORIEL_AUDIT=yes", "OTEL_SERVICE_NAME=s", NULL };

	(void)state;
	assert_environment(changed(other, &fits, GIVE_IF_REPLACED),
			   "LD_PRELOAD=/x.so:/opt/liboriel-agent.so:/opt/liboriel-first.so|"
			   "LD_AUDIT=/opt/liboriel-audit.so|ORIEL_RUN_ID=7|");
	assert_environment(changed(other, &unfit, GIVE_IF_REPLACED),
			   "LD_PRELOAD=/x.so|ORIEL_RUN_ID=7|");
	assert_environment(changed(both, &fits, GIVE_IF_REPLACED),
			   "LD_PRELOAD=/x.so:/opt/liboriel-agent.so:/opt/liboriel-first.so|"
			   "LD_AUDIT=/y.so:/opt/liboriel-audit.so|ORIEL_RUN_ID=7|");
	assert_environment(changed(own, &fits, GIVE_BACK),
			   "LD_PRELOAD=/opt/liboriel-agent.so:/opt/liboriel-first.so|"
			   "LD_AUDIT=/opt/liboriel-audit.so|ORIEL_RUN_ID=7|ORIEL_AUDIT=yes|"
			   "OTEL_SERVICE_NAME=s|");
}

/* ---- targets ------------------------------------------------------------------------------------ */

static struct target of(const void *bytes, size_t n)
{
	char path[] = "/tmp/oriel-target-XXXXXX";
	int fd = mkstemp(path);
	struct target t;

	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	t = target_of_fd(fd);
	close(fd);
	unlink(path);
	return t;
}

static void we_are_the_same_and_others_are_not(void **state)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	target_start(NULL);
	self[n] = '\0';
	assert_true(target_of_path(AT_FDCWD, self).same);
	assert_true(target_of_path(AT_FDCWD, "/proc/self/exe").same);
	assert_false(target_of_path(AT_FDCWD, "/bin/sh").same);
	assert_false(target_of_path(AT_FDCWD, "/bin/sh").unfit);
	assert_true(target_of_name("sh").found);
	assert_false(target_of_name("no such thing").found);
	assert_false(target_of_path(AT_FDCWD, "/nowhere").found);
	assert_false(target_of_path(AT_FDCWD, NULL).found);
	assert_false(target_of_fd(-1).same);
}

static void nonsense_is_left_to_the_kernel(void **state)
{
	unsigned char bytes[256];

	(void)state;
	assert_false(of("", 0).unfit);
	assert_false(of("#!", 2).unfit);
	assert_false(of("#!/nowhere", 10).unfit);
	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, "\177ELF\2\1\1", 7);
	assert_true(of(bytes, sizeof(bytes)).unfit); /* no machine of ours */
}

static void a_script_that_is_its_own_interpreter_ends(void **state)
{
	char path[] = "/tmp/oriel-script-XXXXXX", line[64];
	int fd = mkstemp(path), n = snprintf(line, sizeof(line), "#!%s\n", path);

	(void)state;
	assert_int_equal(write(fd, line, (size_t)n), n);
	assert_false(target_of_path(AT_FDCWD, path).unfit);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_fits_gets_what_it_would_get, begin),
		cmocka_unit_test_setup(what_does_not_fit_loses_our_entries_alone, begin),
		cmocka_unit_test_setup(address_sanitizer_minds_unless_it_was_told_not_to, begin),
		cmocka_unit_test_setup(what_is_missing_comes_back_and_what_is_there_stays, begin),
		cmocka_unit_test_setup(a_list_that_was_replaced_has_ours_again, begin),
		cmocka_unit_test_setup(too_many_variables_go_through, begin),
		cmocka_unit_test_setup(our_own_environment_can_be_left, begin),
		cmocka_unit_test_setup(a_list_that_was_replaced_has_ours_again_beside_the_audit,
				       begin_audited),
		cmocka_unit_test(we_are_the_same_and_others_are_not),
		cmocka_unit_test(nonsense_is_left_to_the_kernel),
		cmocka_unit_test(a_script_that_is_its_own_interpreter_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
