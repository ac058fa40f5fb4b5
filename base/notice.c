/* SPDX-License-Identifier: Apache-2.0 */
#include "base/notice.h"
#include "base/str.h"
#include "base/utf8.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct date {
	unsigned year, month, day, second; /* second: of the day */
};

/* gmtime_r reads the time zone's file on the way, and the program may not have set TZ yet. */
static struct date date_of(uint64_t seconds)
{
	unsigned days = (unsigned)(seconds / 86400) + 719468; /* since 0000-03-01 */
	unsigned era = days / 146097, of_era = days % 146097;
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned day = of_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * day + 2) / 153;

	return (struct date){
		.year = year + era * 400 + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = day - (153 * month + 2) / 5 + 1,
		.second = (unsigned)(seconds % 86400),
	};
}

static size_t put_escaped(char *to, size_t room, const char *from, bool json)
{
	size_t n = 0;

	for (; *from && n + 8 < room; from++) {
		unsigned char c = (unsigned char)*from;

		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(to + n, room - n, json ? "\\u%04x" : "\\x%02x", c);
		else if (json && (c == '"' || c == '\\'))
			n += (size_t)snprintf(to + n, room - n, "\\%c", c);
		else
			to[n++] = (char)c;
	}
	to[n] = '\0';
	return n;
}

/* What isn't UTF-8 becomes '?': a path may hold any byte, JSON may not. */
static void put_clean(char *to, size_t room, const char *from)
{
	struct str rest = str_first(str_of(from), room - 1);
	size_t n = 0;

	while (rest.n) {
		size_t whole = utf8_length(rest);

		memcpy(to + n, rest.p, whole ? whole : 1);
		if (!whole)
			to[n] = '?';
		n += whole ? whole : 1;
		rest = str_from(rest, whole ? whole : 1);
	}
	to[n] = '\0';
}

size_t notice_format(char to[NOTICE_MOST], bool json, uint64_t now_ns, const char *logger,
		     const char *message)
{
	struct date d = date_of(now_ns / 1000000000u);
	unsigned us = (unsigned)(now_ns % 1000000000u / 1000);
	unsigned h = d.second / 3600, m = d.second / 60 % 60, s = d.second % 60;
	char clean[NOTICE_MOST / 2];
	size_t n;

	put_clean(clean, sizeof(clean), message);
	if (json)
		n = (size_t)snprintf(to, NOTICE_MOST,
				     "{\"timestamp\":\"%04u-%02u-%02uT%02u:%02u:%02u.%06uZ\","
				     "\"level\":\"WARNING\",\"logger\":\"%s\",\"message\":\"",
				     d.year, d.month, d.day, h, m, s, us, logger);
	else
		n = (size_t)snprintf(to, NOTICE_MOST,
				     "[%04u-%02u-%02u %02u:%02u:%02u.%03uZ] WARNING - %s: ", d.year,
				     d.month, d.day, h, m, s, us / 1000, logger);
	n += put_escaped(to + n, NOTICE_MOST - n - 3, clean, json);
	n += (size_t)snprintf(to + n, NOTICE_MOST - n, json ? "\"}\n" : "\n");
	return n;
}

/* A reader that is gone would send SIGPIPE, which ends a program that has not begun yet. */
static void write_quietly(const char *p, size_t n)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct timespec at_once = { 0 };
	sigset_t pipe, before, pending;

	if (poll(&out, 1, 0) <= 0 || !(out.revents & POLLOUT))
		return;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	sigprocmask(SIG_BLOCK, &pipe, &before);
	if (write(STDERR_FILENO, p, n) < 0 && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void notice_warn(const char *logger, const char *message)
{
	struct str ours = str_trim(str_of(getenv("ORIEL_LOG_FORMAT")));
	struct str format = ours.n ? ours : str_trim(str_of(getenv("LOG_FORMAT")));
	bool json = str_eq_nocase(format, STR("json"));
	struct timespec now;
	char line[NOTICE_MOST];

	clock_gettime(CLOCK_REALTIME, &now);
	write_quietly(line,
		      notice_format(line, json,
				    (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
				    logger, message));
}
