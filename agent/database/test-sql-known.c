/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/database/sql-known.h"

static struct sql read, recalled;

static void same(struct str is, struct str wanted)
{
	assert_int_equal(is.n, wanted.n);
	if (wanted.n)
		assert_memory_equal(is.p, wanted.p, wanted.n);
}

static void recalls_as_read(enum sql_dialect dialect, const char *statement)
{
	char *copy = strdup(statement); /* somewhere else each time, with its end guarded */

	sql_read(&read, dialect, str_of(statement));
	memset(&recalled, 'x', sizeof(recalled));
	sql_recall(&recalled, dialect, str_of(copy));
	same(recalled.text, read.text);
	same(recalled.summary, read.summary);
	same(recalled.operation, read.operation);
	same(recalled.collection, read.collection);
	same(recalled.procedure, read.procedure);
	assert_int_equal(recalled.statements, read.statements);
	assert_int_equal(recalled.end, read.end);
	assert_int_equal(recalled.whole, read.whole);
	assert_int_equal(recalled.commented, read.commented);
	assert_int_equal(recalled.open, read.open);
	assert_int_equal(recalled.rows, read.rows);
	assert_int_equal(recalled.summary.p[recalled.summary.n], 0);
	free(copy);
}

static void a_text_is_recalled_as_it_was_read(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		recalls_as_read(SQL_SQLITE, "SELECT a, \"b\" FROM t WHERE c = 'secret' -- mine");
		recalls_as_read(SQL_POSTGRESQL,
				"INSERT INTO t VALUES (1); DELETE FROM u WHERE a='x';");
		recalls_as_read(SQL_MYSQL, "CALL refresh_totals(1)");
		recalls_as_read(SQL_MYSQL, "SELECT \"not closed");
		recalls_as_read(SQL_SQLITE, "BEGIN");
		recalls_as_read(SQL_SQLITE, "");
		recalls_as_read(SQL_SQLITE, "ROLLBACK");
	}
}

static void dialects_are_not_mixed_up(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		for (int dialect = 0; dialect < N_SQL_DIALECTS; dialect++)
			recalls_as_read((enum sql_dialect)dialect,
					"SELECT \"a\" FROM t WHERE b = 'x\\' # y'");
}

static void texts_that_differ_in_a_byte_are_not_mixed_up(void **state)
{
	char text[] = "SELECT a FROM table_of_many_names WHERE b = 1";

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		char kept = text[at];

		for (int i = 0; i < 3; i++)
			recalls_as_read(SQL_SQLITE, text);
		text[at] = 'z';
		for (int i = 0; i < 3; i++)
			recalls_as_read(SQL_SQLITE, text);
		text[at] = kept;
	}
}

/* More than there is room for, and those that were kept before are still right. */
static void a_full_room_changes_nothing(void **state)
{
	char text[1200];

	(void)state;
	for (int round = 0; round < 3; round++)
		for (int n = 0; n < 3000; n++) {
			snprintf(text, sizeof(text), "SELECT a FROM t%d WHERE b = '%0*d'", n,
				 n % 1100, n);
			recalls_as_read(SQL_SQLITE, text);
			recalls_as_read(SQL_SQLITE, text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_recalled_as_it_was_read),
		cmocka_unit_test(dialects_are_not_mixed_up),
		cmocka_unit_test(texts_that_differ_in_a_byte_are_not_mixed_up),
		cmocka_unit_test(a_full_room_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
