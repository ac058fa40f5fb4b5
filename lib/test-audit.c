/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test-segment.h"

#include "lib/audit.h"

#include <errno.h>

static void said(void)
{
	setenv("LOG_LEVEL", "CRITICAL", 1);
	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	must(oriel_start(NULL) == 0);
	must(oriel_audit("user.deleted", oriel_str("by", "bob"), oriel_str("token", "hunter2")));
	must(oriel_audit("user.made"));
	must(process.segment->audits == 2);
}

static void records_pass_any_level_and_sampler(void **state)
{
	struct seen s;

	(void)state;
	looked_for = "user.deleted";
	s = seen_of(said);
	assert_int_equal(s.n[RECORD_LOG], 2);
	assert_int_equal(s.found, 1);
	looked_for = "token[REDACTED]";
	assert_int_equal(seen_of(said).found, 1);
	looked_for = NULL;
}

/* Without a collector: as many as there is room for, and then the answer is no. */
static void flooded(void)
{
	int n = 0;

	setenv("ORIEL_SEGMENT_SIZE", "65536", 1);
	must(oriel_start(NULL) == 0);
	errno = ENOENT;
	while (oriel_audit("event", oriel_int("n", n)))
		n++;
	must(errno == ENOENT && n > 100);
	must(!oriel_audit("event") && process.segment->loss[LOSS_audits_no_room] == 2);
	must(process.segment->loss[LOSS_logs_no_room] == 0);
	must(!oriel_audit_flush(1));
	process.segment->audits_kept = (uint64_t)n; /* as the collector would say */
	must(oriel_audit_flush(0));
}

static void what_finds_no_room_is_told_and_counted(void **state)
{
	(void)state;
	seen_of(flooded);
}

static void silent(void)
{
	must(!oriel_audit("before"));
	must(!oriel_audit_flush(0));
	must(oriel_start(NULL) == 0);
	oriel_stop();
	must(!oriel_audit("after"));
}

static void where_nothing_is_recorded_the_answer_is_no(void **state)
{
	(void)state;
	assert_int_equal(seen_of(silent).n[RECORD_LOG], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_pass_any_level_and_sampler),
		cmocka_unit_test(what_finds_no_room_is_told_and_counted),
		cmocka_unit_test(where_nothing_is_recorded_the_answer_is_no),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
