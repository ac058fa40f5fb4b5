/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/say.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
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

void say(const char *fmt, ...)
{
	char line[LINE_MOST];
	size_t n = write_time(line, sizeof(line));
	va_list list;
	int more;

	va_start(list, fmt);
	more = vsnprintf(line + n, sizeof(line) - n - 1, fmt, list);
	va_end(list);
	if (more > 0)
		n += (size_t)more < sizeof(line) - n - 2 ? (size_t)more : sizeof(line) - n - 2;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nobody is there to be told */
}
