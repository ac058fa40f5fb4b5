/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/uuid.h"

static const char good[] = "0189af3c-5b7e-4f90-9abc-def012345678";

static void a_uuid_is_one(void **state)
{
	(void)state;
	assert_true(uuid_is(good, 36));
}

static void no_byte_may_be_another(void **state)
{
	static const char others[] = "g-/:`AF\x80";

	(void)state;
	for (size_t i = 0; i < 36; i++)
		for (size_t k = 0; k < sizeof(others); k++) {
			char text[37];

			memcpy(text, good, sizeof(text));
			if (text[i] == others[k])
				continue;
			text[i] = others[k];
			assert_false(uuid_is(text, 36));
		}
}

static void bytes_are_written_as_one(void **state)
{
	static const unsigned char bytes[16] = { 0x01, 0x89, 0xaf, 0x3c, 0x5b, 0x7e, 0x4f, 0x90,
						 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78 };
	char text[UUID_TEXT];

	(void)state;
	uuid_write(text, bytes);
	assert_memory_equal(text, good, UUID_TEXT);
}

static void its_length_counts(void **state)
{
	(void)state;
	assert_false(uuid_is(good, 35));
	assert_false(uuid_is("", 0));
	assert_false(uuid_is("0189af3c-5b7e-4f90-9abc-def0123456789", 37));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uuid_is_one),
		cmocka_unit_test(no_byte_may_be_another),
		cmocka_unit_test(bytes_are_written_as_one),
		cmocka_unit_test(its_length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
