/* SPDX-License-Identifier: Apache-2.0 */
/* syslog's calls, with what _FORTIFY_SOURCE makes of them, and the journal's. */
#include <errno.h>
#include <stdarg.h>
#include <sys/uio.h>
#include <syslog.h>

#include "agent/logs/logs.h"
#include "agent/preload/preload.h"
#include "agent/sockets/sockets.h"

void __syslog_chk(int priority, int flag, const char *format, ...);
void __vsyslog_chk(int priority, int flag, const char *format, va_list values);
int sd_journal_sendv(const struct iovec *fields, int n);

#define CALLS(X) \
	X(openlog) \
	X(vsyslog) \
	X(__vsyslog_chk)

PRELOAD_TABLE(CALLS);

/* libsystemd's, which may come late; looked for when it is first called. */
static struct real_library libsystemd;
static struct real journal = { .name = "sd_journal_sendv", .library = &libsystemd };

HOOK void openlog(const char *name, int option, int facility)
{
	syslog_opened(name, facility);
	if (REAL(openlog))
		REAL(openlog)(name, option, facility);
}

static void said(int priority, const char *format, va_list values)
{
	va_list again;

	if (!syslog_wants(priority) || sockets_vforked())
		return;
	va_copy(again, values);
	syslog_said(priority, format, again);
	va_end(again);
}

HOOK void vsyslog(int priority, const char *format, va_list values)
{
	said(priority, format, values);
	if (REAL(vsyslog))
		REAL(vsyslog)(priority, format, values);
}

HOOK void syslog(int priority, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	said(priority, format, values);
	if (REAL(vsyslog))
		REAL(vsyslog)(priority, format, values);
	va_end(values);
}

HOOK void __vsyslog_chk(int priority, int flag, const char *format, va_list values)
{
	said(priority, format, values);
	if (REAL(__vsyslog_chk))
		REAL(__vsyslog_chk)(priority, flag, format, values);
}

HOOK void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	said(priority, format, values);
	if (REAL(__vsyslog_chk))
		REAL(__vsyslog_chk)(priority, flag, format, values);
	va_end(values);
}

HOOK int sd_journal_sendv(const struct iovec *fields, int n)
{
	__typeof__(sd_journal_sendv) *sendv = (__typeof__(sd_journal_sendv) *)real_of(&journal);

	if (!sockets_vforked())
		journal_said(fields, n);
	return sendv ? sendv(fields, n) : -ENOSYS;
}
