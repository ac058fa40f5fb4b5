/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel tail: log records, and the traces that they lie in, as they come.
 *
 * Asks the collector's API three times a second for what is new since the last answer. A collector
 * that leaves is waited for: the next one goes on with the same store.
 */
#include "base/err.h"
#include "base/severity.h"
#include "cmd/arguments.h"
#include "cmd/page.h"
#include "cmd/tail-line.h"
#include "launch/collector.h"
#include "launch/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AT_ONCE = 2000, LOOK_MS = 300, AWAY_MS = 1000, SEEN_MOST = 4096, FIRST_LINES = 10 };

struct tail {
	const char *service, *logger, *text, *trace;
	int severity;
	unsigned lines; /* of the past */
	bool json, spans, once;
	struct ink ink;
	char address[128];
	int64_t log_cursor, trace_cursor;
	bool begun;		  /* the past is written */
	char seen[SEEN_MOST][33]; /* traces that were written */
	size_t n_seen;
	struct out out;
};

/* ---- asking ----------------------------------------------------------------------------------- */

static void put_parameter(struct out *o, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	out_fmt(o, "&%s=", name);
	for (const unsigned char *c = (const unsigned char *)value; *c; c++)
		out_fmt(o, "%%%02X", *c);
}

static int ask(struct tail *t, const char *what, int64_t cursor, unsigned limit, json_t **out)
{
	struct out path = { 0 };
	int r;

	out_fmt(&path, "/api/%s?limit=%u", what, limit);
	if (cursor)
		out_fmt(&path, "&after=%lld", (long long)cursor);
	put_parameter(&path, "service", t->service);
	put_parameter(&path, "q", t->text);
	if (!cursor && strcmp(what, "logs") == 0)
		put_parameter(&path, "trace_id", t->trace);
	if (t->severity && strcmp(what, "logs") == 0)
		out_fmt(&path, "&min_severity=%d", t->severity);
	out_char(&path, '\0');
	r = path.error ? ERR(path.error) : page_get(out, t->address, path.p);
	out_fini(&path);
	return TRACE(r);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void write_json(struct tail *t, const json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));

	if (text)
		out_str(&t->out, str_of(text));
	out_char(&t->out, '\n');
	free(text);
}

static bool is_wanted(const struct tail *t, const json_t *log)
{
	return (!t->logger || strcmp(page_text(log, "scope"), t->logger) == 0) &&
	       (!t->trace || strcmp(page_text(log, "trace_id"), t->trace) == 0);
}

static void write_log(struct tail *t, const json_t *log)
{
	if (!is_wanted(t, log))
		return;
	if (t->json)
		write_json(t, log);
	else
		tail_log(&t->out, &t->ink, log);
}

static bool is_new(struct tail *t, const char *id)
{
	size_t n = t->n_seen < SEEN_MOST ? t->n_seen : SEEN_MOST;

	for (size_t i = 0; i < n; i++)
		if (strcmp(t->seen[i], id) == 0)
			return false;
	snprintf(t->seen[t->n_seen++ % SEEN_MOST], sizeof(t->seen[0]), "%s", id);
	return true;
}

/* Once, when its root is there. */
static void write_trace(struct tail *t, const json_t *trace)
{
	const char *id = page_text(trace, "trace_id");

	if (!json_is_true(json_object_get(trace, "root")) || (t->trace && strcmp(id, t->trace)) ||
	    !is_new(t, id))
		return;
	if (t->json)
		write_json(t, trace);
	else
		tail_trace(&t->out, &t->ink, trace);
}

static void flush(struct tail *t)
{
	if (t->out.n)
		fwrite(t->out.p, 1, t->out.n, stdout);
	out_clear(&t->out);
	if (fflush(stdout) == EOF)
		exit(1);
}

/* ---- following -------------------------------------------------------------------------------- */

/* Oldest first, or newest first where there is no cursor. How many; or an error. */
static int follow(struct tail *t, const char *what, int64_t *cursor, unsigned limit,
		  void (*each)(struct tail *t, const json_t *item))
{
	bool past = !*cursor;
	const json_t *list;
	json_t *answer;
	size_t n;
	int r = ask(t, what, *cursor, limit, &answer);

	if (r < 0)
		return TRACE(r);
	list = json_object_get(answer, what);
	n = json_array_size(list);
	for (size_t i = 0; i < n; i++)
		each(t, json_array_get(list, past && !t->trace ? n - 1 - i : i));
	*cursor = page_number(answer, "cursor");
	json_decref(answer);
	flush(t);
	return (int)n;
}

static void skip(struct tail *t, const json_t *item)
{
	(void)t;
	(void)item;
}

static int begin(struct tail *t)
{
	int r = 0;

	if (t->spans)
		r = follow(t, "traces", &t->trace_cursor, t->lines ? t->lines : 1,
			   t->lines ? write_trace : skip);
	if (r >= 0)
		r = follow(t, "logs", &t->log_cursor,
			   t->trace   ? AT_ONCE
			   : t->lines ? t->lines
				      : 1,
			   t->lines ? write_log : skip);
	t->begun = r >= 0;
	return r < 0 ? TRACE(r) : 0;
}

static int look(struct tail *t)
{
	int r;

	if (!t->begun)
		return TRACE(begin(t));
	do {
		r = follow(t, "logs", &t->log_cursor, AT_ONCE, write_log);
	} while (r == AT_ONCE);
	if (r >= 0 && t->spans)
		r = follow(t, "traces", &t->trace_cursor, AT_ONCE / 10, write_trace);
	return r < 0 ? TRACE(r) : 0;
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

/* 0: there is one with a page. */
static int find_collector(struct tail *t)
{
	struct control_reply collector;
	char run_dir[PLACE_ROOM];
	int r = place_run_dir(run_dir);

	if (r == 0)
		r = collector_hello(run_dir, &collector);
	if (r < 0)
		return TRACE(r);
	if (r == 0 && !collector.address[0]) {
		fprintf(stderr, "oriel tail: the collector has no page to ask (--listen none)\n");
		return ERR(-ENOTCONN);
	}
	if (r == 0)
		snprintf(t->address, sizeof(t->address), "%s", collector.address);
	return r;
}

static int run(struct tail *t)
{
	bool told = false;

	for (;;) {
		int r = find_collector(t);

		if (r < 0)
			return TRACE(r);
		if (r && t->once) {
			fprintf(stderr, "oriel tail: nothing is running here\n");
			return ERR(-ESRCH);
		}
		if (r && !told)
			fprintf(stderr, "oriel tail: nothing is running here; waiting\n");
		told |= r != 0;
		while (r == 0) {
			told = false;
			r = look(t);
			if (t->once)
				return r;
			if (r == 0)
				pause_ms(LOOK_MS);
		}
		pause_ms(AWAY_MS);
	}
}

/* ---- the command ------------------------------------------------------------------------------ */

static bool is_trace_id(const char *id)
{
	return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

/* A complaint, or NULL. */
static const char *take(struct tail *t, const char *name, const char *value)
{
	uint64_t n;

	if (strcmp(name, "service") == 0)
		t->service = value;
	else if (strcmp(name, "logger") == 0)
		t->logger = value;
	else if (strcmp(name, "grep") == 0)
		t->text = value;
	else if (strcmp(name, "json") == 0)
		t->json = true;
	else if (strcmp(name, "spans") == 0)
		t->spans = true;
	else if (strcmp(name, "once") == 0)
		t->once = true;
	else if (strcmp(name, "trace") == 0 && is_trace_id(value))
		t->trace = value;
	else if (strcmp(name, "trace") == 0)
		return "a trace id is 32 lower-case hex digits";
	else if (strcmp(name, "level") == 0 && severity_of(str_of(value)))
		t->severity = severity_of(str_of(value));
	else if (strcmp(name, "level") == 0)
		return "no such level (debug, info, warning, error, critical)";
	else if (strcmp(name, "lines") == 0 && str_to_u64(str_of(value), &n) && n <= AT_ONCE)
		t->lines = (unsigned)n;
	else
		return "no number up to 2000";
	return NULL;
}

static int tail_exec(const struct command *self, int argc, char **argv)
{
	static struct tail t = { .lines = FIRST_LINES };
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	const struct option *option;
	int r;

	while ((r = arguments_next(&a, &option)) > 0) {
		const char *why = take(&t, option->name, a.value);

		if (!why)
			continue;
		fprintf(stderr, "oriel tail: %s: %s\n", a.value, why);
		return EXIT_USAGE;
	}
	if (r < 0)
		return EXIT_USAGE;
	if (a.at < argc) {
		fprintf(stderr, "oriel tail: %s: no option; oriel help tail\n", argv[a.at]);
		return EXIT_USAGE;
	}
	t.ink = terminal_ink(stdout);
	r = run(&t);
	if (r < 0 && r != -ESRCH && r != -ENOTCONN)
		fprintf(stderr, "oriel tail: %s\n", err_path(r));
	out_fini(&t.out);
	return r != 0;
}

static const struct option options[] = {
	{ "service", "NAME", "Only records of this service" },
	{ "level", "LEVEL",
	  "Only records of this level or above: debug, info, warning, error, critical" },
	{ "logger", "NAME", "Only records of this logger" },
	{ "trace", "ID", "Only records of this trace" },
	{ "grep", "TEXT", "Only records that have this in their text or attributes, in any case" },
	{ "spans", NULL, "A line for each trace as well, when its root has ended" },
	{ "json", NULL, "The API's JSON, an object on each line" },
	{ "lines", "N", "So many of the past first; 10 if not given" },
	{ "once", NULL, "Only the past: don't wait for more" },
	{ NULL, NULL, NULL },
};

static const struct example examples[] = {
	{ "oriel tail", "what services say, as they say it" },
	{ "oriel tail --service shop --level warning", "what goes wrong in one" },
	{ "oriel tail --spans", "requests, too" },
	{ "oriel tail --trace 4bf92f3577b34da6a3ce929d0e0e4736 --once",
	  "all that was said in a trace" },
	{ "oriel tail --json | jq .body", "for programs" },
	{ NULL, NULL },
};

const struct command command_tail = {
	.name = "tail",
	.summary = "Follow log records and traces of what runs",
	.usage = "[--service NAME] [--level LEVEL] [--trace ID] [--spans] [--json]",
	.usage_mdoc =
		".Op Fl \\-service Ar name\n.Op Fl \\-level Ar level\n.Op Fl \\-trace Ar id\n.Op Fl "
		"\\-spans\n.Op Fl \\-json",
	.about =
		"Writes the last log records that the collector keeps, then those that come, until it is "
		"interrupted: in colour on a terminal, unless NO_COLOR is set. A record is there about a "
		"second after it was made. Where nothing runs it waits.",
	.examples = examples,
	.options = options,
	.manual = ".Sh EXIT STATUS\n"
		  ".Bl -tag -width 64 -compact\n"
		  ".It 0\nThe past is written, with --once.\n"
		  ".It 1\nNothing is running, with --once; or the collector has no page.\n"
		  ".It 64\nWhat was asked makes no sense.\n"
		  ".El\n",
	.exec = tail_exec,
};
