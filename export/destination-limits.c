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

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t of_both(const struct asked *a, const char *spans, const char *logs)
{
	return larger(a->signals & SIGNAL_SPAN ? number(a, spans) : 0,
		      a->signals & SIGNAL_LOG ? number(a, logs) : 0);
}

/* A delay of 0 is said, and means at once, for which 1 is soon enough; 0: nobody says. */
static uint64_t delay_ms(const struct asked *a, enum signal signal, const char *name)
{
	uint64_t ms = a->signals & signal ? settings_ms(a->settings, str_of(name), UINT64_MAX)
					  : UINT64_MAX;

	return ms == UINT64_MAX ? 0 : larger(ms, 1);
}

static size_t at_once(const struct asked *a)
{
	uint64_t n = number(a, "ORIEL_EXPORT_CONCURRENCY");

	return n <= DESTINATION_AT_ONCE_MOST ? n : 0;
}

struct destination_limits destination_limits_of(const struct settings *settings,
						enum signal signals)
{
	struct asked a = { settings, signals };
	struct destination_limits l = { .at_once = at_once(&a) };

	l.most[0] = number(&a, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
	l.most[1] = number(&a, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	l.most[2] = number(&a, "ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE");
	l.queue_items = of_both(&a, "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_QUEUE_SIZE");
	l.batch_items =
		of_both(&a, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	if (l.queue_items && l.batch_items > l.queue_items)
		l.batch_items = l.queue_items;
	l.delay_ms = (uint32_t)larger(delay_ms(&a, SIGNAL_SPAN, "OTEL_BSP_SCHEDULE_DELAY"),
				      delay_ms(&a, SIGNAL_LOG, "OTEL_BLRP_SCHEDULE_DELAY"));
	return l;
}
