/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from pieces, and entries from fields; what liboriel gets of them. */
#include "agent/logs/logs.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

/* liboriel's and the agent's, of which only these are used here. */
static int64_t levels[1 + ORIEL_LOGGERS / sizeof(int64_t)];
struct oriel_gate oriel_gate = { .recording = 1, .levels = levels };
_Atomic bool agent_on = true, agent_passes;
extern const struct watched watched_syslog, watched_journal;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char told[16384], attributes_told[512];
static unsigned n_told;
static bool only_count;
static size_t longest;

static const char *scope_name(uint64_t what)
{
	switch (WHAT_SCOPE(what)) {
	case SCOPE_STDOUT:
		return "out";
	case SCOPE_STDERR:
		return "err";
	case SCOPE_SYSLOG:
		return "syslog";
	case SCOPE_JOURNAL:
		return "journal";
	default:
		return "?";
	}
}

void oriel_log_at(struct oriel_site *site, uint64_t what, const char *event, size_t event_n,
		  struct oriel_attributes attributes)
{
	size_t n;

	(void)site;
	pthread_mutex_lock(&lock);
	n_told++;
	longest = event_n > longest ? event_n : longest;
	n = strlen(told);
	if (!only_count)
		snprintf(told + n, sizeof(told) - n, "%s/%d %.*s|", scope_name(what),
			 (int)(uint8_t)what, (int)event_n, event);
	attributes_told[0] = '\0';
	for (size_t i = 0; i < attributes.n && !only_count; i++) {
		const struct oriel_attribute *a = &attributes.item[i];

		n = strlen(attributes_told);
		if (a->key && (uint8_t)a->shape == ORIEL_STR)
			snprintf(attributes_told + n, sizeof(attributes_told) - n, "%s=%.*s ",
				 a->key, (int)(a->shape >> 16), (const char *)a->value.p);
		else if (a->key)
			snprintf(attributes_told + n, sizeof(attributes_told) - n, "%s=%d ", a->key,
				 (int)a->value.integer);
	}
	pthread_mutex_unlock(&lock);
}

void agent_missed(const char *library)
{
	(void)library;
}

static int begin(void **state)
{
	(void)state;
	told[0] = '\0';
	n_told = 0;
	longest = 0;
	only_count = false;
	levels[0] = sizeof(levels[0]);
	memset(&levels[1], 24, ORIEL_LOGGERS);
	atomic_store(&watched_syslog.watch->on, true);
	atomic_store(&watched_journal.watch->on, true);
	return 0;
}

static void out(const char *text)
{
	stdio_wrote(STREAM_OUT, text, strlen(text), false);
}

#define OUT "out/9 "
#define ERR "err/9 "

static void pieces_become_lines(void **state)
{
	(void)state;
	errno = 4711;
	out("whole\n");
	out("in ");
	out("pie");
	stdio_wrote(STREAM_ERR, "between\n", 8, false);
	out("ces\nand two\nha");
	out("lf\r\n\n\n");
	stdio_wrote(STREAM_OUT, "put", 3, true);
	stdio_wrote(STREAM_OUT, "a\nb", 3, true);
	out("x");
	stdio_wrote(STREAM_OUT, "", 0, true);
	assert_string_equal(told, OUT "whole|" ERR "between|" OUT "in pieces|" OUT "and two|" OUT
				      "half|" OUT "put|" OUT "a|" OUT "b|" OUT "x|");
	assert_string_equal(attributes_told, "log.iostream=stdout ");
	assert_int_equal(errno, 4711);
}

static void a_long_line_is_several_records(void **state)
{
	static char text[10001];

	(void)state;
	only_count = true;
	memset(text, 'x', sizeof(text));
	text[10000] = '\n';
	stdio_wrote(STREAM_OUT, text, sizeof(text), false);
	assert_int_equal(n_told, 3);
	assert_int_equal(longest, 4096);
	stdio_wrote(STREAM_OUT, text, 5000, false);
	assert_int_equal(n_told, 4);
	stdio_wrote(STREAM_OUT, "\n", 1, false);
	assert_int_equal(n_told, 5);
}

static void several_buffers_at_once_are_one_text_as_far_as_they_were_written(void **state)
{
	struct iovec v[3] = { { (char[]){ "on" }, 2 },
			      { (char[]){ "" }, 0 },
			      { (char[]){ "e\ntwo\n" }, 6 } };

	(void)state;
	stdio_wrote_all(STREAM_ERR, v, 3, 4);
	assert_string_equal(told, ERR "one|");
	stdio_wrote_all(STREAM_ERR, v, 3, 100);
	assert_string_equal(told, ERR "one|" ERR "one|" ERR "two|");
}

static void *many(void *you)
{
	for (int i = 0; i < 5000; i++) {
		stdio_wrote(STREAM_OUT, "whole line\n", 11, false);
		stdio_wrote(STREAM_OUT, "piece ", 6, false);
		stdio_wrote(STREAM_OUT, "end\n", 4, false);
	}
	return you;
}

static void threads_wait_for_nobody_and_lose_nothing(void **state)
{
	pthread_t thread[4];

	(void)state;
	only_count = true;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, many, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_true(n_told >= 20000);
	stdio_wrote(STREAM_OUT, "", 0, true);
}

static void said(int priority, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	if (syslog_wants(priority))
		syslog_said(priority, format, values);
	va_end(values);
}

static void syslogs_priorities_are_severities(void **state)
{
	char wanted[256] = "";
	static const int severity[] = { 21, 19, 18, 17, 13, 10, 9, 5 };

	(void)state;
	for (int i = LOG_EMERG; i <= LOG_DEBUG; i++) {
		size_t n = strlen(wanted);

		said(i, "%d\n", i);
		snprintf(wanted + n, sizeof(wanted) - n, "syslog/%d %d|", severity[i], i);
	}
	assert_string_equal(told, wanted);
}

static void syslogs_names_and_masks_are_heeded(void **state)
{
	(void)state;
	said(LOG_INFO, "x");
	assert_string_equal(attributes_told, "syslog.facility.code=1 ");
	syslog_opened("shop", LOG_LOCAL2);
	said(LOG_INFO, "x");
	assert_string_equal(attributes_told, "syslog.facility.code=18 syslog.appname=shop ");
	said(LOG_INFO | LOG_MAIL, "x");
	assert_string_equal(attributes_told, "syslog.facility.code=2 syslog.appname=shop ");
	syslog_opened(NULL, 0);
	n_told = 0;
	setlogmask(LOG_UPTO(LOG_ERR));
	said(LOG_WARNING, "x");
	said(LOG_ERR, "x");
	setlogmask(LOG_UPTO(LOG_DEBUG));
	assert_int_equal(n_told, 1);
	memset(&levels[1], 25 - ORIEL_WARN, ORIEL_LOGGERS);
	said(LOG_INFO, "x");
	assert_int_equal(n_told, 1);
}

#define FIELD(text) \
	{ \
		(char[]){ text }, sizeof(text) - 1 \
	}

static void a_journal_entry_is_its_fields(void **state)
{
	struct iovec v[] = { FIELD("PRIORITY=3"),
			     FIELD("MESSAGE=hello=there"),
			     FIELD("CODE_FILE=a.c"),
			     FIELD("CODE_LINE=7"),
			     FIELD("CODE_FUNC=main"),
			     FIELD("ORDER_ID=o-1"),
			     FIELD("=x"),
			     FIELD("nothing") };

	(void)state;
	journal_said(v, 8);
	assert_string_equal(told, "journal/17 hello=there|");
	assert_string_equal(
		attributes_told,
		"code.file.path=a.c code.line.number=7 code.function.name=main order_id=o-1 ");
	journal_said(v, 1);
	journal_said(NULL, 5);
	journal_said(v, -1);
	assert_int_equal(n_told, 1);
}

static void more_fields_than_there_is_room_for_are_left_out(void **state)
{
	struct iovec v[40] = { FIELD("MESSAGE=x"), FIELD("PRIORITY=99") };
	char text[40][16];

	(void)state;
	for (int i = 2; i < 40; i++)
		v[i] = (struct iovec){ text[i],
				       (size_t)snprintf(text[i], sizeof(text[i]), "F%d=%d", i, i) };
	journal_said(v, 40);
	assert_string_equal(told, "journal/9 x|");
	assert_non_null(strstr(attributes_told, "f17=17"));
	assert_null(strstr(attributes_told, "f18="));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_become_lines),
		TEST(a_long_line_is_several_records),
		TEST(several_buffers_at_once_are_one_text_as_far_as_they_were_written),
		TEST(threads_wait_for_nobody_and_lose_nothing),
		TEST(syslogs_priorities_are_severities),
		TEST(syslogs_names_and_masks_are_heeded),
		TEST(a_journal_entry_is_its_fields),
		TEST(more_fields_than_there_is_room_for_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
