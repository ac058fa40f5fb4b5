/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter `console`: a line for people per span, log record and point, in order of time.
 *
 * Lines are gathered into pieces that a pipe takes as a whole; what finds no room for two seconds is
 * dropped and counted (export/stream.h tells why).
 */
#include "base/clock.h"
#include "base/err.h"
#include "export/console-line.h"
#include "export/exporter.h"
#include "export/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, MS = 1000000 };

struct console {
	struct stream stream;
	bool colour;
	enum signal signals;
	struct out piece, line;
	size_t piece_items; /* lines in the piece */
	size_t written;	    /* lines that went out, in this write */
};

static int console_open(void **state, const struct settings *settings,
			const struct export_place *place, char why[160])
{
	struct console *c;

	why[0] = '\0';
	if (place->out_fd < 0) {
		snprintf(why, 160, "console: there is no output to write to");
		return ERR(-EINVAL);
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return ERR(-ENOMEM);
	c->signals = place->signals;
	c->colour = console_wants_colour(settings, place->out_fd);
	stream_init(&c->stream, place->out_fd, place->stop);
	*state = c;
	return 0;
}

static void *console_close(void *state)
{
	struct console *c = state;

	if (!c)
		return NULL;
	stream_fini(&c->stream);
	out_fini(&c->piece);
	out_fini(&c->line);
	free(c);
	return NULL;
}

/* Sends what has been gathered. */
static int flush(struct console *c, uint64_t until_ns)
{
	int r = stream_put(&c->stream, out_all(&c->piece), until_ns);

	if (!r)
		c->written += c->piece_items;
	c->piece_items = 0;
	out_clear(&c->piece);
	return r;
}

/* Adds the line to the piece, sending that first if both don't fit in one. */
static int add_line(struct console *c, uint64_t until_ns)
{
	int r = c->line.error;

	if (!r && c->piece.n && c->piece.n + c->line.n > STREAM_PIECE_MOST)
		r = flush(c, until_ns);
	if (r)
		return r;
	out_str(&c->piece, out_all(&c->line));
	c->piece_items++;
	return c->piece.error;
}

/* The next of a batch by time, spans by their end; 0 when there is none. */
static enum signal next_kind(const struct batch *b, const size_t at[N_SIGNALS], enum signal signals)
{
	enum signal kind = 0;
	uint64_t least = UINT64_MAX;

	if ((signals & SIGNAL_LOG) && at[1] < b->n_logs) {
		kind = SIGNAL_LOG;
		least = b->log[at[1]].time_ns;
	}
	if ((signals & SIGNAL_SPAN) && at[0] < b->n_spans &&
	    (!kind || b->span[at[0]].end_ns < least))
		kind = SIGNAL_SPAN;
	if ((signals & SIGNAL_METRIC) && at[2] < b->n_points && !kind)
		kind = SIGNAL_METRIC;
	return kind;
}

static void make_line(struct console *c, const struct batch *b, enum signal kind, size_t i)
{
	struct console_line l = { .out = &c->line, .colour = c->colour, .resource = b->resource };

	out_clear(&c->line);
	if (kind == SIGNAL_SPAN)
		console_span(&l, &b->span[i]);
	else if (kind == SIGNAL_LOG)
		console_log(&l, &b->log[i]);
	else
		console_point(&l, &b->point[i]);
}

static int write_batch(struct console *c, const struct batch *b, uint64_t until_ns)
{
	size_t at[N_SIGNALS] = { 0 };
	enum signal kind;

	while ((kind = next_kind(b, at, c->signals))) {
		size_t *i = &at[kind == SIGNAL_SPAN ? 0 : kind == SIGNAL_LOG ? 1 : 2];
		int r;

		make_line(c, b, kind, *i);
		r = add_line(c, until_ns);
		if (r)
			return r;
		++*i;
	}
	return 0;
}

static size_t count(enum signal signals, struct batch *const *batches, size_t n)
{
	size_t items = 0;

	for (size_t i = 0; i < n; i++) {
		items += signals & SIGNAL_SPAN ? batches[i]->n_spans : 0;
		items += signals & SIGNAL_LOG ? batches[i]->n_logs : 0;
		items += signals & SIGNAL_METRIC ? batches[i]->n_points : 0;
	}
	return items;
}

/* Nothing is worth a second try: who reads a terminal wants what happens now. */
static int console_write(void *state, struct batch *const *batches, size_t n,
			 struct export_result *result)
{
	uint64_t until_ns = clock_mono_ns() + (uint64_t)PATIENCE_MS * MS;
	struct console *c = state;
	int r = 0;

	c->written = c->piece_items = 0;
	out_clear(&c->piece);
	for (size_t i = 0; i < n && !r; i++)
		r = write_batch(c, batches[i], until_ns);
	if (!r)
		r = flush(c, until_ns);
	result->n_rejected = count(c->signals, batches, n) - c->written;
	if (r == -ETIME)
		snprintf(result->why, sizeof(result->why), "nobody reads the output");
	else if (r)
		snprintf(result->why, sizeof(result->why), "the output: %s", strerror(-r));
	return 0;
}

const struct exporter exporter_console = {
	.name = "console",
	.summary = "Readable lines for people, on the run's standard output",
	.takes = SIGNAL_ALL,
	.is_out = true,
	.open = console_open,
	.write = console_write,
	.close = console_close,
};
