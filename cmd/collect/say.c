/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/say.h"
#include "base/clock.h"
#include "base/severity.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MOST = 1024 };

static size_t write_time(char *to, size_t room)
{
	time_t now = time(NULL);
	struct tm tm;

	if (isatty(STDERR_FILENO))
		return (size_t)snprintf(to, room, "oriel: ");
	gmtime_r(&now, &tm);
	return strftime(to, room, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

static bool is_said(int severity)
{
	int least = severity_of(str_trim(str_of(getenv("OTEL_LOG_LEVEL"))));

	return severity >= (least ? least : SEVERITY_INFO);
}

static void __attribute__((format(printf, 1, 0))) write_line(const char *fmt, va_list list)
{
	char line[LINE_MOST];
	size_t n = write_time(line, sizeof(line));
	int more = vsnprintf(line + n, sizeof(line) - n - 1, fmt, list);

	if (more > 0)
		n += (size_t)more < sizeof(line) - n - 2 ? (size_t)more : sizeof(line) - n - 2;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nobody is there to be told */
}

void say(const char *fmt, ...)
{
	va_list list;

	if (!is_said(SEVERITY_INFO))
		return;
	va_start(list, fmt);
	write_line(fmt, list);
	va_end(list);
}

void say_wrong(const char *fmt, ...)
{
	va_list list;

	if (!is_said(SEVERITY_WARN))
		return;
	va_start(list, fmt);
	write_line(fmt, list);
	va_end(list);
}
