/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/logs/logs.h"

#include <stdio.h>

#include "agent/pool.h"

enum { TEXTS = 64 };

_Static_assert(offsetof(struct logs_text, pool) == 0, "an item begins with its pool's part");

static struct pool texts = { .item_bytes = sizeof(struct logs_text), .n = TEXTS };

struct logs_text *logs_take(void)
{
	struct logs_text *t = pool_open(&texts) ? pool_take(&texts) : NULL;

	if (!t)
		agent_missed("logs");
	return t;
}

void logs_give(struct logs_text *t)
{
	if (t)
		pool_give(&texts, t);
}

struct logs_text *logs_format(const char *format, va_list values)
{
	struct logs_text *t = logs_take();
	int n;

	if (!t)
		return NULL;
	n = vsnprintf(t->bytes, sizeof(t->bytes), format, values);
	if (n < 0) {
		logs_give(t);
		return NULL;
	}
	t->n = n < LOGS_TEXT_MOST ? (uint32_t)n : LOGS_TEXT_MOST - 1;
	return t;
}

void logs_record(unsigned scope, int severity, const char *text, size_t n,
		 struct oriel_attributes attributes)
{
	static struct oriel_site nowhere;

	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n)
		oriel_log_at(&nowhere, WHAT_OF(scope, severity), text, n, attributes);
}

/* Log data model, "Mapping of SeverityNumber", syslog. */
int logs_severity(int priority)
{
	static const int severity[] = {
		ORIEL_FATAL, ORIEL_ERR + 2,  ORIEL_ERR + 1, ORIEL_ERR,
		ORIEL_WARN,  ORIEL_INFO + 1, ORIEL_INFO,    ORIEL_DEBUG,
	};

	return severity[priority & 7];
}
