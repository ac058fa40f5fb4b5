/* SPDX-License-Identifier: Apache-2.0 */
#include "export/console-line.h"

#include "base/hex.h"
#include "export/console-text.h"
#include "model/point.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SERVICE_WIDTH = 10, TAG_WIDTH = 9, DURATION_WIDTH = 9, EVENTS_MOST = 8 };

/* SGR parameters; NULL is plain. */
#define DIM "2"
#define BOLD "1"
#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define BLUE "34"
#define MAGENTA "35"
#define CYAN "36"

bool console_wants_colour(const struct settings *s, int fd)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !settings_get(s, STR("NO_COLOR")).n && !(no_colour && *no_colour) &&
	       !(term && !strcmp(term, "dumb"));
}

static void colour(const struct console_line *l, const char *sgr)
{
	if (l->colour && sgr)
		out_fmt(l->out, "\x1b[%sm", sgr);
}

static void plain(const struct console_line *l, const char *sgr)
{
	if (l->colour && sgr)
		out_str(l->out, STR("\x1b[0m"));
}

static void blanks(struct out *o, size_t n)
{
	while (n--)
		out_char(o, ' ');
}

static size_t characters(struct str utf8)
{
	size_t n = 0;

	for (size_t i = 0; i < utf8.n; i++)
		n += (utf8.p[i] & 0xc0) != 0x80;
	return n;
}

/* Text of at least `width` characters, and a blank. */
static void column(const struct console_line *l, const char *sgr, struct str text, size_t width)
{
	size_t before, n;

	colour(l, sgr);
	before = l->out->n;
	console_text(l->out, text);
	n = characters(str_from(out_all(l->out), before));
	plain(l, sgr);
	blanks(l->out, n < width ? width - n + 1 : 1);
}

static void put_time(const struct console_line *l, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		tm = (struct tm){ 0 };
	colour(l, DIM);
	out_fmt(l->out, "%02d:%02d:%02d.%03u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		(unsigned)(ns / 1000000 % 1000));
	plain(l, DIM);
}

/* Three digits that matter: "870 µs", "12.4 ms", "1.02 s"; minutes from 100 s on. */
static struct str duration(char to[32], uint64_t ns)
{
	static const char *const unit[] = { "ns", "µs", "ms", "s" };
	double v = (double)ns;
	size_t u = 0;

	while (u < 3 && v >= 999.5) {
		v /= 1000;
		u++;
	}
	if (u == 3 && v >= 100)
		snprintf(to, 32, "%llu m %02llu s", (unsigned long long)(ns / 60000000000),
			 (unsigned long long)(ns / 1000000000 % 60));
	else
		snprintf(to, 32, "%.*f %s",
			 u == 0 || v >= 99.95 ? 0
			 : v >= 9.995	      ? 1
					      : 2,
			 v, unit[u]);
	return str_of(to);
}

static void put_duration(const struct console_line *l, uint64_t ns)
{
	char text[32];
	struct str s = duration(text, ns);

	blanks(l->out, characters(s) < DURATION_WIDTH ? DURATION_WIDTH - characters(s) : 0);
	out_str(l->out, s);
	out_char(l->out, ' ');
}

static void put_head(const struct console_line *l, uint64_t time_ns, const char *sgr,
		     struct str tag)
{
	put_time(l, time_ns);
	column(l, CYAN, l->resource->service.n ? l->resource->service : STR("-"), SERVICE_WIDTH);
	column(l, sgr, tag, TAG_WIDTH);
}

static void put_value(const struct console_line *l, const struct value *v)
{
	if (l->logs_only)
		console_value_whole(l->out, v);
	else
		console_value(l->out, v);
}

static void put_attributes(const struct console_line *l, struct attributes a)
{
	for (size_t i = 0; i < a.n; i++) {
		if (str_starts(a.item[i].key, STR("code.")))
			continue;
		out_char(l->out, ' ');
		colour(l, DIM);
		console_text(l->out, a.item[i].key);
		out_char(l->out, '=');
		plain(l, DIM);
		put_value(l, &a.item[i].value);
	}
	if (a.dropped)
		out_fmt(l->out, " (%u attributes dropped)", a.dropped);
}

/* After what describes the item; a second blank sets the list apart. */
static void put_attribute_list(const struct console_line *l, struct attributes a)
{
	if (a.n || a.dropped)
		out_char(l->out, ' ');
	put_attributes(l, a);
}

static void put_ids(const struct console_line *l, struct trace_id trace, struct span_id span)
{
	char text[32];

	if (!trace_id_is_set(trace))
		return;
	colour(l, DIM);
	out_str(l->out, STR("  trace="));
	hex_write(text, trace.b, sizeof(trace.b));
	out_bytes(l->out, text, 32);
	if (span_id_is_set(span)) {
		out_str(l->out, STR(" span="));
		hex_write(text, span.b, sizeof(span.b));
		out_bytes(l->out, text, 16);
	}
	plain(l, DIM);
}

static struct str kind_word(enum span_kind kind)
{
	switch (kind) {
	case SPAN_SERVER:
		return STR("server");
	case SPAN_CLIENT:
		return STR("client");
	case SPAN_PRODUCER:
		return STR("producer");
	case SPAN_CONSUMER:
		return STR("consumer");
	default:
		return STR("internal");
	}
}

static const char *kind_colour(enum span_kind kind)
{
	return kind == SPAN_SERVER || kind == SPAN_CONSUMER   ? GREEN
	       : kind == SPAN_CLIENT || kind == SPAN_PRODUCER ? BLUE
							      : NULL;
}

static void put_event(const struct console_line *l, const struct span *s,
		      const struct span_event *e)
{
	char text[32];

	colour(l, MAGENTA);
	out_str(l->out, STR(" | "));
	plain(l, MAGENTA);
	out_fmt(l->out, "+%s ",
		duration(text, e->time_ns > s->start_ns ? e->time_ns - s->start_ns : 0).p);
	console_text(l->out, e->name);
	put_attributes(l, e->attributes);
}

static void put_events(const struct console_line *l, const struct span *s)
{
	size_t n = s->n_events < EVENTS_MOST ? s->n_events : EVENTS_MOST;

	for (size_t i = 0; i < n; i++)
		put_event(l, s, &s->event[i]);
	if (n < s->n_events || s->dropped_events)
		out_fmt(l->out, " | %zu events more, %u dropped", s->n_events - n,
			s->dropped_events);
	if (s->n_links || s->dropped_links)
		out_fmt(l->out, "  links=%zu", s->n_links + s->dropped_links);
}

void console_span(const struct console_line *l, const struct span *s)
{
	put_head(l, s->end_ns, kind_colour(s->kind), kind_word(s->kind));
	put_duration(l, s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 0);
	colour(l, s->status == STATUS_ERROR ? BOLD ";" RED : BOLD);
	console_text(l->out, s->name);
	plain(l, BOLD);
	if (s->status == STATUS_ERROR) {
		colour(l, RED);
		out_str(l->out, s->status_message.n ? STR(" ERROR: ") : STR(" ERROR"));
		console_text(l->out, s->status_message);
		plain(l, RED);
	}
	put_attribute_list(l, s->attributes);
	put_events(l, s);
	put_ids(l, s->trace_id, s->span_id);
	out_char(l->out, '\n');
}

static struct str severity_word(int severity)
{
	static const char *const word[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL" };

	return severity >= 1 && severity <= 24 ? str_of(word[(severity - 1) / 4]) : STR("log");
}

static const char *severity_colour(int severity)
{
	return severity >= 17 ? RED : severity >= 13 ? YELLOW : severity >= 9 ? GREEN : DIM;
}

static void put_body(const struct console_line *l, const struct log_record *r)
{
	if (r->event_name.n) {
		colour(l, BOLD);
		console_text(l->out, r->event_name);
		plain(l, BOLD);
		if (r->body.type != VALUE_EMPTY)
			out_str(l->out, STR(": "));
	}
	if (r->body.type != VALUE_STRING && r->body.type != VALUE_EMPTY)
		put_value(l, &r->body);
	else if (r->body.type == VALUE_STRING && l->logs_only)
		console_text_whole(l->out, r->body.text);
	else if (r->body.type == VALUE_STRING)
		console_text(l->out, r->body.text);
}

/* "  (cart.c:42)": the file's last name, as people look for it. */
static void put_place(const struct console_line *l, struct attributes a)
{
	struct str file = attributes_text(a, STR("code.file.path"));
	int64_t line = attributes_int(a, STR("code.line.number"), 0);

	for (struct cut c = str_cut(file, '/'); c.found; c = str_cut(file, '/'))
		file = c.tail;
	if (!file.n)
		return;
	colour(l, DIM);
	out_str(l->out, STR("  ("));
	console_text(l->out, file);
	if (line > 0)
		out_fmt(l->out, ":%lld", (long long)line);
	out_char(l->out, ')');
	plain(l, DIM);
}

void console_log(const struct console_line *l, const struct log_record *r)
{
	struct str tag = r->severity ? severity_word(r->severity) : r->severity_text;

	put_head(l, r->time_ns ? r->time_ns : r->observed_ns, severity_colour(r->severity),
		 tag.n ? tag : STR("log"));
	if (!l->logs_only)
		blanks(l->out, DURATION_WIDTH + 1);
	put_body(l, r);
	put_attribute_list(l, r->attributes);
	put_place(l, r->attributes);
	put_ids(l, r->trace_id, r->span_id);
	out_char(l->out, '\n');
}

static struct str metric_word(enum metric_kind kind)
{
	switch (kind) {
	case METRIC_GAUGE:
		return STR("gauge");
	case METRIC_HISTOGRAM:
	case METRIC_EXPONENTIAL:
		return STR("histogram");
	case METRIC_SUMMARY:
		return STR("summary");
	default:
		return STR("sum");
	}
}

static void put_number(const struct console_line *l, double v)
{
	out_fmt(l->out, "%.6g", v);
}

static void put_counted(const struct console_line *l, const struct metric_point *p)
{
	out_u64(l->out, p->count);
	out_str(l->out, STR(" values"));
	if (!p->count)
		return;
	out_str(l->out, STR(", mean "));
	put_number(l, p->sum / (double)p->count);
	if (p->kind != METRIC_SUMMARY && point_has_extremes(p)) {
		out_str(l->out, STR(", "));
		put_number(l, p->min);
		out_str(l->out, STR(" to "));
		put_number(l, p->max);
	}
	for (size_t i = 0; i < p->n_quantiles; i++) {
		out_fmt(l->out, ", p%.6g ", p->quantile[i].quantile * 100);
		put_number(l, p->quantile[i].value);
	}
}

void console_point(const struct console_line *l, const struct metric_point *p)
{
	put_head(l, p->time_ns, YELLOW, metric_word(p->kind));
	blanks(l->out, DURATION_WIDTH + 1);
	colour(l, BOLD);
	console_text(l->out, p->name);
	plain(l, BOLD);
	out_char(l->out, ' ');
	if (p->kind >= METRIC_HISTOGRAM)
		put_counted(l, p);
	else if (p->is_double)
		out_f64(l->out, p->number);
	else
		out_i64(l->out, p->integer);
	if (p->unit.n && !str_eq(p->unit, STR("1"))) {
		out_char(l->out, ' ');
		console_text(l->out, p->unit);
	}
	put_attribute_list(l, p->attributes);
	out_char(l->out, '\n');
}
