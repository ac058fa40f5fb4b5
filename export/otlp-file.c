/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporters `otlp_file` and `otlp/stdout`: OTLP as JSON lines, a request on each, appended to
 * the file that ORIEL_OTLP_FILE names, or written to the run's standard output.
 *
 * A `%s` in the name stands for the signal. Each signal has a descriptor of its own, appended to in
 * one write per line, so that they may share a file, also with others. Before each write it is seen
 * whether the name still leads to the same file, and opened anew if not: that's how files are
 * rotated. A line that a full disk cut short is taken back. Lines hold a mebibyte at most, unless
 * one item alone is larger, because readers have limits.
 */
#include "base/clock.h"
#include "base/err.h"
#include "export/otlp-json.h"
#include "export/place.h"
#include "export/shipment.h"
#include "export/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MOST = 1 << 20, ITEM_MOST = 64 << 20, BUFFER_KEPT = 4 << 20 };
enum { PATIENCE_MS = 2000, MS = 1000000 };

struct otlp_file {
	enum signal signals;
	const atomic_bool *stop;
	struct place place[N_SIGNALS]; /* without a path: the standard output */
	struct stream stream;	       /* for the standard output */
	struct out line;
	uint64_t until_ns;
};

static void *file_close(void *state)
{
	struct otlp_file *f = state;

	if (!f)
		return NULL;
	for (size_t i = 0; i < N_SIGNALS; i++) {
		place_close(&f->place[i]);
		free(f->place[i].path);
	}
	stream_fini(&f->stream);
	out_fini(&f->line);
	free(f);
	return NULL;
}

/* Ready to be written to; 0 or -errno. */
static int look(struct place *p)
{
	if (p->fd >= 0 && !place_is_here(p, NULL))
		place_close(p);
	return p->fd >= 0 ? 0 : place_open(p);
}

/* `path` with the signal's name for the first %s. */
static char *path_of(struct str path, size_t which)
{
	static const char *const word[N_SIGNALS] = { "traces", "logs", "metrics" };
	const char *at = memmem(path.p, path.n, "%s", 2);
	size_t head = at ? (size_t)(at - path.p) : path.n;
	char *whole;

	if (asprintf(&whole, STR_FMT "%s" STR_FMT, STR_ARG(str_first(path, head)),
		     at ? word[which] : "", STR_ARG(str_from(path, at ? head + 2 : head))) < 0)
		return NULL;
	return whole;
}

static int open_files(struct otlp_file *f, struct str path, char why[160])
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!(f->signals & shipment_signal(i)))
			continue;
		f->place[i].path = path_of(path, i);
		if (!f->place[i].path)
			return ERR(-ENOMEM);
		int r = look(&f->place[i]);

		if (r)
			snprintf(why, 160, "ORIEL_OTLP_FILE: %.90s: %s; trying again later",
				 f->place[i].path, strerror(-r));
	}
	return 0;
}

static int open_stdout(struct otlp_file *f, const struct export_place *place, char why[160])
{
	if (place->out_fd < 0) {
		snprintf(why, 160, "otlp/stdout: there is no output to write to");
		return ERR(-EINVAL);
	}
	stream_init(&f->stream, place->out_fd, place->stop);
	return 0;
}

static int any_open(void **state, struct str path, const struct export_place *place, char why[160])
{
	struct otlp_file *f;
	int r;

	why[0] = '\0';
	if (path.n && path.p[0] != '/') {
		snprintf(why, 160, "ORIEL_OTLP_FILE: \"" STR_FMT "\" is no absolute path",
			 STR_ARG(str_first(path, 60)));
		return ERR(-EINVAL);
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return ERR(-ENOMEM);
	f->signals = place->signals;
	f->stop = place->stop;
	for (size_t i = 0; i < N_SIGNALS; i++)
		f->place[i].fd = -1;
	r = path.n ? open_files(f, path, why) : open_stdout(f, place, why);
	if (r) {
		file_close(f);
		return TRACE(r);
	}
	*state = f;
	return 0;
}

static int file_open(void **state, const struct settings *settings,
		     const struct export_place *place, char why[160])
{
	struct str path = str_trim(settings_get(settings, STR("ORIEL_OTLP_FILE")));

	if (str_eq(path, STR("/dev/stdout")))
		path = STR("");
	return any_open(state, path, place, why);
}

static int stdout_open(void **state, const struct settings *settings,
		       const struct export_place *place, char why[160])
{
	(void)settings;
	return any_open(state, STR(""), place, why);
}

/* Undoes what a write has left of a line, if nobody has written behind it. */
static void take_back(struct place *p, off_t before, size_t n)
{
	struct stat st;

	p->torn = fstat(p->fd, &st) || st.st_size != before + (off_t)n || ftruncate(p->fd, before);
}

static int put_regular(struct place *p, struct str line)
{
	off_t before = lseek(p->fd, 0, SEEK_END);
	struct str rest = line;

	if (p->torn && write(p->fd, "\n", 1) != 1)
		return -errno;
	if (p->torn)
		before++;
	p->torn = false;
	while (rest.n) {
		ssize_t n = write(p->fd, rest.p, rest.n);

		if (n < 0 && errno != EINTR) {
			int r = -errno;

			if (rest.n < line.n)
				take_back(p, before, line.n - rest.n);
			return r;
		}
		if (n > 0)
			rest = str_from(rest, (size_t)n);
	}
	return 0;
}

static int put_line(struct otlp_file *f, struct place *p, struct str line)
{
	int r;

	if (!p->path)
		return stream_put(&f->stream, line, f->until_ns);
	r = look(p);
	if (r)
		return r;
	return p->regular ? put_regular(p, line) : place_stream(p, line, f->stop, f->until_ns);
}

/* Into f->line, whose error says how that went. */
static void make_line(struct otlp_file *f, const struct shipment *s)
{
	struct out *o = &f->line;

	out_clear(o);
	o->limit = shipment_items(s) > 1 ? LINE_MOST : ITEM_MOST;
	otlp_encode_json(o, shipment_signal(s->which), s->slice);
	out_char(o, '\n');
	if (!o->error && o->n > o->limit)
		o->error = -EFBIG;
}

static int ship(void *state, const struct shipment *s, struct export_result *result)
{
	struct otlp_file *f = state;
	struct place *p = &f->place[s->which];
	int r;

	make_line(f, s);
	r = shipment_encoded(result, s, &f->line, ITEM_MOST);
	if (r)
		return TRACE(r);
	r = put_line(f, p, out_all(&f->line));
	if (!r)
		return 0;
	if (r == -ETIME)
		shipment_tell(result, s, "nobody reads the output");
	else
		shipment_tell(result, s, "%s: %s", p->path ? p->path : "the output", strerror(-r));
	if (p->path)
		return SHIP_LATER;
	shipment_reject(result, s, SIZE_MAX);
	return 0;
}

/* A file may be there another time; for the standard output nothing is worth a second try. */
static int file_write(void *state, struct batch *const *batches, size_t n,
		      struct export_result *result)
{
	struct otlp_file *f = state;
	int outcome = 0;

	f->until_ns = clock_mono_ns() + (uint64_t)PATIENCE_MS * MS;
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!(f->signals & shipment_signal(i)))
			continue;
		int r = shipment_send_all(i, batches, n, ship, f, result);

		if (r < 0)
			return TRACE(r);
		if (r)
			outcome = EXPORT_RETRY;
	}
	out_shrink(&f->line, BUFFER_KEPT);
	return outcome;
}

static void file_where(const void *state, char *to, size_t room)
{
	const struct otlp_file *f = state;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!f->place[i].path)
			continue;
		snprintf(to, room, "%s", f->place[i].path);
		return;
	}
}

const struct exporter exporter_otlp_file = {
	.name = "otlp_file",
	.summary = "OTLP as JSON lines in a file, or on the run's standard output",
	.takes = SIGNAL_ALL,
	.is_near = true,
	.is_out = true,
	.open = file_open,
	.write = file_write,
	.close = file_close,
	.where = file_where,
};

const struct exporter exporter_otlp_stdout = {
	.name = "otlp/stdout",
	.summary = "OTLP as JSON lines on the run's standard output",
	.takes = SIGNAL_ALL,
	.is_out = true,
	.open = stdout_open,
	.write = file_write,
	.close = file_close,
};
