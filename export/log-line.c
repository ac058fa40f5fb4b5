/* SPDX-License-Identifier: Apache-2.0 */
#include "export/log-line.h"

#include "base/hex.h"

#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

/* ---- texts ------------------------------------------------------------------------------------ */

static void put_digits(char *to, unsigned n, uint64_t v)
{
	while (n--) {
		to[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

static void clock_set(struct log_clock *clock, uint64_t second)
{
	time_t t = (time_t)second;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year > 9999 - 1900)
		tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	memcpy(clock->text, "0000-00-00T00:00:00", sizeof(clock->text));
	put_digits(clock->text, 4, (uint64_t)tm.tm_year + 1900);
	put_digits(clock->text + 5, 2, (uint64_t)tm.tm_mon + 1);
	put_digits(clock->text + 8, 2, (uint64_t)tm.tm_mday);
	put_digits(clock->text + 11, 2, (uint64_t)tm.tm_hour);
	put_digits(clock->text + 14, 2, (uint64_t)tm.tm_min);
	put_digits(clock->text + 17, 2, (uint64_t)tm.tm_sec);
	clock->second = second;
}

/* "2026-11-21T11:26:50.123456Z" into 27 bytes. */
static void time_write(struct log_clock *clock, char *to, uint64_t ns)
{
	if (!clock->text[0] || clock->second != ns / NS_PER_S)
		clock_set(clock, ns / NS_PER_S);
	memcpy(to, clock->text, 19);
	to[19] = '.';
	put_digits(to + 20, 6, ns % NS_PER_S / 1000);
	to[26] = 'Z';
}

struct str log_level_text(int severity, bool upper)
{
	static const struct str low[] = { STR("trace"),	  STR("debug"), STR("info"),
					  STR("warning"), STR("error"), STR("critical") };
	static const struct str high[] = { STR("TRACE"),   STR("DEBUG"), STR("INFO"),
					   STR("WARNING"), STR("ERROR"), STR("CRITICAL") };

	if (severity < 1 || severity > 24)
		return STR("");
	return upper ? high[(severity - 1) / 4] : low[(severity - 1) / 4];
}

/* ---- what is known by name -------------------------------------------------------------------- */

static const struct {
	struct str name;
	enum log_field field;
} known[] = {
	{ STR("logger"), LOG_LOGGER },
	{ STR("request_id"), LOG_REQUEST_ID },
	{ STR("method"), LOG_METHOD },
	{ STR("path"), LOG_PATH },
	{ STR("code.file.path"), LOG_FILE },
	{ STR("code.line.number"), LOG_LINE },
	{ STR("code.function.name"), LOG_FUNCTION },
	{ STR("exception.type"), LOG_EXC_TYPE },
	{ STR("exception.message"), LOG_EXC_MESSAGE },
	{ STR("exception.stacktrace"), LOG_STACK },
};

enum { N_KNOWN = sizeof(known) / sizeof(known[0]) };

static enum log_field field_of(struct str key)
{
	if (key.n < 4 || !strchr("lrmpce", key.p[0]))
		return LOG_REST;
	for (size_t i = 0; i < N_KNOWN; i++)
		if (str_eq(key, known[i].name))
			return known[i].field;
	return LOG_REST;
}

static void text_set(struct log_line *l, enum log_field field, struct str text)
{
	if (!text.n)
		return;
	l->own[field] = (struct value){ VALUE_STRING, .text = text };
	l->field[field] = &l->own[field];
}

static void ids_set(struct log_line *l)
{
	const struct log_record *r = l->record;
	uint8_t flags = (uint8_t)r->flags;

	if (!trace_id_is_set(r->trace_id))
		return;
	hex_write(l->trace_id, r->trace_id.b, sizeof(r->trace_id.b));
	text_set(l, LOG_TRACE_ID, (struct str){ l->trace_id, 32 });
	hex_write(l->flags, &flags, 1);
	text_set(l, LOG_TRACE_FLAGS, (struct str){ l->flags, 2 });
	if (!span_id_is_set(r->span_id))
		return;
	hex_write(l->span_id, r->span_id.b, sizeof(r->span_id.b));
	text_set(l, LOG_SPAN_ID, (struct str){ l->span_id, 16 });
}

static void message_set(struct log_line *l)
{
	const struct log_record *r = l->record;

	if (r->body.type == VALUE_EMPTY)
		text_set(l, LOG_MESSAGE, r->event_name);
	else
		l->field[LOG_MESSAGE] = &r->body;
}

/* ---- pairs ------------------------------------------------------------------------------------ */

static void add(struct log_line *l, struct str key, const struct value *v, bool own)
{
	if (v && l->n < LOG_PAIRS_MOST)
		l->pair[l->n++] = (struct log_pair){ key, v, own };
}

static const struct log_rename *rename_of(const struct log_line *l, struct str name)
{
	const struct log_rename *r = l->access ? l->profile->access : NULL;

	for (; r && r->from.n; r++)
		if (str_eq(r->from, name))
			return r;
	return NULL;
}

static const struct value *seconds_of(struct log_line *l, const struct value *ms)
{
	double v = ms->type == VALUE_DOUBLE ? ms->number
		   : ms->type == VALUE_INT  ? (double)ms->integer
					    : 0;

	l->seconds = (struct value){ VALUE_DOUBLE, .number = v / 1000 };
	return &l->seconds;
}

static size_t append(char *to, size_t n, struct str text)
{
	text = str_first(text, LOG_URI_MOST - n);
	memcpy(to + n, text.p, text.n);
	return n + text.n;
}

static const struct value *uri_of(struct log_line *l, const struct value *path)
{
	struct str query = attributes_text(l->record->attributes, STR("query"));
	struct value *to = &l->own[LOG_PATH];
	size_t n;

	if (path->type != VALUE_STRING || !query.n)
		return path;
	n = append(l->uri, append(l->uri, append(l->uri, 0, path->text), STR("?")), query);
	*to = (struct value){ VALUE_STRING, .text = { l->uri, n } };
	return to;
}

/* By the name that this system has for it, in access lines. */
static void add_access(struct log_line *l, const struct log_rename *r, const struct value *v)
{
	if (r->as == LOG_SECONDS)
		v = seconds_of(l, v);
	else if (r->as == LOG_URI)
		v = uri_of(l, v);
	if (r->as != LOG_LEFT_OUT)
		add(l, r->to, v, false);
}

/* Is one of the profile's keys called so? */
static bool is_taken(const struct log_line *l, struct str name)
{
	for (const struct log_key *k = l->profile->key; k->key.n; k++)
		if (k->key.n == name.n && k->field != LOG_REST && str_eq(k->key, name))
			return true;
	return false;
}

static struct str another_name(struct log_line *l, struct str name)
{
	char *to;

	if (l->n_renamed == sizeof(l->renamed) / sizeof(l->renamed[0]))
		return name;
	to = l->renamed[l->n_renamed++];
	name = str_first(name, sizeof(l->renamed[0]) - 1);
	memcpy(to, name.p, name.n);
	to[name.n] = '_';
	return (struct str){ to, name.n + 1 };
}

/* What a debugger would ask for is for the page and its like: the stack trace says it in a line's form. */
static bool is_for_lines(struct str name)
{
	static const struct str left_out[] = { { "oriel.frames", 12 },
					       { "oriel.registers", 15 },
					       { "oriel.modules", 13 },
					       { "oriel.breadcrumbs", 17 } };

	for (size_t i = 0;
	     name.n > 6 && name.p[0] == 'o' && i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (str_eq(name, left_out[i]))
			return false;
	return true;
}

static void add_rest(struct log_line *l)
{
	struct attributes a = l->record->attributes;

	for (size_t i = 0; i < a.n && i < LOG_REST_MOST; i++) {
		struct str name = a.item[i].key;
		const struct log_rename *r;

		if (field_of(name) != LOG_REST || !is_for_lines(name))
			continue;
		r = rename_of(l, name);
		if (r)
			add_access(l, r, &a.item[i].value);
		else
			add(l, is_taken(l, name) ? another_name(l, name) : name, &a.item[i].value,
			    false);
	}
	if (l->record->event_name.n && l->field[LOG_MESSAGE] == &l->record->body) {
		l->seconds = (struct value){ VALUE_STRING, .text = l->record->event_name };
		add(l, STR("event_name"), &l->seconds, false);
	}
}

static void add_field(struct log_line *l, const struct log_key *k)
{
	const struct value *v = l->field[k->field];
	const struct log_rename *r = NULL;

	if (!v)
		return;
	if (k->field == LOG_METHOD || k->field == LOG_PATH)
		r = rename_of(l, k->field == LOG_METHOD ? STR("method") : STR("path"));
	if (r)
		add_access(l, r, v);
	else
		add(l, k->key, v,
		    v == &l->own[k->field] && k->field != LOG_LOGGER && k->field != LOG_SERVICE &&
			    k->field != LOG_MESSAGE);
}

void log_line_take(struct log_line *l, const struct log_profile *profile,
		   const struct log_record *record, const struct resource *resource,
		   struct log_clock *clock)
{
	struct str logger = record->scope ? record->scope->name : STR("");

	l->record = record;
	l->resource = resource;
	l->profile = profile;
	l->access = str_eq(logger, STR(LOG_ACCESS_SCOPE));
	l->n = l->n_renamed = 0;
	memset(l->field, 0, sizeof(l->field));
	time_write(clock, l->time, record->time_ns ? record->time_ns : record->observed_ns);
	text_set(l, LOG_TIME, (struct str){ l->time, 27 });
	text_set(l, LOG_LEVEL, log_level_text(record->severity, profile->upper));
	if (!l->field[LOG_LEVEL])
		text_set(l, LOG_LEVEL, profile->upper ? STR("INFO") : STR("info"));
	text_set(l, LOG_LOGGER,
		 l->access && profile->access_logger.n ? profile->access_logger : logger);
	message_set(l);
	text_set(l, LOG_SERVICE, resource->service);
	ids_set(l);
	for (size_t i = 0; i < record->attributes.n; i++) {
		enum log_field field = field_of(record->attributes.item[i].key);

		if (field != LOG_REST)
			l->field[field] = &record->attributes.item[i].value;
	}
	for (const struct log_key *k = profile->key; k->key.n; k++)
		if (k->field == LOG_REST)
			add_rest(l);
		else
			add_field(l, k);
}

struct str log_line_text(const struct log_line *l, enum log_field field)
{
	const struct value *v = l->field[field];

	return v && v->type == VALUE_STRING ? v->text : STR("");
}
