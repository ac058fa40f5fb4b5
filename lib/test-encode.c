/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/encode.h"
#include "lib/known.h"
#include "lib/process.h"

enum { ROOM = 256 };

/* Both ways to write them; how many bytes. */
static size_t written(unsigned char to[ROOM + 8], struct oriel_attributes a)
{
	struct encode e = encode_fit(a, ROOM);
	unsigned char other[ROOM + 8], *end = encode_put(to, &e);
	unsigned char *other_end = encode_try(other, other + ROOM, a);

	assert_int_equal(end - to, e.bytes);
	assert_int_equal(e.n, a.n);
	if (other_end) {
		assert_int_equal(other_end - other, e.bytes);
		assert_memory_equal(to, other, e.bytes);
	}
	return e.bytes;
}

static void a_known_key_is_a_number(void **state)
{
	unsigned char bytes[ROOM + 8];
	size_t n = written(bytes, ORIEL_WITH(known_str(KEY_URL_SCHEME, "https")));

	(void)state;
	assert_int_equal(n, WIRE_ATTRIBUTE_HEAD + 5);
	assert_int_equal(bytes[0], WIRE_STRING | WIRE_KNOWN);
	assert_int_equal(bytes[1], KEY_URL_SCHEME);
	assert_int_equal(bytes[2], 5);
	assert_memory_equal(bytes + WIRE_ATTRIBUTE_HEAD, "https", 5);
}

static void known_and_other_keys_go_together(void **state)
{
	unsigned char bytes[ROOM + 8];
	size_t n = written(bytes, ORIEL_WITH(known_int(KEY_SERVER_PORT, 80), oriel_str("a", "b"),
					     known_strn(KEY_HTTP_ROUTE, "/abc", 2),
					     oriel_bool("yes", true)));

	(void)state;
	assert_int_equal(n, 12 + 6 + 6 + 8);
	assert_memory_equal(bytes + 12 + WIRE_ATTRIBUTE_HEAD, "ab", 2);
}

static void a_known_key_without_a_value_is_no_attribute(void **state)
{
	unsigned char bytes[ROOM + 8];

	(void)state;
	assert_int_equal(written(bytes, ORIEL_WITH(known_str(KEY_HTTP_ROUTE, NULL))), 0);
	assert_int_equal(written(bytes, ORIEL_WITH(known_str(KEY_HTTP_ROUTE, NULL),
						   known_int(KEY_SERVER_PORT, 80))),
			 12);
}

static void what_does_not_fit_is_cut(void **state)
{
	struct oriel_attribute a = known_str(KEY_URL_FULL, "http://example.com/a/b/c");
	struct encode e = encode_fit((struct oriel_attributes){ &a, 1 }, 24);
	unsigned char bytes[ROOM];

	(void)state;
	assert_int_equal(encode_put(bytes, &e) - bytes, 24);
	assert_int_equal(bytes[2], 20);
}

static void each_number_has_its_text(void **state)
{
	(void)state;
	assert_string_equal(wire_key(KEY_HTTP_REQUEST_METHOD).p, "http.request.method");
	for (unsigned i = 1; i < N_KEYS; i++)
		assert_true(wire_key(i).n > 0);
	assert_int_equal(wire_key(KEY_NONE).n, 0);
	assert_int_equal(wire_key(N_KEYS).n, 0);
}

/* ---- secrets -------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	redact_default(&process.redact);
	assert_true(redact_read(&process.redact, STR("gone=drop, user_agent=hash"), NULL));
	judged_begin();
	return 0;
}

/* One attribute, as it lies there: its type, key and value. */
static void is_written(struct oriel_attribute a, unsigned type, const char *key_and_value)
{
	unsigned char bytes[ROOM + 8];
	size_t n = written(bytes, (struct oriel_attributes){ &a, 1 });

	assert_int_equal(n, WIRE_ATTRIBUTE_HEAD + strlen(key_and_value));
	assert_int_equal(bytes[0], type);
	assert_memory_equal(bytes + WIRE_ATTRIBUTE_HEAD, key_and_value, strlen(key_and_value));
}

static void a_secret_of_any_type_is_masked_by_its_key(void **state)
{
	(void)state;
	is_written(oriel_str("password", "hunter2"), WIRE_STRING, "password[REDACTED]");
	is_written(oriel_int("session_id", 17), WIRE_STRING, "session_id[REDACTED]");
	is_written(oriel_bool("user.token", true), WIRE_STRING, "user.token[REDACTED]");
	is_written(oriel_bytes("api_key", "abc", 3), WIRE_STRING, "api_key[REDACTED]");
	is_written(oriel_ints("ssn", (int64_t[]){ 1, 2 }, 2), WIRE_STRING, "ssn[REDACTED]");
	is_written(oriel_strs("cookies", (const char *[]){ "a", "b" }, 2), WIRE_STRING,
		   "cookies[REDACTED]");
}

static void a_secret_in_a_text_goes_and_the_rest_stays(void **state)
{
	(void)state;
	is_written(oriel_str("note", "card 4111 1111 1111 1111 was used"), WIRE_STRING,
		   "notecard [REDACTED] was used");
	is_written(oriel_bytes("body", "password=hunter2&a=1", 20), WIRE_BYTES,
		   "bodypassword=[REDACTED]&a=1");
	is_written(known_str(KEY_EXCEPTION_MESSAGE, "no user for token=abc123"),
		   WIRE_STRING | WIRE_KNOWN, "no user for token=[REDACTED]");
}

static void an_array_of_texts_is_looked_through(void **state)
{
	unsigned char bytes[ROOM + 8];
	const char *texts[] = { "a", "pw=hunter2", NULL };
	size_t n = written(bytes, ORIEL_WITH(oriel_strs("x", texts, 3), oriel_int("i", 1)));

	(void)state;
	assert_int_equal(n, 5 + 3 + 2 + 13 + 2 + 5 + 8);
	assert_memory_equal(bytes + 10, "pw=[REDACTED]", 13);
}

static void what_is_dropped_leaves_nothing(void **state)
{
	unsigned char bytes[ROOM + 8];

	(void)state;
	assert_int_equal(written(bytes, ORIEL_WITH(oriel_str("gone.by", "abc"))), 0);
	assert_int_equal(written(bytes, ORIEL_WITH(oriel_str("a", "b"), oriel_int("gone", 1))), 6);
}

static void a_rule_holds_for_keys_by_number_too(void **state)
{
	unsigned char bytes[ROOM + 8];
	size_t n = written(bytes, ORIEL_WITH(known_str(KEY_USER_AGENT_ORIGINAL, "curl/8")));

	(void)state;
	assert_int_equal(n, WIRE_ATTRIBUTE_HEAD + 21);
	assert_memory_equal(bytes + WIRE_ATTRIBUTE_HEAD, "hash:", 5);
}

static void a_secret_at_the_end_of_the_room_is_not_cut(void **state)
{
	unsigned char bytes[ROOM + 8];

	(void)state;
	for (size_t room = 24; room < 60; room++) {
		struct oriel_attribute a = oriel_str("text", "a long text with password=hunter2");
		struct encode e = encode_fit((struct oriel_attributes){ &a, 1 }, room);

		assert_true(e.bytes <= room);
		assert_int_equal(encode_put(bytes, &e) - bytes, e.bytes);
		assert_null(memmem(bytes, e.bytes, "hunt", 4));
	}
}

static void more_attributes_than_bits_are_all_looked_at(void **state)
{
	unsigned char bytes[4 * ROOM];
	struct oriel_attribute a[70];
	struct encode e;

	(void)state;
	for (int i = 0; i < 70; i++)
		a[i] = i % 2 ? oriel_int("n", i) : oriel_bool("b", true);
	a[69] = oriel_str("pwd", "hunter2");
	e = encode_fit((struct oriel_attributes){ a, 70 }, sizeof(bytes) - 8);
	assert_int_equal(e.n, 70);
	assert_int_equal(encode_put(bytes, &e) - bytes, e.bytes);
	assert_null(memmem(bytes, e.bytes, "hunter2", 7));
	assert_non_null(memmem(bytes, e.bytes, "pwd[REDACTED]", 13));
}

/* A buffer that is used for one key after the other. */
static void a_key_is_known_by_its_bytes_and_not_its_place(void **state)
{
	char key[16] = "user.name";
	unsigned char bytes[ROOM + 8];

	(void)state;
	for (int i = 0; i < 3; i++) {
		strcpy(key, "user.name");
		is_written(oriel_str(key, "bob"), WIRE_STRING, "user.namebob");
		strcpy(key, "user.pwd2");
		is_written(oriel_str(key, "bob"), WIRE_STRING, "user.pwd2[REDACTED]");
	}
	assert_int_equal(written(bytes, ORIEL_WITH(oriel_str("", "bob"))), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_key_is_a_number),
		cmocka_unit_test(known_and_other_keys_go_together),
		cmocka_unit_test(a_known_key_without_a_value_is_no_attribute),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(each_number_has_its_text),
		cmocka_unit_test(a_secret_of_any_type_is_masked_by_its_key),
		cmocka_unit_test(a_secret_in_a_text_goes_and_the_rest_stays),
		cmocka_unit_test(an_array_of_texts_is_looked_through),
		cmocka_unit_test(what_is_dropped_leaves_nothing),
		cmocka_unit_test(a_rule_holds_for_keys_by_number_too),
		cmocka_unit_test(a_secret_at_the_end_of_the_room_is_not_cut),
		cmocka_unit_test(more_attributes_than_bits_are_all_looked_at),
		cmocka_unit_test(a_key_is_known_by_its_bytes_and_not_its_place),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
