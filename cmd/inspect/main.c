/* SPDX-License-Identifier: Apache-2.0 */
/* oriel-inspect: a segment for people. All text in it is foreign, so control characters go. */
#include "base/err.h"
#include "base/path.h"
#include "cmd/terminal.h"
#include "collect/survey.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES_SHOWN = 40, SPANS_SHOWN = 30, DEPTH_MOST = 16 };

static void text(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		putchar(c < 0x20 || c == 0x7f ? '?' : c);
	}
}

static struct str word(const struct value *map, const char *key)
{
	return attributes_text((struct attributes){ map->map.item, map->map.n, 0 }, str_of(key));
}

static int64_t number(const struct value *map, const char *key)
{
	return attributes_int((struct attributes){ map->map.item, map->map.n, 0 }, str_of(key), 0);
}

static void moment(uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	char out[32];
	struct tm tm;

	if (!ns || !gmtime_r(&s, &tm) || !strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%S", &tm))
		printf("?");
	else
		printf("%s.%06uZ", out, (unsigned)(ns % 1000000000u / 1000));
}

static void hex(const uint8_t *id, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", id[i]);
}

static void title(const struct ink *ink, const char *name)
{
	printf("\n  %s%s%s\n", ink->bold, name, ink->off);
}

static void label(const struct ink *ink, const char *name)
{
	printf("  %s%-9s%s ", ink->dim, name, ink->off);
}

/* ---- the process ------------------------------------------------------------------------------ */

/* A fixed array that need not end in NUL. */
static struct str fixed(const char *p, size_t n)
{
	return (struct str){ p, strnlen(p, n) };
}

static void show_process(const struct ink *ink, const struct survey *s)
{
	const struct segment_header *h = &s->in->head;

	label(ink, "process");
	text(fixed(h->program, sizeof(h->program)));
	printf("  pid %d%s%s%s\n", h->pid, s->lives ? ink->good : ink->dim,
	       s->lives ? "  running" : "  gone", ink->off);
	if (h->service[0]) {
		label(ink, "service");
		text(fixed(h->service, sizeof(h->service)));
		putchar(' ');
		text(fixed(h->version, sizeof(h->version)));
		putchar('\n');
	}
	label(ink, "started");
	moment(h->created_real_ns);
	putchar('\n');
}

/* ---- the crash -------------------------------------------------------------------------------- */

static void show_frame(const struct ink *ink, size_t i, const struct value *f)
{
	struct str function = word(f, "function"), file = path_name(word(f, "file"));

	printf("  %s%3zu%s  ", ink->dim, i, ink->off);
	printf("%s", ink->bold);
	text(function.n ? function : STR("??"));
	printf("%s", ink->off);
	if (file.n) {
		printf("  %s", ink->link);
		text(file);
		printf(":%" PRId64 "%s", number(f, "line"), ink->off);
	}
	printf("  %s", ink->dim);
	text(path_name(word(f, "module")));
	if (attributes_find((struct attributes){ f->map.item, f->map.n, 0 }, STR("inlined")))
		printf("  inlined");
	else
		printf("  " STR_FMT, STR_ARG(word(f, "address")));
	printf("%s\n", ink->off);
}

static void show_frames(const struct ink *ink, const struct mortem *m)
{
	size_t n = m->frames.array.n;

	title(ink, "Backtrace");
	for (size_t i = 0; i < n; i++) {
		if (n > FRAMES_SHOWN && i == FRAMES_SHOWN / 2) {
			printf("  %s     %zu more%s\n", ink->dim, n - FRAMES_SHOWN + m->wreck.n_cut,
			       ink->off);
			i = n - FRAMES_SHOWN / 2;
		}
		show_frame(ink, i, &m->frames.array.item[i]);
	}
}

static void show_registers(const struct ink *ink, const struct mortem *m)
{
	title(ink, "Registers");
	for (size_t i = 0; i < m->registers.map.n; i++) {
		const struct attribute *a = &m->registers.map.item[i];

		printf("%s%s%4.*s%s %-18.*s", i % 3 ? "  " : "  ", ink->dim, STR_ARG(a->key),
		       ink->off, STR_ARG(a->value.text));
		if (i % 3 == 2 || i + 1 == m->registers.map.n)
			putchar('\n');
	}
}

static void show_modules(const struct ink *ink, const struct mortem *m)
{
	title(ink, "Loaded");
	for (size_t i = 0; i < m->modules.array.n; i++) {
		const struct value *v = &m->modules.array.item[i];

		printf("  %s" STR_FMT "  ", ink->dim, STR_ARG(word(v, "begin")));
		printf("%.12s%s  ", word(v, "build_id").n >= 12 ? word(v, "build_id").p : "-",
		       ink->off);
		text(word(v, "path"));
		putchar('\n');
	}
}

static void show_crash(const struct ink *ink, const struct survey *s)
{
	const struct mortem *m = s->mortem;
	const struct crash_block *b = &m->wreck.block;

	printf("\n  %s%s", ink->bad, ink->bold);
	text(m->type);
	printf("%s  ", ink->off);
	text(m->message);
	if (m->where.n) {
		printf("\n  in ");
		text(m->where);
	}
	printf("\n\n");
	label(ink, "died");
	moment(s->died_ns);
	printf("  thread %u ", b->tid);
	text(str_of(b->thread));
	putchar('\n');
	if (b->span_id) {
		label(ink, "trace");
		hex(b->trace_id, sizeof(b->trace_id));
		printf("  span ");
		hex((const uint8_t *)&b->span_id, 8);
		putchar('\n');
	}
}

/* ---- records ---------------------------------------------------------------------------------- */

static const struct span *parent_of(const struct batch *b, const struct span *s)
{
	for (size_t i = 0; i < b->n_spans; i++)
		if (memcmp(&b->span[i].span_id, &s->parent_id, sizeof(s->parent_id)) == 0)
			return &b->span[i];
	return NULL;
}

static int depth_of(const struct batch *b, const struct span *s)
{
	int depth = 0;

	while (depth < DEPTH_MOST && span_id_is_set(s->parent_id) && (s = parent_of(b, s)))
		depth++;
	return depth;
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = *(const struct span *const *)a, *y = *(const struct span *const *)b;

	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static void show_span(const struct ink *ink, const struct survey *s, const struct span *span)
{
	bool here = s->mortem && memcmp(&span->span_id, &s->mortem->wreck.block.span_id, 8) == 0;

	printf("  %*s%s", 2 * depth_of(s->batch, span), "", here ? ink->bad : "");
	text(span->name);
	printf("%s  %s", ink->off, ink->dim);
	moment(span->start_ns);
	printf("  thread %u%s%s\n", span->thread_id, here ? "  it died in this one" : "", ink->off);
}

static void show_open(const struct ink *ink, const struct survey *s)
{
	const struct span **open = calloc(s->batch->n_spans + 1, sizeof(*open));
	size_t n = 0;

	for (size_t i = 0; open && i < s->batch->n_spans; i++)
		if (s->batch->span[i].end == SPAN_ORPHANED)
			open[n++] = &s->batch->span[i];
	if (n) {
		title(ink, "Open spans");
		qsort(open, n, sizeof(*open), by_start);
	}
	for (size_t i = 0; i < n && i < SPANS_SHOWN; i++)
		show_span(ink, s, open[i]);
	if (n > SPANS_SHOWN)
		printf("  %s%zu more%s\n", ink->dim, n - SPANS_SHOWN, ink->off);
	free(open);
}

static const char *level(int severity)
{
	static const char *const name[] = { "trace", "debug", "info", "warn", "error", "fatal" };

	return severity >= 1 && severity <= 24 ? name[(severity - 1) / 4] : "";
}

static void show_logs(const struct ink *ink, const struct survey *s)
{
	struct arena arena = { 0 };
	struct value v = crumbs_value(&s->a.crumbs, &arena);

	if (v.array.n)
		title(ink, "Last log records");
	for (size_t i = 0; i < v.array.n; i++) {
		const struct value *c = &v.array.item[i];
		int64_t severity = number(c, "severity");

		printf("  %s", ink->dim);
		moment((uint64_t)number(c, "time_ns"));
		printf("%s  %s%-5s%s  ", ink->off,
		       severity >= 17	? ink->bad
		       : severity >= 13 ? ink->note
					: "",
		       level((int)severity), ink->off);
		text(word(c, "message"));
		putchar('\n');
	}
	arena_fini(&arena);
}

static void show_counts(const struct ink *ink, const struct survey *s)
{
	size_t open = 0;

	for (size_t i = 0; s->batch && i < s->batch->n_spans; i++)
		open += s->batch->span[i].end == SPAN_ORPHANED;
	label(ink, "holds");
	printf("%zu spans, %zu of them open, %zu log records that nobody has delivered\n",
	       s->batch ? s->batch->n_spans : 0, open, s->batch ? s->batch->n_logs : 0);
	if (!s->mortem && !s->lives) {
		label(ink, "crash");
		printf("none noted\n");
	}
}

/* ----------------------------------------------------------------------------------------------- */

static int show(const struct ink *ink, const char *path)
{
	struct survey s;
	int r = survey_open(&s, path);

	if (r) {
		fprintf(stderr, "oriel inspect: %s: %s\n", path,
			r == INTAKE_REFUSED ? "not a segment of this version of Oriel"
			: r > 0		    ? "its process is not done making it"
					    : err_path(r));
		return 1;
	}
	if (s.mortem)
		show_crash(ink, &s);
	else
		putchar('\n');
	show_process(ink, &s);
	show_counts(ink, &s);
	if (s.mortem) {
		show_frames(ink, s.mortem);
		show_registers(ink, s.mortem);
	}
	if (s.batch)
		show_open(ink, &s);
	show_logs(ink, &s);
	if (s.mortem)
		show_modules(ink, s.mortem);
	putchar('\n');
	survey_fini(&s);
	return 0;
}

int main(int argc, char **argv)
{
	struct ink ink = terminal_ink(stdout);
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= show(&ink, argv[i]);
	return status;
}
