/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/alone.h"

#include "base/hex.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/control.h"
#include "lib/encode.h"
#include "lib/logger.h"
#include "lib/plain.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	STALE_S = 10,
	FIRST_S = 5,
	LOOK_TICKS = 1 << 30, /* of the counter: a third to a half of a second */
	LOOK_NS = 500000000,
	LINE_MOST = 2048,
	BODY_MOST = 1024,
	ROW_MOST = 512,
};

static struct {
	dev_t device;
	ino_t inode;
	bool there, expected;
	_Atomic bool told;
} err;

void alone_begin(bool expected)
{
	struct stat st;

	err.there = fstat(STDERR_FILENO, &st) == 0;
	err.device = st.st_dev;
	err.inode = st.st_ino;
	err.expected = expected;
}

/* The word that oriel_gate.levels looks at where there is no page that a fork wipes. */
static int64_t open_levels;

void alone_without_segment(void)
{
	if (process.config.no_fallback)
		return;
	process.control = &process.own_control;
	logger_fill_all(NULL);
	atomic_store_explicit(&process.look_at, 0, memory_order_relaxed);
	open_levels = (const char *)process.control->passing - (const char *)&open_levels;
	__atomic_store_n(&oriel_gate.levels, &open_levels, __ATOMIC_RELEASE);
}

/* ---- is it so? ------------------------------------------------------------------------------------ */

static bool no_collector_lives(void)
{
	const struct segment_header *s = process_is_set_up() ? process.segment : NULL;
	uint64_t seen, now;

	if (!s)
		return true;
	seen = atomic_load_explicit(&s->collector_ns, memory_order_relaxed);
	if (!seen && !err.expected)
		return true;
	now = clock_slow();
	return seen ? now > seen + STALE_S * 1000000000ull
		    : now > s->created_mono_ns + FIRST_S * 1000000000ull;
}

static void look_again_later(void)
{
	uint8_t flags = 0;
	uint64_t now = clock_now(&flags);

	atomic_store_explicit(&process.look_at,
			      now + (flags & RECORD_TIME_MONO ? (uint64_t)LOOK_NS : LOOK_TICKS),
			      memory_order_relaxed);
}

/* ---- the line -------------------------------------------------------------------------------------- */

static bool takes_it_at_once(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct stat st;

	return err.there && fstat(STDERR_FILENO, &st) == 0 && st.st_dev == err.device &&
	       st.st_ino == err.inode && poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

/* A reader that went between poll and write, or a file's limit, must not end the program. */
static void write_quietly(const char *p, size_t n)
{
	sigset_t ours, before, pending;
	struct timespec none = { 0 };
	bool was_pending;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) || sigismember(&pending, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &ours, &before);
	/* Not by write(), where the agent would take it for one of the program's lines. */
	if (syscall(SYS_write, STDERR_FILENO, p, n) < 0 && (errno == EPIPE || errno == EFBIG) &&
	    !was_pending)
		sigtimedwait(&ours, NULL, &none);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static const char *level_name(uint8_t severity)
{
	static const char *const name[] = {
		"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"
	};

	return name[severity >= 1 && severity <= 24 ? (severity - 1) / 4 : 2];
}

static void line_context(struct plain *line)
{
	struct thread *t = thread_if_any();
	const struct entry *top = t ? thread_top(t) : NULL;
	struct carried c = carry_read(top ? entry_carry(top) : 0);
	char id[32];

	plain_row(line, c.fields);
	if (c.request_id.n)
		plain_field(line, STR("request_id"), c.request_id);
	if (!top || !top->span_id)
		return;
	hex_write(id, top->trace_id, 16);
	plain_field(line, STR("trace_id"), (struct str){ id, 32 });
	hex_write(id, &top->span_id, 8);
	plain_field(line, STR("span_id"), (struct str){ id, 16 });
}

static void say(uint64_t what, struct str body, struct oriel_attributes attributes)
{
	struct str logger = logger_name((unsigned)(what >> 32));
	struct encode_text fit = encode_text_fit(body, BODY_MOST);
	struct encode e = encode_fit(attributes, ROW_MOST);
	unsigned char seen[BODY_MOST + ROW_MOST + 8], *row;
	char text[LINE_MOST];
	struct timespec now;
	struct plain line;

	clock_gettime(CLOCK_REALTIME, &now);
	plain_open(&line, text, sizeof(text));
	plain_time(&line, now);
	plain_text(&line, str_of(level_name((uint8_t)what)));
	plain_text(&line, STR(" "));
	if (logger.n) {
		plain_text(&line, logger);
		plain_text(&line, STR(": "));
	}
	row = encode_text_put(seen, &fit); /* what is secret isn't in it, as in a record */
	plain_text(&line, (struct str){ (char *)seen, (size_t)(row - seen) });
	plain_row(&line, (struct str){ (char *)row, (size_t)(encode_put(row, &e) - row) });
	line_context(&line);
	write_quietly(text, plain_close(&line));
}

void alone_look(uint64_t what, struct str body, struct oriel_attributes attributes)
{
	static const char once[] = "oriel: no collector lives; log records go to standard error "
				   "until one does\n";
	int kept = errno;

	if (atomic_load_explicit(&process.clock, memory_order_relaxed) == CLOCK_COARSE ||
	    process.config.no_fallback || !no_collector_lives()) {
		look_again_later();
	} else {
		atomic_store_explicit(&process.look_at, 0, memory_order_relaxed);
		if (scope_is_program(WHAT_SCOPE(what)) && takes_it_at_once()) {
			if (!atomic_exchange_explicit(&err.told, true, memory_order_relaxed))
				write_quietly(once, sizeof(once) - 1);
			say(what, body, attributes);
		}
	}
	errno = kept;
}
