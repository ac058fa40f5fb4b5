/* SPDX-License-Identifier: Apache-2.0 */
#include "export/destination.h"

enum { MOST = 100000000 };

struct asked {
	const struct settings *settings;
	const char **bad;
	enum signal signals;
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* 0: nobody says. */
static uint64_t number(const struct asked *a, const char *name)
{
	bool wrong = false;
	uint64_t v = settings_u64(a->settings, str_of(name), 0, &wrong);

	if (wrong)
		*a->bad = name;
	return v < MOST ? v : MOST;
}

static uint64_t of_both(const struct asked *a, const char *spans, const char *logs)
{
	return larger(a->signals & SIGNAL_SPAN ? number(a, spans) : 0,
		      a->signals & SIGNAL_LOG ? number(a, logs) : 0);
}

/* A delay of 0 is said, and means at once. */
static bool is_said(const struct asked *a, const char *spans, const char *logs)
{
	return (a->signals & SIGNAL_SPAN && settings_get(a->settings, str_of(spans)).n) ||
	       (a->signals & SIGNAL_LOG && settings_get(a->settings, str_of(logs)).n);
}

/* 0: nobody says, or says what makes no sense. */
static size_t at_once(const struct asked *a)
{
	const char *const name = "ORIEL_EXPORT_CONCURRENCY";
	uint64_t n = number(a, name);

	if (!settings_get(a->settings, str_of(name)).n || (n && n <= DESTINATION_AT_ONCE_MOST))
		return n;
	*a->bad = name;
	return 0;
}

struct destination_limits destination_limits_of(const struct settings *settings,
						enum signal signals, const char **bad)
{
	struct asked a = { settings, bad, signals };
	struct destination_limits l = { 0 };
	uint64_t delay_ms;

	*bad = NULL;
	l.at_once = at_once(&a);
	l.most[0] = number(&a, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
	l.most[1] = number(&a, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	l.queue_items = of_both(&a, "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_QUEUE_SIZE");
	l.batch_items =
		of_both(&a, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	if (l.queue_items && l.batch_items > l.queue_items)
		l.batch_items = l.queue_items;
	delay_ms = of_both(&a, "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY");
	if (is_said(&a, "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY"))
		l.delay_ms = delay_ms ? (uint32_t)delay_ms : 1;
	return l;
}
