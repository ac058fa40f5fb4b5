/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program writes to standard output and error, as lines.
 *
 *     ORIEL_CAPTURE=stdout,stderr
 *
 * The hard part: a line comes in pieces, from any thread, and from signal handlers. Each stream has
 * room for one unfinished line, behind a flag that nobody waits for: who finds it taken makes a record
 * of his piece alone. A piece that is a whole line needs no room, as long as none is unfinished.
 *
 * A forked child begins without its parent's unfinished line. At exit it is told as it is.
 */
#include "agent/logs/logs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/str.h"

enum { LINE_MOST = 4096 };

_Atomic unsigned stdio_captured;

struct watch stdio_watch;

static struct unfinished {
	_Atomic uint32_t taken;
	_Atomic uint32_t n;
	char bytes[LINE_MOST];
} unfinished[N_STREAMS];

static void tell(enum stream s, struct str line)
{
	logs_record(s == STREAM_OUT ? SCOPE_STDOUT : SCOPE_STDERR, ORIEL_INFO, line.p, line.n,
		    ORIEL_WITH(oriel_str("log.iostream", s == STREAM_OUT ? "stdout" : "stderr")));
}

/* What is there, and is told. */
static void finish(enum stream s)
{
	struct unfinished *u = &unfinished[s];
	uint32_t n = atomic_load_explicit(&u->n, memory_order_relaxed);

	if (n)
		tell(s, (struct str){ u->bytes, n });
	atomic_store_explicit(&u->n, 0, memory_order_relaxed);
}

/* A part of a line; what has no room makes a record of what there was. */
static void keep(enum stream s, struct str part)
{
	struct unfinished *u = &unfinished[s];

	while (part.n) {
		uint32_t n = atomic_load_explicit(&u->n, memory_order_relaxed);
		struct str fits = str_first(part, LINE_MOST - n);

		memcpy(u->bytes + n, fits.p, fits.n);
		atomic_store_explicit(&u->n, n + (uint32_t)fits.n, memory_order_relaxed);
		part = str_from(part, fits.n);
		if (part.n)
			finish(s);
	}
}

/* A whole line, in pieces of what a record holds. */
static void tell_all(enum stream s, struct str line)
{
	while (line.n) {
		struct str part = str_first(line, LINE_MOST);

		tell(s, part);
		line = str_from(line, part.n);
	}
}

static void take_line(enum stream s, struct str line)
{
	if (!atomic_load_explicit(&unfinished[s].n, memory_order_relaxed)) {
		tell_all(s, line);
		return;
	}
	keep(s, line);
	finish(s);
}

static void take(enum stream s, struct str text, bool ends)
{
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);

		if (!end && !ends) {
			keep(s, text);
			return;
		}
		take_line(s, str_first(text, end ? (size_t)(end - text.p) : text.n));
		text = end ? str_from(text, (size_t)(end - text.p) + 1) : STR("");
		ends = ends && end && text.n;
	}
	if (ends)
		finish(s);
}

/* Acquire and release: the bytes of a line go from one thread's hands into another's. */
static bool begin(enum stream s)
{
	return !atomic_exchange_explicit(&unfinished[s].taken, 1, memory_order_acquire);
}

static void end(enum stream s)
{
	atomic_store_explicit(&unfinished[s].taken, 0, memory_order_release);
}

void stdio_wrote(enum stream s, const char *text, size_t n, bool ends)
{
	int kept = errno;

	if (begin(s)) {
		take(s, (struct str){ text, n }, ends);
		end(s);
	} else {
		tell_all(s, (struct str){ text, n });
	}
	errno = kept;
}

void stdio_wrote_all(enum stream s, const struct iovec *v, int n_v, size_t n)
{
	for (int i = 0; i < n_v && n; i++) {
		size_t part = v[i].iov_len < n ? v[i].iov_len : n;

		if (part)
			stdio_wrote(s, v[i].iov_base, part, false);
		n -= part;
	}
}

/* ---- the switch --------------------------------------------------------------------------------- */

static void forked(void)
{
	for (int s = 0; s < N_STREAMS; s++) {
		atomic_store_explicit(&unfinished[s].n, 0, memory_order_relaxed);
		atomic_store_explicit(&unfinished[s].taken, 0, memory_order_relaxed);
	}
}

__attribute__((destructor)) static void at_exit(void)
{
	for (enum stream s = STREAM_OUT; s < N_STREAMS; s++)
		if (stdio_captures(s) && begin(s)) {
			finish(s);
			end(s);
		}
}

static unsigned read_streams(struct str list)
{
	unsigned found = 0;
	struct str name;

	while (str_next(&list, ',', &name)) {
		if (str_eq_nocase(name, STR("stdout")))
			found |= 1u << STREAM_OUT;
		else if (str_eq_nocase(name, STR("stderr")))
			found |= 1u << STREAM_ERR;
	}
	return found;
}

static void start(void)
{
	unsigned asked = read_streams(str_of(getenv("ORIEL_CAPTURE")));

	if (asked && pthread_atfork(NULL, NULL, forked) == 0)
		atomic_store_explicit(&stdio_captured, asked, memory_order_relaxed);
}

const struct watched watched_stdio = {
	.name = "stdio",
	.summary =
		"Lines on standard output and error are log records, too, if ORIEL_CAPTURE names them",
	.start = start,
	.watch = &stdio_watch,
};
