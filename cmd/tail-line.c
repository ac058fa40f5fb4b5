/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tail-line.h"

#include "cmd/page.h"
#include "export/console-text.h"

#include <string.h>
#include <time.h>

enum { SERVICE_WIDTH = 10, TAG_WIDTH = 9, DURATION_WIDTH = 9 };

static void put(struct out *o, const char *text)
{
	out_str(o, str_of(text));
}

static void put_time(struct out *o, const struct ink *ink, int64_t ns)
{
	time_t second = ns / 1000000000;
	struct tm tm;

	if (!localtime_r(&second, &tm))
		tm = (struct tm){ 0 };
	out_fmt(o, "%s%02d:%02d:%02d.%03d%s ", ink->dim, tm.tm_hour, tm.tm_min, tm.tm_sec,
		(int)(ns / 1000000 % 1000), ink->off);
}

static size_t characters(struct str utf8)
{
	size_t n = 0;

	for (size_t i = 0; i < utf8.n; i++)
		n += (utf8.p[i] & 0xc0) != 0x80;
	return n;
}

/* At least so wide, and a blank. */
static void column(struct out *o, const struct ink *ink, const char *colour, const char *text,
		   size_t width)
{
	size_t before, n;

	put(o, colour);
	before = o->n;
	console_text(o, str_of(*text ? text : "-"));
	n = o->error ? width : characters(str_from(out_all(o), before));
	put(o, ink->off);
	do
		out_char(o, ' ');
	while (n++ < width);
}

/* A program that has no name is called by its file's. */
static const char *service_of(const json_t *from)
{
	static const char unknown[] = "unknown_service:";
	const char *name = page_text(from, "service");

	return strncmp(name, unknown, sizeof(unknown) - 1) ? name : name + sizeof(unknown) - 1;
}

static void put_trace_id(struct out *o, const struct ink *ink, const json_t *from)
{
	const char *id = page_text(from, "trace_id");

	if (!*id)
		return;
	out_fmt(o, "  %strace=", ink->dim);
	console_text(o, str_of(id));
	put(o, ink->off);
}

/* ---- log records ------------------------------------------------------------------------------ */

static void put_json(struct out *o, const json_t *v)
{
	char *text;

	if (json_is_string(v)) {
		console_value(o,
			      &(struct value){ VALUE_STRING, .text = { json_string_value(v),
								       json_string_length(v) } });
		return;
	}
	if (json_is_real(v)) {
		out_f64(o, json_real_value(v));
		return;
	}
	text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	if (text)
		console_text(o, str_of(text));
	free(text);
}

static void put_attributes(struct out *o, const struct ink *ink, const json_t *attributes)
{
	const char *key;
	json_t *v;
	bool first = true;

	json_object_foreach((json_t *)attributes, key, v)
	{
		if (strncmp(key, "code.", 5) == 0)
			continue;
		out_fmt(o, "%s%s", first ? "  " : " ", ink->dim);
		console_text(o, str_of(key));
		out_fmt(o, "=%s", ink->off);
		put_json(o, v);
		first = false;
	}
}

static void put_place(struct out *o, const struct ink *ink, const json_t *attributes)
{
	const char *file = page_text(attributes, "code.file.path"), *slash = strrchr(file, '/');

	if (!*file)
		return;
	out_fmt(o, "  %s(", ink->dim);
	console_text(o, str_of(slash ? slash + 1 : file));
	out_fmt(o, ":%lld)%s", (long long)page_number(attributes, "code.line.number"), ink->off);
}

static const char *level_colour(const struct ink *ink, int64_t severity)
{
	return severity >= 17	? ink->bad
	       : severity >= 13 ? ink->note
	       : severity >= 9	? ink->good
				: ink->dim;
}

static const char *level_word(int64_t severity)
{
	static const char *const word[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL" };

	return severity >= 1 && severity <= 24 ? word[(severity - 1) / 4] : "log";
}

void tail_log(struct out *o, const struct ink *ink, const json_t *log)
{
	const json_t *attributes = json_object_get(log, "attributes");
	const json_t *body = json_object_get(log, "body");
	const char *logger = page_text(log, "scope"), *event = page_text(log, "event_name");
	int64_t severity = page_number(log, "severity");

	put_time(o, ink, page_number(log, "time_ns"));
	column(o, ink, ink->link, service_of(log), SERVICE_WIDTH);
	column(o, ink, level_colour(ink, severity), level_word(severity), TAG_WIDTH);
	if (*logger && strcmp(logger, "oriel") != 0) {
		put(o, ink->dim);
		console_text(o, str_of(logger));
		out_fmt(o, ":%s ", ink->off);
	}
	if (*event) {
		console_text(o, str_of(event));
		put(o, body ? ": " : "");
	}
	if (json_is_string(body))
		console_text(o, (struct str){ json_string_value(body), json_string_length(body) });
	else if (body)
		put_json(o, body);
	put_attributes(o, ink, attributes);
	put_place(o, ink, attributes);
	put_trace_id(o, ink, log);
	out_char(o, '\n');
}

/* ---- traces ----------------------------------------------------------------------------------- */

static void put_duration(struct out *o, int64_t ns)
{
	static const char *const unit[] = { "ns", "µs", "ms", "s" };
	double v = (double)ns;
	char text[32];
	size_t u = 0;

	while (u < 3 && v >= 999.5) {
		v /= 1000;
		u++;
	}
	snprintf(text, sizeof(text), "%.*f %s",
		 !u || v >= 99.95 ? 0
		 : v >= 9.995	  ? 1
				  : 2,
		 v, unit[u]);
	for (size_t n = characters(str_of(text)); n < DURATION_WIDTH; n++)
		out_char(o, ' ');
	put(o, text);
	out_char(o, ' ');
}

void tail_trace(struct out *o, const struct ink *ink, const json_t *trace)
{
	int64_t ns = page_number(trace, "duration_ns"), status = page_number(trace, "http_status");
	bool error = strcmp(page_text(trace, "status"), "error") == 0;

	put_time(o, ink, page_number(trace, "start_ns") + ns);
	column(o, ink, ink->link, service_of(trace), SERVICE_WIDTH);
	column(o, ink, ink->dim, page_text(trace, "kind"), TAG_WIDTH);
	put_duration(o, ns);
	put(o, error ? ink->bad : ink->bold);
	console_text(o, str_of(page_text(trace, "name")));
	put(o, ink->off);
	if (status)
		out_fmt(o, " %s%lld%s", status >= 500 ? ink->bad : "", (long long)status, ink->off);
	else if (error)
		out_fmt(o, " %serror%s", ink->bad, ink->off);
	out_fmt(o, "  %lld span%s", (long long)page_number(trace, "spans"),
		page_number(trace, "spans") == 1 ? "" : "s");
	put_trace_id(o, ink, trace);
	out_char(o, '\n');
}
