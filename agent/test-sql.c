/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/sql.h"

static struct sql s;

static void same(struct str is, const char *wanted)
{
	char text[SQL_TEXT_MOST + 1];

	memcpy(text, is.p ? is.p : "", is.n);
	text[is.n] = 0;
	assert_string_equal(text, wanted);
}

static void text_is(const char *statement, const char *wanted)
{
	sql_read(&s, str_of(statement));
	same(s.text, wanted);
}

static void summary_is(const char *statement, const char *wanted, const char *collection)
{
	sql_read(&s, str_of(statement));
	same(s.summary, wanted);
	same(s.collection, collection);
}

static void literals_become_question_marks(void **state)
{
	(void)state;
	text_is("SELECT 'a', 1, 1.5e-3, .5, 0xFF, x'00ff', X'' FROM t",
		"SELECT ?, ?, ?, ?, ?, ?, ? FROM t");
	text_is("INSERT INTO t VALUES('it''s', -7)", "INSERT INTO t VALUES(?, -?)");
	text_is("SELECT 12abc", "SELECT ?");
}

static void names_and_parameters_stay(void **state)
{
	(void)state;
	text_is("SELECT t1.a2, \"my col\", `b`, [c d] FROM \"t 1\" WHERE x = ?1 AND y=:name OR z=@a$b",
		"SELECT t1.a2, \"my col\", `b`, [c d] FROM \"t 1\" WHERE x = ?1 AND y=:name OR z=@a$b");
}

static void comments_and_spaces_shrink(void **state)
{
	(void)state;
	text_is("  SELECT -- secret\n\t a /* more\n secret */ FROM   t  ", "SELECT a FROM t");
	text_is("SELECT a /* unclosed secret", "SELECT a");
	text_is("SELECT a -- unclosed secret", "SELECT a");
}

static void an_unclosed_string_is_a_literal_to_the_end(void **state)
{
	(void)state;
	text_is("SELECT 'secret FROM t", "SELECT ?");
	text_is("SELECT * FROM t WHERE a = \"secret", "SELECT * FROM t WHERE a = ?");
}

static void a_double_quoted_value_is_a_literal(void **state)
{
	(void)state;
	text_is("SELECT \"id\" FROM \"t\" WHERE \"name\" = \"Ann\" AND \"t\".\"x\" = \"u\".\"y\"",
		"SELECT \"id\" FROM \"t\" WHERE \"name\" = ? AND \"t\".\"x\" = \"u\".\"y\"");
	text_is("INSERT INTO t(\"a\", \"b\") VALUES (\"x\", \"y\"), (\"z\", 1) RETURNING \"a\"",
		"INSERT INTO t(\"a\", \"b\") VALUES (?, ?), (?, ?) RETURNING \"a\"");
	text_is("SELECT a FROM t WHERE b IN (\"x\", \"y\") AND \"c\" LIKE \"z%\"",
		"SELECT a FROM t WHERE b IN (?, ?) AND \"c\" LIKE ?");
	text_is("SELECT a FROM t WHERE b IN (SELECT \"b\" FROM u)",
		"SELECT a FROM t WHERE b IN (SELECT \"b\" FROM u)");
	text_is("SELECT a FROM t WHERE b BETWEEN \"x\" AND \"y\" AND \"c\"",
		"SELECT a FROM t WHERE b BETWEEN ? AND ? AND \"c\"");
	text_is("SELECT a FROM t WHERE b = lower(\"X\") AND (\"c\" = 1)",
		"SELECT a FROM t WHERE b = lower(?) AND (\"c\" = ?)");
	text_is("UPDATE t SET \"a\" = \"x\", \"b\" = \"y\"", "UPDATE t SET \"a\" = ?, \"b\" = ?");
	text_is("CREATE TABLE t(\"a\" INT, \"b\" TEXT DEFAULT \"x\")",
		"CREATE TABLE t(\"a\" INT, \"b\" TEXT DEFAULT ?)");
}

static void pragma_and_attach_keep_no_arguments(void **state)
{
	(void)state;
	text_is("PRAGMA main.key = secret", "PRAGMA main.key = ?");
	text_is("PRAGMA key(\"secret\")", "PRAGMA key(?)");
	text_is("ATTACH DATABASE secret AS other KEY \"secret\"",
		"ATTACH DATABASE ? AS other KEY ?");
}

static void the_summary_is_operation_and_tables(void **state)
{
	(void)state;
	summary_is("SELECT * FROM orders WHERE id = 1", "SELECT orders", "orders");
	summary_is("select a from main.\"my orders\" o, items i", "select main.my orders items",
		   "");
	summary_is("SELECT a FROM t JOIN u ON t.id = u.id LEFT JOIN v USING (x)", "SELECT t u v",
		   "");
	summary_is("INSERT OR REPLACE INTO t (a, b) VALUES (1, 2)", "INSERT t", "t");
	summary_is("INSERT INTO t(a) VALUES(1) ON CONFLICT DO UPDATE SET a = 2", "INSERT t", "t");
	summary_is("UPDATE OR IGNORE t SET a = 1", "UPDATE t", "t");
	summary_is("DELETE FROM t WHERE a IS NOT DISTINCT FROM b", "DELETE t", "t");
	summary_is("SELECT a FROM (SELECT b FROM t) x", "SELECT t", "t");
	summary_is("WITH x AS (SELECT a FROM t) DELETE FROM u", "DELETE u", "u");
	summary_is("CREATE TABLE IF NOT EXISTS t (a INT, b INT)", "CREATE TABLE t", "t");
	summary_is("CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX i", "i");
	summary_is("BEGIN IMMEDIATE", "BEGIN", "");
	summary_is("PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "");
	summary_is("SELECT 1", "SELECT", "");
	summary_is("VACUUM INTO 'file'", "VACUUM", "");
	summary_is("", "", "");
}

static void a_long_statement_is_cut(void **state)
{
	static char statement[3 * SQL_TEXT_MOST];

	(void)state;
	memset(statement, 'a', sizeof(statement) - 1);
	sql_read(&s, str_of(statement));
	assert_int_equal(s.text.n, SQL_TEXT_MOST);
	assert_true(s.summary.n <= SQL_SUMMARY_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_become_question_marks),
		cmocka_unit_test(names_and_parameters_stay),
		cmocka_unit_test(comments_and_spaces_shrink),
		cmocka_unit_test(an_unclosed_string_is_a_literal_to_the_end),
		cmocka_unit_test(a_double_quoted_value_is_a_literal),
		cmocka_unit_test(pragma_and_attach_keep_no_arguments),
		cmocka_unit_test(the_summary_is_operation_and_tables),
		cmocka_unit_test(a_long_statement_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
