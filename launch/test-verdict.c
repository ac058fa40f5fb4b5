/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/verdict.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static struct library library[4];

/* A program on glibc that uses libcurl: all is well. */
static struct program usual(void)
{
	unsetenv("ORIEL_AGENT");
	library[0] = (struct library){ STR("libcurl.so.4"), STR("/usr/lib/libcurl.so.4") };
	library[1] = (struct library){ STR("libc.so.6"), STR("/usr/lib/libc.so.6") };
	return (struct program){
		.command = STR("shop"),
		.path = STR("/usr/bin/shop"),
		.binary = STR("/usr/bin/shop"),
		.readable = true,
		.is_elf = true,
		.elf = { .bits = 64,
			 .native = true,
			 .interpreter = STR("/lib64/ld-linux-x86-64.so.2") },
		.libc = LIBC_GNU,
		.libs = { .item = library, .n = 2 },
	};
}

static struct verdict judge(const struct program *p)
{
	struct verdict v;

	verdict_of(&v, p, "/usr/lib/liboriel-agent.so", VERDICT_QUICK);
	return v;
}

static void assert_blind(const struct program *p, const char *topic)
{
	struct verdict v = judge(p);

	assert_false(v.preload);
	assert_non_null(verdict_blind(&v));
	assert_string_equal(verdict_blind(&v)->topic, topic);
	assert_ptr_equal(verdict_line(&v), verdict_blind(&v));
}

static void a_usual_program_is_watched_without_a_word(void **state)
{
	struct program p = usual();
	struct verdict v = judge(&p);

	(void)state;
	assert_true(v.preload);
	assert_int_equal(v.n_watched, 1);
	assert_null(verdict_line(&v));
}

static void a_static_program_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.is_static = true;
	p.libc = LIBC_NONE;
	assert_blind(&p, "static");
}

static void a_musl_program_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.libc = LIBC_MUSL;
	assert_blind(&p, "musl");
}

static void a_musl_program_is_watched_with_an_agent_that_was_named(void **state)
{
	struct program p = usual();
	struct verdict v;

	(void)state;
	p.libc = LIBC_MUSL;
	setenv("ORIEL_AGENT", "/opt/musl/liboriel-agent.so", 1);
	v = judge(&p);
	unsetenv("ORIEL_AGENT");
	assert_true(v.preload);
}

static void a_setuid_program_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.other_user = true;
	assert_blind(&p, "setuid");
}

static void a_program_with_capabilities_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.capabilities = true;
	assert_blind(&p, "capabilities");
}

static void a_program_with_little_address_space_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.narrow = true;
	assert_blind(&p, "address space");
}

static void a_32_bit_program_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.elf.native = false;
	p.elf.bits = 32;
	assert_blind(&p, "32-bit");
}

static void a_program_of_another_machine_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.elf.native = false;
	assert_blind(&p, "other machine");
}

static void a_program_that_cannot_be_read_is_not(void **state)
{
	struct program p = usual();

	(void)state;
	p.readable = p.is_elf = false;
	assert_blind(&p, "unreadable");
}

static void nothing_is_watched_without_an_agent(void **state)
{
	struct program p = usual();
	struct verdict v;

	(void)state;
	verdict_of(&v, &p, NULL, VERDICT_QUICK);
	assert_false(v.preload);
	assert_string_equal(verdict_blind(&v)->topic, "agent");
}

static void asan_s_runtime_goes_first(void **state)
{
	struct program p = usual();
	struct verdict v;

	(void)state;
	library[2] = (struct library){ STR("libasan.so.8"), STR("/usr/lib/libasan.so.8") };
	p.libs.n = 3;
	v = judge(&p);
	assert_true(v.preload);
	assert_true(str_eq(v.asan, STR("/usr/lib/libasan.so.8")));
}

static void asan_without_its_runtime_is_not_watched(void **state)
{
	struct program p = usual();

	(void)state;
	library[2] = (struct library){ .name = STR("libasan.so.8") };
	p.libs.n = 3;
	assert_blind(&p, "sanitizer");
}

/* Before a run nobody looks whether it has sockets, so nothing is said. */
static void a_program_that_uses_nothing_is_told_of_when_asked(void **state)
{
	struct program p = usual();
	struct verdict v;

	(void)state;
	p.libs.n = 0;
	v = judge(&p);
	assert_true(v.preload);
	assert_null(verdict_line(&v));
	verdict_of(&v, &p, "/usr/lib/liboriel-agent.so", VERDICT_THOROUGH);
	assert_string_equal(verdict_line(&v)->topic, "nothing to see");
}

static void a_shell_is_watched_for_its_children(void **state)
{
	struct program p = usual();
	struct verdict v;

	(void)state;
	p.libs.n = 0;
	p.binary = STR("/usr/bin/dash");
	v = judge(&p);
	assert_true(v.hands_over);
	assert_null(verdict_line(&v));
}

static void sudo_is_told_to_come_first(void **state)
{
	struct program p = usual();
	struct verdict v;

	(void)state;
	p.binary = STR("/usr/bin/sudo");
	v = judge(&p);
	assert_string_equal(verdict_line(&v)->topic, "environment");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_program_is_watched_without_a_word),
		cmocka_unit_test(a_static_program_is_not),
		cmocka_unit_test(a_musl_program_is_not),
		cmocka_unit_test(a_musl_program_is_watched_with_an_agent_that_was_named),
		cmocka_unit_test(a_setuid_program_is_not),
		cmocka_unit_test(a_program_with_capabilities_is_not),
		cmocka_unit_test(a_program_with_little_address_space_is_not),
		cmocka_unit_test(a_32_bit_program_is_not),
		cmocka_unit_test(a_program_of_another_machine_is_not),
		cmocka_unit_test(a_program_that_cannot_be_read_is_not),
		cmocka_unit_test(nothing_is_watched_without_an_agent),
		cmocka_unit_test(asan_s_runtime_goes_first),
		cmocka_unit_test(asan_without_its_runtime_is_not_watched),
		cmocka_unit_test(a_program_that_uses_nothing_is_told_of_when_asked),
		cmocka_unit_test(a_shell_is_watched_for_its_children),
		cmocka_unit_test(sudo_is_told_to_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
