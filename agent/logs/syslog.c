/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program tells syslog. Its own mask (setlogmask) and the level of our logger both have a
 * word; the facility and the name of openlog are attributes.
 */
#include "agent/logs/logs.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

enum { IDENT_ROOM = 64 };

static struct watch watch;

/* openlog's, as of the last call. Letters may mix where two threads call it at once. */
static _Atomic char ident[IDENT_ROOM];
static _Atomic int facility = LOG_USER;

void syslog_opened(const char *name, int its_facility)
{
	if (its_facility && !(its_facility & ~LOG_FACMASK))
		atomic_store_explicit(&facility, its_facility, memory_order_relaxed);
	for (size_t i = 0; i < IDENT_ROOM - 1; i++) {
		atomic_store_explicit(&ident[i], name ? name[i] : '\0', memory_order_relaxed);
		if (!name || !name[i])
			break;
	}
}

bool syslog_wants(int priority)
{
	return watches(&watch) && oriel_passes(NULL, logs_severity(priority)) &&
	       (setlogmask(0) & LOG_MASK(LOG_PRI(priority)));
}

void syslog_said(int priority, const char *format, va_list values)
{
	int kept = errno;
	struct logs_text *t = logs_format(format, values);
	int its = priority & LOG_FACMASK ? priority & LOG_FACMASK
					 : atomic_load_explicit(&facility, memory_order_relaxed);
	char name[IDENT_ROOM];

	for (size_t i = 0; i < IDENT_ROOM; i++)
		name[i] = atomic_load_explicit(&ident[i], memory_order_relaxed);
	name[IDENT_ROOM - 1] = '\0';
	if (t)
		logs_record(SCOPE_SYSLOG, logs_severity(priority), t->bytes, t->n,
			    ORIEL_WITH(oriel_int("syslog.facility.code", its >> 3),
				       oriel_str("syslog.appname", name[0] ? name : NULL)));
	logs_give(t);
	errno = kept;
}

const struct watched watched_syslog = {
	.name = "syslog",
	.summary = "Lines for syslog are log records, too",
	.watch = &watch,
};
