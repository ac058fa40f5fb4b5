/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporters `log` and `log_file`: a line for each log record, on the run's standard error, and
 * in the file that LOG_FILE names (doc/logs.md). Their form: export/log-form.h.
 *
 * Records that come together are written in order of time; lines are gathered into pieces. What
 * nobody reads from standard error for two seconds is dropped and counted; a file that can't be
 * written to is tried again, and nothing is lost until the queue is full.
 *
 * Neither exporter says anything before there is a record: LOG_FORMAT and the others are names that
 * programs use for themselves. What makes no sense in them becomes the first record.
 */
#include "base/access-log.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/severity.h"
#include "export/console-line.h"
#include "export/exporter.h"
#include "export/log-file.h"
#include "export/log-form.h"
#include "export/stream.h"
#include "model/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, MS = 1000000, FILE_PIECE = 1 << 20, LOGS = 1 };
enum { LOCK_PATIENCE_MS = 30000 }; /* another writer's disk may be slow, and it is ours, too */

#define FILE_SIZE (UINT64_C(10) << 20)
#define FILES_KEPT 5

struct item {
	const struct log_record *record;
	const struct resource *resource;
};

struct log_out {
	struct log_form form;
	struct stream stream;
	struct log_file file; /* path NULL: the stream */
	char wrong[LOG_WRONG_ROOM];
	bool asked; /* somebody has said how lines should look */
	struct out piece, line;
	size_t piece_most, piece_items;
	struct item *item; /* of this write, by time */
	size_t n_items, room_items;
};

static void *log_close(void *state)
{
	struct log_out *l = state;

	if (!l)
		return NULL;
	stream_fini(&l->stream);
	log_file_fini(&l->file);
	out_fini(&l->piece);
	out_fini(&l->line);
	free(l->item);
	free(l);
	return NULL;
}

static bool is_asked_for(const struct settings *s)
{
	return log_lines_are_asked_for(log_setting(s, "ORIEL_LOG_FORMAT"),
				       str_trim(settings_get(s, STR("ORIEL_LOG_PROFILE"))));
}

static int log_open(void **state, const struct settings *settings, const struct export_place *place,
		    char why[160])
{
	bool terminal = place->err_fd >= 0 && isatty(place->err_fd);
	struct log_out *l;

	why[0] = '\0';
	if (place->err_fd < 0) {
		snprintf(why, 160, "there is no output to write to");
		return ERR(-EINVAL);
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return ERR(-ENOMEM);
	log_form_read(&l->form, settings, terminal, console_wants_colour(settings, place->err_fd),
		      l->wrong);
	stream_init(&l->stream, place->err_fd, place->stop);
	l->asked = is_asked_for(settings);
	l->piece_most = STREAM_PIECE_MOST;
	*state = l;
	return 0;
}

static uint64_t number(struct log_out *l, const struct settings *s, const char *name,
		       uint64_t otherwise)
{
	bool bad = false;
	uint64_t v = settings_u64(s, str_of(name), otherwise, &bad);

	if (bad)
		snprintf(l->wrong, sizeof(l->wrong), "%s is no number; it is taken as %llu", name,
			 (unsigned long long)otherwise);
	return v;
}

static int log_file_open(void **state, const struct settings *settings,
			 const struct export_place *place, char why[160])
{
	struct str path = log_setting(settings, "ORIEL_LOG_FILE");
	struct log_out *l;

	why[0] = '\0';
	if (!path.n || path.p[0] != '/' || memchr(path.p, '\0', path.n)) {
		snprintf(why, 160, "LOG_FILE: \"" STR_FMT "\" is no absolute path",
			 STR_ARG(str_first(path, 60)));
		return ERR(-EINVAL);
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return ERR(-ENOMEM);
	log_form_read(&l->form, settings, false, false, l->wrong);
	l->asked = is_asked_for(settings);
	if (str_eq(path, STR("/dev/stdout"))) {
		stream_init(&l->stream, place->out_fd, place->stop);
		l->piece_most = STREAM_PIECE_MOST;
		*state = l;
		return 0;
	}
	if (!log_file_init(&l->file, path, number(l, settings, "ORIEL_LOG_FILE_SIZE", FILE_SIZE),
			   number(l, settings, "ORIEL_LOG_FILE_KEPT", FILES_KEPT), place->stop)) {
		log_close(l);
		return ERR(-ENOMEM);
	}
	/* The fewer, the less often the lock changes hands; files still end near their size. */
	l->piece_most =
		l->file.size && l->file.size / 8 < FILE_PIECE ? l->file.size / 8 : FILE_PIECE;
	*state = l;
	return 0;
}

/* ---- what there is to write ------------------------------------------------------------------- */

static uint64_t time_of(const struct item *i)
{
	return i->record->time_ns ? i->record->time_ns : i->record->observed_ns;
}

/* Of two at the same time, the one that came first; merge sort, as threads' records are runs. */
static void merge(struct item *to, const struct item *a, size_t n_a, const struct item *b,
		  size_t n_b)
{
	while (n_a && n_b) {
		if (time_of(a) <= time_of(b)) {
			*to++ = *a++;
			n_a--;
		} else {
			*to++ = *b++;
			n_b--;
		}
	}
	memcpy(to, n_a ? a : b, (n_a + n_b) * sizeof(*to));
}

/* How many of `n` are in order. */
static size_t run_of(const struct item *i, size_t n)
{
	size_t k = n != 0;

	while (k < n && time_of(&i[k - 1]) <= time_of(&i[k]))
		k++;
	return k;
}

/* item[0..n) by time; `spare` has as much room. One pass when they are in order. */
static void sort(struct item *item, struct item *spare, size_t n)
{
	while (run_of(item, n) < n) {
		for (size_t at = 0; at < n;) {
			size_t n_a = run_of(item + at, n - at);
			size_t n_b = run_of(item + at + n_a, n - at - n_a);

			merge(spare + at, item + at, n_a, item + at + n_a, n_b);
			at += n_a + n_b;
		}
		memcpy(item, spare, n * sizeof(*item));
	}
}

/* Lines that the program has written to where they are read already. */
static bool is_echo(struct str scope)
{
	return str_eq(scope, STR("oriel.stdout")) || str_eq(scope, STR("oriel.stderr"));
}

/* What is made for the program, and not by its calls of oriel.h. */
static bool is_unasked(struct str scope)
{
	return str_eq(scope, STR("oriel.database")) || str_eq(scope, STR("oriel.syslog")) ||
	       str_eq(scope, STR("oriel.journal"));
}

/* A setting, or a hook, as the agent found it: `oriel run` has told on the same standard error. */
static bool is_of_start(const struct log_record *r)
{
	return attributes_find(r->attributes, STR("oriel.setting")) ||
	       attributes_find(r->attributes, STR("oriel.bootstrap.outcome"));
}

/*
 * A program that says nothing to us has nothing added to its output unasked, also when its statements
 * are slow: that is on the page.
 */
static bool is_line(const struct log_out *l, const struct log_record *r)
{
	struct str scope = r->scope ? r->scope->name : STR("");

	if (is_echo(scope))
		return l->file.at.path != NULL;
	if (is_of_start(r))
		return l->asked && (l->file.at.path || r->severity < SEVERITY_WARN);
	return l->asked || !is_unasked(scope);
}

static bool gather(struct log_out *l, struct batch *const *batches, size_t n)
{
	size_t items = 0;

	for (size_t i = 0; i < n; i++)
		items += batches[i]->n_logs;
	if (2 * items > l->room_items) {
		free(l->item);
		l->room_items = 2 * items;
		l->item = calloc(l->room_items, sizeof(*l->item));
	}
	l->n_items = 0;
	if (!l->item) {
		l->room_items = 0;
		return items == 0;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < batches[i]->n_logs; k++)
			if (is_line(l, &batches[i]->log[k]))
				l->item[l->n_items++] =
					(struct item){ &batches[i]->log[k], batches[i]->resource };
	sort(l->item, l->item + items, l->n_items);
	return true;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static int flush(struct log_out *l, uint64_t until_ns, size_t *done)
{
	int r = l->file.at.path ? log_file_put(&l->file, out_all(&l->piece), until_ns)
				: stream_put(&l->stream, out_all(&l->piece), until_ns);

	if (!r)
		*done += l->piece_items;
	l->piece_items = 0;
	out_clear(&l->piece);
	return r;
}

/* The settings' fault as a record of its own, once, before the first. */
static void put_wrong(struct log_out *l, const struct item *before)
{
	static const struct scope scope = { .name = STR("oriel"), .version = STR(ORIEL_VERSION) };
	struct log_record record = {
		.time_ns = time_of(before),
		.severity = 13,
		.body = { VALUE_STRING, .text = str_of(l->wrong) },
		.scope = &scope,
	};

	log_form_write(&l->form, &l->piece, &record, before->resource);
	stats_add(settings_bad, 1);
	l->wrong[0] = '\0';
}

/* A line that finds no room in the piece begins the next. */
static int put(struct log_out *l, const struct item *i, uint64_t until_ns, size_t *done)
{
	int r;

	out_clear(&l->line);
	log_form_write(&l->form, &l->line, i->record, i->resource);
	r = l->line.error;
	if (!r && l->piece.n && l->piece.n + l->line.n > l->piece_most)
		r = flush(l, until_ns, done);
	if (r)
		return r;
	out_str(&l->piece, out_all(&l->line));
	l->piece_items++;
	return l->piece.error;
}

static int put_all(struct log_out *l, uint64_t until_ns, size_t *done)
{
	int r = 0;

	l->piece_items = 0;
	out_clear(&l->piece);
	if (*done < l->n_items && l->wrong[0])
		put_wrong(l, &l->item[*done]);
	for (size_t i = *done; i < l->n_items && !r; i++)
		r = put(l, &l->item[i], until_ns, done);
	return !r && l->piece.n ? flush(l, until_ns, done) : r;
}

static int log_write(void *state, struct batch *const *batches, size_t n,
		     struct export_result *result)
{
	struct log_out *l = state;
	uint64_t patience_ms = l->file.at.path ? LOCK_PATIENCE_MS : PATIENCE_MS;
	uint64_t until_ns = clock_mono_ns() + patience_ms * MS;
	int r;

	if (!gather(l, batches, n))
		return ERR(-ENOMEM);
	if (l->form.format == LOG_NONE) {
		result->n_done[LOGS] = l->n_items;
		return 0;
	}
	r = put_all(l, until_ns, &result->n_done[LOGS]);
	if (!r)
		return 0;
	if (r == -ETIME)
		snprintf(result->why, sizeof(result->why), "nobody reads the output");
	else
		snprintf(result->why, sizeof(result->why), "%s: %s",
			 l->file.at.path ? l->file.at.path : "standard error", strerror(-r));
	if (l->file.at.path)
		return EXPORT_RETRY;
	result->n_rejected = l->n_items - result->n_done[LOGS];
	return 0;
}

static void log_where(const void *state, char *to, size_t room)
{
	const struct log_out *l = state;

	if (l->file.at.path)
		snprintf(to, room, "%s", l->file.at.path);
}

const struct exporter exporter_log = {
	.name = "log",
	.summary = "Log lines on the run's standard error",
	.takes = SIGNAL_LOG,
	.is_out = true,
	.open = log_open,
	.write = log_write,
	.close = log_close,
};

const struct exporter exporter_log_file = {
	.name = "log_file",
	.summary = "Log lines in LOG_FILE, rotated by size",
	.takes = SIGNAL_LOG,
	.is_near = true,
	.is_out = true, /* its troubles are told there */
	.open = log_file_open,
	.write = log_write,
	.close = log_close,
	.where = log_where,
};
