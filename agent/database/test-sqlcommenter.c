/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/agent.h"
#include "agent/database/sqlcommenter.h"

/* What the library would do, in the place of it: a context with a state that needs encoding. */

static const char *state = "a=1,b='x'*/";
static int missed, attached;

void agent_missed(const char *library)
{
	(void)library;
	missed++;
}

unsigned oriel_context_attach(const struct oriel_context *c)
{
	(void)c;
	attached++;
	return 1;
}

void oriel_context_detach(unsigned token)
{
	(void)token;
	attached--;
}

void oriel_context_inject(void (*set)(void *carrier, const char *name, const char *value),
			  void *carrier)
{
	set(carrier, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	if (state)
		set(carrier, "tracestate", state);
	set(carrier, "baggage", "secret=1");
}

#define PARENT "traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'"
#define COMMENT " /*" PARENT ",tracestate='a%3D1%2Cb%3D%27x%27%2A%2F'*/"

static struct sql sql;
static struct database_call call;

static void becomes(enum sql_dialect dialect, const char *statement, const char *wanted)
{
	struct commented *c;

	sql_read(&sql, dialect, str_of(statement));
	c = sqlcommenter_write(&sql, str_of(statement), &call);
	if (!wanted) {
		assert_null(c);
		return;
	}
	assert_non_null(c);
	assert_string_equal(c->text, wanted);
	assert_int_equal(c->n, strlen(wanted));
	sqlcommenter_give(c);
	assert_int_equal(attached, 0);
}

static void the_context_stands_at_the_end(void **unused)
{
	(void)unused;
	becomes(SQL_POSTGRESQL, "SELECT 1", "SELECT 1" COMMENT);
	becomes(SQL_POSTGRESQL, " UPDATE t SET a = '--' ; ",
		" UPDATE t SET a = '--'" COMMENT " ; ");
	becomes(SQL_MYSQL, "SELECT \"/*\" -1", "SELECT \"/*\" -1" COMMENT);
	becomes(SQL_MYSQL, "WITH x AS (SELECT 1) SELECT * FROM x;",
		"WITH x AS (SELECT 1) SELECT * FROM x" COMMENT ";");
	state = NULL;
	becomes(SQL_POSTGRESQL, "SELECT 1", "SELECT 1 /*" PARENT "*/");
	state = "a=1,b='x'*/";
}

static void a_text_that_might_mean_something_else_then_is_left(void **unused)
{
	(void)unused;
	becomes(SQL_POSTGRESQL, "SELECT 1 -- x", NULL);
	becomes(SQL_POSTGRESQL, "SELECT /* x */ 1", NULL);
	becomes(SQL_POSTGRESQL, "SELECT 'open", NULL);
	becomes(SQL_POSTGRESQL, "SELECT 1; SELECT 2", NULL);
	becomes(SQL_POSTGRESQL, "CREATE VIEW v AS SELECT 1", NULL);
	becomes(SQL_POSTGRESQL, "PREPARE p AS SELECT 1", NULL);
	becomes(SQL_POSTGRESQL, "BEGIN", NULL);
	becomes(SQL_POSTGRESQL, "", NULL);
	becomes(SQL_MYSQL, "SELECT 1 # x", NULL);
	becomes(SQL_MYSQL, "SELECT /*!40000 1 */", NULL);
	assert_int_equal(missed, 0);
}

static void a_text_without_room_is_left_and_counted(void **unused)
{
	static char statement[COMMENTED_MOST + 64];

	(void)unused;
	missed = 0;
	memset(statement, ' ', sizeof(statement) - 1);
	memcpy(statement, "SELECT", 6);
	statement[sizeof(statement) - 2] = '1';
	becomes(SQL_POSTGRESQL, statement, NULL);
	assert_int_equal(missed, 1);
	memset(statement + 7, 'x', sizeof(statement) - 8);
	becomes(SQL_POSTGRESQL, statement, NULL);
	assert_int_equal(missed, 2);
}

static void it_is_off_unless_asked_for(void **unused)
{
	(void)unused;
	unsetenv("ORIEL_SQLCOMMENTER");
	assert_false(sqlcommenter_wants("postgresql"));
	setenv("ORIEL_SQLCOMMENTER", "no", 1);
	assert_false(sqlcommenter_wants("postgresql"));
	setenv("ORIEL_SQLCOMMENTER", "YES", 1);
	assert_true(sqlcommenter_wants("postgresql"));
	setenv("ORIEL_SQLCOMMENTER", "sqlite, MariaDB", 1);
	assert_true(sqlcommenter_wants("mariadb"));
	assert_false(sqlcommenter_wants("postgresql"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_context_stands_at_the_end),
		cmocka_unit_test(a_text_that_might_mean_something_else_then_is_left),
		cmocka_unit_test(a_text_without_room_is_left_and_counted),
		cmocka_unit_test(it_is_off_unless_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
