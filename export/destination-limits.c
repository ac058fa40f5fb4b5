/* SPDX-License-Identifier: Apache-2.0 */
#include "export/destination.h"

enum { MOST = 100000000 };

struct asked {
	const struct settings *settings;
	enum signal signals;
};

/* 0: nobody says, or what makes no sense (launch/check-values.h tells of that). */
static uint64_t number(const struct asked *a, const char *name)
{
	uint64_t v = settings_u64(a->settings, str_of(name), 0, NULL);

	return v < MOST ? v : MOST;
}

static uint64_t of_both(const struct asked *a, const char *spans, const char *logs)
{
	uint64_t s = a->signals & SIGNAL_SPAN ? number(a, spans) : 0,
		 l = a->signals & SIGNAL_LOG ? number(a, logs) : 0;

	return s > l ? s : l;
}

/* A delay of 0 is said, and means at once. */
static bool is_said(const struct asked *a, enum signal signal, const char *name)
{
	uint64_t v;

	return a->signals & signal &&
	       str_to_u64(str_trim(settings_get(a->settings, str_of(name))), &v);
}

static size_t at_once(const struct asked *a)
{
	uint64_t n = number(a, "ORIEL_EXPORT_CONCURRENCY");

	return n < DESTINATION_AT_ONCE_MOST ? n : DESTINATION_AT_ONCE_MOST;
}

struct destination_limits destination_limits_of(const struct settings *settings,
						enum signal signals)
{
	struct asked a = { settings, signals };
	struct destination_limits l = { .at_once = at_once(&a) };
	uint64_t delay_ms;

	l.most[0] = number(&a, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
	l.most[1] = number(&a, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	l.most[2] = number(&a, "ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE");
	l.queue_items = of_both(&a, "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_QUEUE_SIZE");
	l.batch_items =
		of_both(&a, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	if (l.queue_items && l.batch_items > l.queue_items)
		l.batch_items = l.queue_items;
	delay_ms = of_both(&a, "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BLRP_SCHEDULE_DELAY");
	if (is_said(&a, SIGNAL_SPAN, "OTEL_BSP_SCHEDULE_DELAY") ||
	    is_said(&a, SIGNAL_LOG, "OTEL_BLRP_SCHEDULE_DELAY"))
		l.delay_ms = delay_ms ? (uint32_t)delay_ms : 1;
	return l;
}
