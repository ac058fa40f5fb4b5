/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs: lines that the program writes already, as log records of the request that they are written in.
 *
 *     syslog.c     syslog and vsyslog: on unless switched off
 *     journal.c    sd_journal_send and its kin: likewise
 *     stdio.c      standard output and error, if ORIEL_CAPTURE names them
 *
 * The program's own call is made as ever; what comes of it stays what it was, errno included. Nothing
 * here takes a lock that it would wait for. A text is formatted once more for the record, in a buffer
 * of a pool, cut at LOGS_TEXT_MOST bytes.
 */
#pragma once

#include <stdarg.h>

#include "agent/agent.h"
#include "agent/real.h"

enum { LOGS_TEXT_MOST = 4096 };

struct iovec;

/* A buffer for one text; NULL: none is free, or the text can't be made (counted). */
struct logs_text *logs_format(const char *format, va_list values);
struct logs_text *logs_take(void);
void logs_give(struct logs_text *t);

struct logs_text {
	_Alignas(8) uint32_t pool; /* agent/pool.h's */
	uint32_t n;
	char bytes[LOGS_TEXT_MOST];
};

/* One record of a scope of ours; trailing line ends are not of it. */
void logs_record(unsigned scope, int severity, const char *text, size_t n,
		 struct oriel_attributes attributes);

/* syslog's eight priorities, as the log data model has them. */
int logs_severity(int priority);

/* ---- syslog and the journal --------------------------------------------------------------------- */

void syslog_opened(const char *ident, int facility);
bool syslog_wants(int priority);
void syslog_said(int priority, const char *format, va_list values); /* keeps errno */
void journal_said(const struct iovec *fields, int n);		    /* keeps errno */

/* ---- standard output and error ------------------------------------------------------------------ */

enum stream {
	STREAM_NONE,
	STREAM_OUT,
	STREAM_ERR,
	N_STREAMS,
};

extern _Atomic unsigned stdio_captured; /* bits, 1 << enum stream */
extern struct watch stdio_watch;

static inline bool stdio_captures(enum stream s)
{
	return __builtin_expect((atomic_load_explicit(&stdio_captured, memory_order_relaxed) >> s) &
					1,
				0) &&
	       watches(&stdio_watch);
}

/* These bytes were written; a line end is added where `ends`. Keep errno. */
void stdio_wrote(enum stream s, const char *text, size_t n, bool ends);
void stdio_wrote_all(enum stream s, const struct iovec *v, int n_v, size_t n);
