/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/database/sql.h"

static struct sql s;

static void same(struct str is, const char *wanted)
{
	char text[SQL_TEXT_MOST + 1];

	memcpy(text, is.p ? is.p : "", is.n);
	text[is.n] = 0;
	assert_string_equal(text, wanted);
}

static enum sql_dialect dialect = SQL_SQLITE; /* of the test that runs */

static void text_is(const char *statement, const char *wanted)
{
	sql_read(&s, dialect, str_of(statement));
	same(s.text, wanted);
}

static void summary_is(const char *statement, const char *wanted, const char *collection)
{
	sql_read(&s, dialect, str_of(statement));
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
	sql_read(&s, dialect, str_of(statement));
	assert_int_equal(s.text.n, SQL_TEXT_MOST);
	assert_true(s.summary.n <= SQL_SUMMARY_MOST);
}

static int sqlite(void **state)
{
	(void)state;
	dialect = SQL_SQLITE;
	return 0;
}

static int postgresql(void **state)
{
	(void)state;
	dialect = SQL_POSTGRESQL;
	return 0;
}

static int mysql(void **state)
{
	(void)state;
	dialect = SQL_MYSQL;
	return 0;
}

static void postgresql_strings_are_literals(void **state)
{
	(void)state;
	text_is("SELECT $$secret ' $x$ $$, $f$a $$ b$f$, $1, a$b, $2::text",
		"SELECT ?, ?, $1, a$b, $2::text");
	text_is("SELECT E'it\\'s secret', 'back\\', U&'d\\0061t' UESCAPE '!', B'01', x'ff', n'q'",
		"SELECT ?, ?, ? UESCAPE ?, ?, ?, ?");
	text_is("SELECT $$secret", "SELECT ?");
	text_is("SELECT e.\"x\" = 'y' FROM \"e\" WHERE \"name\" = \"other\"",
		"SELECT e.\"x\" = ? FROM \"e\" WHERE \"name\" = \"other\"");
}

static void postgresql_operators_are_no_parameters(void **state)
{
	(void)state;
	text_is("SELECT a ? 'k', b @> '{}', c #>> '{a,b}', ARRAY[1, 2], d[3]::int FROM t",
		"SELECT a ? ?, b @> ?, c #>> ?, ARRAY[?, ?], d[?]::int FROM t");
}

static void postgresql_comments_nest(void **state)
{
	(void)state;
	text_is("SELECT a /* x /* y */ secret */ FROM t", "SELECT a FROM t");
	assert_true(s.commented);
	assert_false(s.open);
}

static void postgresql_statements_have_their_names(void **state)
{
	(void)state;
	summary_is("COPY orders (a, b) FROM stdin", "COPY orders", "orders");
	summary_is("COPY (SELECT a FROM t) TO STDOUT", "COPY t", "t");
	summary_is("SELECT extract(year FROM created), substring(a FROM 2) FROM orders",
		   "SELECT orders", "orders");
	summary_is("DELETE FROM ONLY public.orders USING u", "DELETE public.orders",
		   "public.orders");
	summary_is("TRUNCATE TABLE orders, items", "TRUNCATE orders", "orders");
	summary_is("SELECT a FROM t, LATERAL (SELECT b FROM u) x", "SELECT t u", "");
	summary_is("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "MERGE t", "t");
	summary_is("EXECUTE p(1, 'x')", "EXECUTE p", "");
	summary_is("CALL refresh_totals(1)", "CALL refresh_totals", "");
	same(s.procedure, "refresh_totals");
}

static void several_statements_are_a_batch(void **state)
{
	(void)state;
	summary_is("BEGIN; INSERT INTO t VALUES ('x'); COMMIT;", "BEGIN INSERT t COMMIT", "");
	same(s.text, "BEGIN; INSERT INTO t VALUES (?); COMMIT;");
	same(s.operation, "BATCH");
	assert_int_equal(s.statements, 3);
	summary_is("INSERT INTO t VALUES (1); insert into u values (2)", "INSERT t insert u", "");
	same(s.operation, "BATCH INSERT");
	summary_is("SELECT 1; ; -- that was all", "SELECT", "");
	assert_int_equal(s.statements, 2);
	summary_is("CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; SELECT 1; END",
		   "CREATE TRIGGER r", "r");
	assert_int_equal(s.statements, 1);
}

static void mysql_strings_are_literals(void **state)
{
	(void)state;
	text_is("SELECT 'it\\'s', \"it\\\"s \"\"x\", _utf8'a', N'b', x'ff', b'01', 0xff FROM `a``b`",
		"SELECT ?, ?, _utf8?, ?, ?, ?, ? FROM `a``b`");
	text_is("SELECT \"secret", "SELECT ?");
	text_is("SET @a := 1, @@session.sql_mode = \"x\"", "SET @a := ?, @@session.sql_mode = ?");
	text_is("GRANT ALL ON d.* TO 'ann'@'host' IDENTIFIED BY 'secret'",
		"GRANT ALL ON d.* TO ?@? IDENTIFIED BY ?");
}

static void mysql_comments_shrink(void **state)
{
	(void)state;
	text_is("SELECT a # secret\n, b -- secret\n, 1--1", "SELECT a , b , ?--?");
	text_is("INSERT /*!50003 INTO */ t /*M!100100 VALUES */ (1) /* secret */",
		"INSERT INTO t VALUES (?)");
	assert_true(s.commented);
}

static void mysql_statements_have_their_names(void **state)
{
	(void)state;
	summary_is("INSERT IGNORE INTO `shop`.`orders` VALUES (1)", "INSERT shop.orders",
		   "shop.orders");
	summary_is("UPDATE LOW_PRIORITY orders SET a = 1", "UPDATE orders", "orders");
	summary_is("USE shop", "USE shop", "");
	summary_is("SELECT a FROM t WHERE b IN (\"x\") LIMIT 3", "SELECT t", "t");
}

static void a_backslash_escapes_where_the_server_says_so(void **state)
{
	(void)state;
	dialect = SQL_POSTGRESQL_ESCAPES;
	text_is("SELECT 'it\\'s secret', \"a\\\", $$b\\$$", "SELECT ?, \"a\\\", ?");
	dialect = SQL_MYSQL_NO_ESCAPES;
	text_is("SELECT 'back\\', \"slash\\\", 'secret'", "SELECT ?, ?, ?");
}

static void where_a_statement_ends_is_told(void **state)
{
	(void)state;
	sql_read(&s, SQL_POSTGRESQL, STR(" SELECT 1 ; "));
	assert_int_equal(s.end, 9);
	assert_true(s.whole && s.rows && !s.open && !s.commented && s.statements == 1);
	sql_read(&s, SQL_POSTGRESQL, STR("SELECT 'x"));
	assert_true(s.open);
	sql_read(&s, SQL_POSTGRESQL, STR("SELECT '--', '/*'"));
	assert_false(s.commented);
	sql_read(&s, SQL_POSTGRESQL, STR("CREATE TABLE t(a int)"));
	assert_false(s.rows);
	sql_read(&s, SQL_MYSQL, STR("WITH x AS (SELECT 1) SELECT * FROM x"));
	assert_true(s.rows);
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
		cmocka_unit_test_setup(postgresql_strings_are_literals, postgresql),
		cmocka_unit_test_setup(postgresql_operators_are_no_parameters, postgresql),
		cmocka_unit_test_setup(postgresql_comments_nest, postgresql),
		cmocka_unit_test_setup(postgresql_statements_have_their_names, postgresql),
		cmocka_unit_test_setup(several_statements_are_a_batch, postgresql),
		cmocka_unit_test_setup(mysql_strings_are_literals, mysql),
		cmocka_unit_test_setup(mysql_comments_shrink, mysql),
		cmocka_unit_test_setup(mysql_statements_have_their_names, mysql),
		cmocka_unit_test(a_backslash_escapes_where_the_server_says_so),
		cmocka_unit_test_setup(where_a_statement_ends_is_told, sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
