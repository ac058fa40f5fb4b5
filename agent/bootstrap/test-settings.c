/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/settings.h"

#include "oriel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* liboriel's, of which only this is used here. */
static const int64_t levels[ORIEL_LOGGERS / sizeof(int64_t)];
struct oriel_gate oriel_gate = { .recording = 1, .levels = levels };
static char recorded[256];

void oriel_log_write(enum oriel_severity severity, const char *event, size_t event_n,
		     struct oriel_attributes attributes)
{
	(void)attributes;
	snprintf(recorded + strlen(recorded), sizeof(recorded) - strlen(recorded), "%d %.*s\n",
		 (int)severity, (int)event_n, event);
}

void oriel_log_at(struct oriel_site *site, uint64_t what, const char *event, size_t event_n,
		  struct oriel_attributes attributes)
{
	(void)site;
	oriel_log_write((enum oriel_severity)(uint8_t)what, event, event_n, attributes);
}

static int begin(void **state)
{
	static const char *const names[] = { "OTEL_SERVICE_NAME",    "OTEL_RESOURCE_ATTRIBUTES",
					     "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
					     "OTEL_LOGS_EXPORTER",   "OTEL_PROPAGATORS",
					     "ORIEL_REDACT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	recorded[0] = '\0';
	*state = settings_open(false, "/usr/bin/shop", "/hook.so", 2000);
	return 0;
}

#define assert_setting(name, value) assert_string_equal(getenv(name), value)

static void the_hook_is_told_what_it_is_for(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->size, sizeof(*b));
	assert_int_equal(b->version, ORIEL_BOOTSTRAP_VERSION);
	assert_string_equal(b->program, "/usr/bin/shop");
	assert_string_equal(b->source, "/hook.so");
	assert_int_equal(b->probe, 0);
	assert_true(ORIEL_BOOTSTRAP_HAS(b, log));
}

static void settings_are_set_and_counted(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->set(b, "OTEL_SERVICE_NAME", "shop"), 0);
	assert_setting("OTEL_SERVICE_NAME", "shop");
	assert_string_equal(b->get(b, "OTEL_SERVICE_NAME"), "shop");
	assert_int_equal(settings_count(), 1);
	assert_int_equal(b->set(b, "OTEL_SERVICE_NAME", NULL), 0);
	assert_null(getenv("OTEL_SERVICE_NAME"));
	assert_null(b->get(b, "OTEL_SERVICE_NAME"));
}

static void other_variables_are_not_for_hooks(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->set(b, "PATH", "/nowhere"), EINVAL);
	assert_int_equal(b->set(b, "OTEL_A=B", "c"), EINVAL);
	assert_int_equal(b->set(b, "OTEL_lower", "c"), EINVAL);
	assert_int_equal(b->set(b, NULL, "c"), EINVAL);
	assert_int_equal(settings_count(), 0);
}

static void a_default_does_not_win(void **state)
{
	struct oriel_bootstrap *b = *state;

	setenv("OTEL_SERVICE_NAME", "given", 1);
	assert_int_equal(b->set_default(b, "OTEL_SERVICE_NAME", "mine"), 0);
	assert_setting("OTEL_SERVICE_NAME", "given");
	setenv("OTEL_SERVICE_NAME", "", 1);
	assert_int_equal(b->set_default(b, "OTEL_SERVICE_NAME", "mine"), 0);
	assert_setting("OTEL_SERVICE_NAME", "mine");
}

static void resource_attributes_are_added_and_replaced(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->resource(b, "team", "a"), 0);
	assert_setting("OTEL_RESOURCE_ATTRIBUTES", "team=a");
	assert_int_equal(b->resource(b, "region", "eu"), 0);
	assert_int_equal(b->resource(b, "team", "b"), 0);
	assert_setting("OTEL_RESOURCE_ATTRIBUTES", "region=eu,team=b");
	setenv("OTEL_RESOURCE_ATTRIBUTES", " team = x ,a=1, team=y", 1);
	assert_int_equal(b->resource(b, "team", "z"), 0);
	assert_setting("OTEL_RESOURCE_ATTRIBUTES", "a=1,team=z");
	assert_int_equal(b->resource(b, "", "z"), EINVAL);
	assert_int_equal(b->resource(b, "team", NULL), EINVAL);
}

static void what_the_list_has_a_meaning_for_is_encoded(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->resource(b, "a=b", "1,2 %\xc3\xa9"), 0);
	assert_setting("OTEL_RESOURCE_ATTRIBUTES", "a%3Db=1%2C2%20%25%C3%A9");
	assert_int_equal(b->resource(b, "a=b", ""), 0);
	assert_setting("OTEL_RESOURCE_ATTRIBUTES", "a%3Db=");
}

static void exporters_join_those_that_are_there(void **state)
{
	struct oriel_bootstrap *b = *state;

	setenv("OTEL_TRACES_EXPORTER", "console", 1);
	setenv("OTEL_METRICS_EXPORTER", "none", 1);
	assert_int_equal(b->exporter(b, ORIEL_BOOTSTRAP_ALL, "otlp"), 0);
	assert_int_equal(b->exporter(b, ORIEL_BOOTSTRAP_TRACES, "otlp"), 0);
	assert_setting("OTEL_TRACES_EXPORTER", "console,otlp");
	assert_setting("OTEL_METRICS_EXPORTER", "otlp");
	assert_setting("OTEL_LOGS_EXPORTER", "otlp");
	assert_int_equal(b->exporter(b, 0, "otlp"), EINVAL);
	assert_int_equal(b->exporter(b, 8, "otlp"), EINVAL);
	assert_int_equal(b->exporter(b, 1, "a,b"), EINVAL);
}

static void redaction_rules_are_lines(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->redact(b, "card=mask"), 0);
	assert_int_equal(b->redact(b, "pin=drop"), 0);
	assert_setting("ORIEL_REDACT", "card=mask\npin=drop");
	assert_int_equal(b->redact(b, "a\nb"), EINVAL);
}

static void propagators_are_replaced(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->propagators(b, "b3,tracecontext"), 0);
	assert_setting("OTEL_PROPAGATORS", "b3,tracecontext");
	assert_int_equal(b->propagators(b, NULL), EINVAL);
}

static void messages_wait_until_something_records(void **state)
{
	struct oriel_bootstrap *b = *state;

	assert_int_equal(b->log(b, ORIEL_BOOTSTRAP_WARN, "one"), 0);
	assert_int_equal(b->log(b, ORIEL_BOOTSTRAP_INFO, ""), 0);
	assert_int_equal(b->log(b, 0, "no"), EINVAL);
	assert_int_equal(b->log(b, 9, NULL), EINVAL);
	settings_close();
	assert_string_equal(recorded, "");
	settings_record_messages();
	assert_string_equal(recorded, "13 one\n9 \n");
}

static void messages_beyond_their_room_are_left_out_and_told(void **state)
{
	struct oriel_bootstrap *b = *state;
	char text[4095];

	memset(text, 'x', sizeof(text));
	text[4094] = '\0'; /* its severity and its end make 4096 */
	assert_int_equal(b->log(b, 9, text + 1), 0);
	assert_int_equal(b->log(b, 9, "more"), ENOMEM);
	settings_close();
	settings_record_messages();
	assert_non_null(strstr(recorded, "9 xxx"));
	recorded[0] = '\0';
	settings_open(false, "", "", 0);
	settings_record_messages();
	assert_string_equal(recorded, "");
}

static void after_the_hook_it_is_too_late(void **state)
{
	struct oriel_bootstrap *b = *state;

	settings_close();
	assert_int_equal(b->set(b, "OTEL_SERVICE_NAME", "late"), EBUSY);
	assert_int_equal(b->resource(b, "a", "b"), EBUSY);
	assert_int_equal(b->exporter(b, 1, "otlp"), EBUSY);
	assert_int_equal(b->redact(b, "a"), EBUSY);
	assert_int_equal(b->log(b, 9, "late"), EBUSY);
	assert_null(getenv("OTEL_SERVICE_NAME"));
}

static void the_intake_that_the_launcher_told_is_no_setting(void **state)
{
	struct oriel_bootstrap *b = *state;

	setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/run/7", 1);
	setenv("ORIEL_ENDPOINT_IS_OURS", "http://127.0.0.1:4318/run/7", 1);
	assert_null(b->get(b, "OTEL_EXPORTER_OTLP_ENDPOINT"));
	setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318", 1);
	assert_string_equal(b->get(b, "OTEL_EXPORTER_OTLP_ENDPOINT"), "http://otel:4318");
	unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
	unsetenv("ORIEL_ENDPOINT_IS_OURS");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_hook_is_told_what_it_is_for),
		TEST(settings_are_set_and_counted),
		TEST(other_variables_are_not_for_hooks),
		TEST(a_default_does_not_win),
		TEST(resource_attributes_are_added_and_replaced),
		TEST(what_the_list_has_a_meaning_for_is_encoded),
		TEST(exporters_join_those_that_are_there),
		TEST(redaction_rules_are_lines),
		TEST(propagators_are_replaced),
		TEST(messages_wait_until_something_records),
		TEST(messages_beyond_their_room_are_left_out_and_told),
		TEST(the_intake_that_the_launcher_told_is_no_setting),
		TEST(after_the_hook_it_is_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
