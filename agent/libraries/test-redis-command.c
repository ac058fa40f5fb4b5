/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/libraries/redis-command.h"

static struct redis_command c;

/* Words between spaces become a command as hiredis writes it. */
static struct str resp_of(const char *words)
{
	static char out[8192];
	char body[4096];
	size_t n = 0, count = 0;

	for (struct str s = str_of(words); s.n; count++) {
		struct cut cut = str_cut(s, ' ');

		n += (size_t)snprintf(body + n, sizeof(body) - n, "$%zu\r\n%.*s\r\n", cut.head.n,
				      (int)cut.head.n, cut.head.p);
		s = cut.tail;
	}
	return (struct str){ out, (size_t)snprintf(out, sizeof(out), "*%zu\r\n%.*s", count, (int)n,
						   body) };
}

static void text_is(const char *words, const char *wanted)
{
	struct str resp = resp_of(words);
	char text[REDIS_TEXT_MOST + 1];

	assert_int_equal(redis_command_read(&c, resp), resp.n);
	memcpy(text, c.text, c.text_n);
	text[c.text_n] = 0;
	assert_string_equal(text, wanted);
}

static void keys_and_fields_are_shown_and_values_are_not(void **state)
{
	(void)state;
	text_is("SET key secret", "SET key ?");
	text_is("set key secret EX 60", "set key ? ? ?");
	text_is("GET key", "GET key");
	text_is("MGET a b c", "MGET a b c");
	text_is("MSET a 1 b 2", "MSET a ? b ?");
	text_is("HMSET myhash field1 Hello field2 World", "HMSET myhash field1 ? field2 ?");
	text_is("HGET h f", "HGET h f");
	text_is("ZADD z 1 Ann", "ZADD z ? ?");
	text_is("SELECT 3", "SELECT 3");
	text_is("CONFIG SET requirepass secret", "CONFIG SET ? ?");
	text_is("EVAL return 2 a b Ann", "EVAL ? 2 a b ?");
	text_is("EVAL return x a", "EVAL ? x ?");
}

static void passwords_leave_no_trace(void **state)
{
	(void)state;
	text_is("AUTH me secret", "AUTH");
	text_is("HELLO 3 AUTH me secret", "HELLO");
	text_is("auth secret", "auth");
}

static void an_unknown_command_shows_no_argument(void **state)
{
	(void)state;
	text_is("JSON.SET doc $ Ann", "JSON.SET ? ? ?");
	text_is("we{ird Ann", "_OTHER ?");
	assert_true(str_eq(c.operation, STR("_OTHER")));
}

static void many_arguments_are_cut(void **state)
{
	char words[3000] = "LPUSH l";

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(words, " x");
	text_is(words, "LPUSH l ? ? ? ? ? ? ? ? ? ? ? ...");
}

static void bytes_that_are_no_text_are_dots(void **state)
{
	const char resp[] = "*2\r\n$3\r\nGET\r\n$6\r\na\xff\r\n\xc3\xa4\r\n";

	(void)state;
	assert_int_equal(redis_command_read(&c, (struct str){ resp, sizeof(resp) - 1 }),
			 sizeof(resp) - 1);
	assert_int_equal(c.text_n, 10);
	assert_memory_equal(c.text, "GET a...\xc3\xa4", 10);
}

static void what_is_not_whole_is_no_command(void **state)
{
	struct str resp = resp_of("SET key value");

	(void)state;
	for (size_t n = 0; n < resp.n - 2; n++)
		assert_int_equal(redis_command_read(&c, str_first(resp, n)), 0);
	assert_int_equal(redis_command_read(&c, STR("*0\r\n")), 0);
	assert_int_equal(redis_command_read(&c, STR("*-1\r\n")), 0);
	assert_int_equal(redis_command_read(&c, STR("*1\r\n$99999999999\r\nGET\r\n")), 0);
	assert_int_equal(redis_command_read(&c, STR("GET key\r\n")), 0);
}

static void commands_of_a_kind_are_known(void **state)
{
	(void)state;
	assert_int_equal(redis_kind_of(STR("get")), REDIS_LOOKUP);
	assert_int_equal(redis_kind_of(STR("Subscribe")), REDIS_STREAM);
	assert_int_equal(redis_kind_of(STR("MONITOR")), REDIS_STREAM);
	assert_int_equal(redis_kind_of(STR("MONITORS")), REDIS_PLAIN);
	assert_int_equal(redis_kind_of(STR("ACL")), REDIS_PLAIN);
	assert_int_equal(redis_kind_of(STR("ZSCORE")), REDIS_LOOKUP);
	assert_int_equal(redis_kind_of(STR("")), REDIS_PLAIN);
	text_is("SELECT 12", "SELECT 12");
	assert_int_equal(c.index, 12);
	text_is("SELECT x", "SELECT x");
	assert_int_equal(c.index, -1);
	text_is("RESET", "RESET");
	assert_int_equal(c.index, 0);
}

/* A row out of order would not be found. */
static void every_lookup_is_found(void **state)
{
	static const char *const names[] = { "BLMOVE", "BLPOP",	 "BRPOP",      "DUMP",	"GET",
					     "GETDEL", "GETEX",	 "HGET",       "HMGET", "LINDEX",
					     "LMOVE",  "LPOP",	 "MGET",       "RPOP",	"RPOPLPUSH",
					     "SPOP",   "ZSCORE", "SRANDMEMBER" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(redis_kind_of(str_of(names[i])), REDIS_LOOKUP);
}

static void an_error_is_its_first_word(void **state)
{
	(void)state;
	assert_true(
		str_eq(redis_error_prefix(STR("WRONGTYPE Operation against")), STR("WRONGTYPE")));
	assert_true(str_eq(redis_error_prefix(STR("ERR")), STR("ERR")));
	assert_true(str_eq(redis_error_prefix(STR("Ann is not here")), STR("_OTHER")));
	assert_true(str_eq(redis_error_prefix(STR("")), STR("_OTHER")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_fields_are_shown_and_values_are_not),
		cmocka_unit_test(passwords_leave_no_trace),
		cmocka_unit_test(an_unknown_command_shows_no_argument),
		cmocka_unit_test(many_arguments_are_cut),
		cmocka_unit_test(bytes_that_are_no_text_are_dots),
		cmocka_unit_test(what_is_not_whole_is_no_command),
		cmocka_unit_test(commands_of_a_kind_are_known),
		cmocka_unit_test(every_lookup_is_found),
		cmocka_unit_test(an_error_is_its_first_word),
	};

	return cmocka_run_group_tests_name("redis-command", tests, NULL, NULL);
}
