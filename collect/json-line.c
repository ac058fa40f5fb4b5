/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/json-line.h"

#include "base/hex.h"
#include "base/severity.h"

#include <jansson.h>
#include <math.h>
#include <time.h>

enum { DEEP = 8 };

#define NS 1000000000ull

static struct str text_of(const json_t *v)
{
	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) }
				 : STR("");
}

static bool is_one(struct str key, const struct str *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(key, name[i]))
			return true;
	return false;
}

/* ---- what is known by its name -------------------------------------------------------------------- */

static bool take_message(struct json_line *l, const json_t *v, struct arena *arena)
{
	if (!json_is_string(v) || l->message.p)
		return false;
	l->message = arena_copy(arena, text_of(v));
	return l->message.p != NULL;
}

static bool take_level(struct json_line *l, const json_t *v, struct arena *arena)
{
	json_int_t number = json_integer_value(v);

	(void)arena;
	if (l->severity)
		return false;
	if (json_is_string(v))
		l->severity = severity_of(str_trim(text_of(v)));
	else if (number >= 10 && number <= 60 && number % 10 == 0)
		l->severity = (int)(number / 10 - 1) * 4 + 1;
	if (l->severity > SEVERITY_MOST)
		l->severity = 0;
	return l->severity != 0;
}

static bool take_digits(struct str *text, size_t n, int *out)
{
	int v = 0;

	if (text->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text->p[i] < '0' || text->p[i] > '9')
			return false;
		v = v * 10 + (text->p[i] - '0');
	}
	*text = str_from(*text, n);
	*out = v;
	return true;
}

static bool take_one(struct str *text, const char *of)
{
	if (!text->n || !strchr(of, text->p[0]) || !text->p[0])
		return false;
	*text = str_from(*text, 1);
	return true;
}

/* ".123456789", or nothing; digits behind the ninth are left out. */
static uint64_t take_fraction(struct str *text)
{
	uint64_t ns = 0, unit = NS / 10;

	if (!take_one(text, ".,"))
		return 0;
	for (; text->n && text->p[0] >= '0' && text->p[0] <= '9'; unit /= 10) {
		ns += (uint64_t)(text->p[0] - '0') * unit;
		*text = str_from(*text, 1);
	}
	return ns;
}

/* "Z", "+01:00", "-0330"; none is UTC. Seconds east. */
static bool take_zone(struct str *text, int *east)
{
	bool west;
	int h, m;

	*east = 0;
	if (!text->n)
		return true;
	if (take_one(text, "Zz"))
		return text->n == 0;
	west = text->p[0] == '-';
	if (!take_one(text, "+-") || !take_digits(text, 2, &h))
		return false;
	take_one(text, ":");
	if (!take_digits(text, 2, &m) || text->n || h > 23 || m > 59)
		return false;
	*east = (h * 60 + m) * (west ? -60 : 60);
	return true;
}

/* RFC 3339, and what ISO 8601 lets people write instead. */
static uint64_t time_text(struct str text)
{
	struct tm t = { 0 };
	uint64_t fraction;
	int64_t s;
	int east;

	if (!take_digits(&text, 4, &t.tm_year) || !take_one(&text, "-") ||
	    !take_digits(&text, 2, &t.tm_mon) || !take_one(&text, "-") ||
	    !take_digits(&text, 2, &t.tm_mday) || !take_one(&text, "Tt ") ||
	    !take_digits(&text, 2, &t.tm_hour) || !take_one(&text, ":") ||
	    !take_digits(&text, 2, &t.tm_min) || !take_one(&text, ":") ||
	    !take_digits(&text, 2, &t.tm_sec))
		return 0;
	fraction = take_fraction(&text);
	if (!take_zone(&text, &east) || t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 ||
	    t.tm_mday > 31 || t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 60 ||
	    t.tm_year < 1971 || t.tm_year > 2500)
		return 0;
	t.tm_year -= 1900;
	t.tm_mon--;
	s = (int64_t)timegm(&t) - east;
	return (uint64_t)s * NS + fraction;
}

/* Seconds, or thousandths, millionths, billionths of them, by its size. */
static uint64_t time_number(double v)
{
	if (!(v > 1e8) || !(v < 1e19))
		return 0;
	return v < 1e11	  ? (uint64_t)(floor(v) * 1e9) + (uint64_t)((v - floor(v)) * 1e9)
	       : v < 1e14 ? (uint64_t)(v * 1e6)
	       : v < 1e17 ? (uint64_t)(v * 1e3)
			  : (uint64_t)v;
}

static bool take_time(struct json_line *l, const json_t *v, struct arena *arena)
{
	(void)arena;
	if (l->time_ns)
		return false;
	l->time_ns = json_is_string(v)	 ? time_text(str_trim(text_of(v)))
		     : json_is_number(v) ? time_number(json_number_value(v))
					 : 0;
	return l->time_ns != 0;
}

static bool take_id(uint8_t *to, size_t n, const json_t *v)
{
	struct str text = text_of(v);
	uint8_t id[sizeof(struct trace_id)];

	if (text.n != 2 * n || !hex_read(id, n, text, false))
		return false;
	memcpy(to, id, n);
	return true;
}

static bool take_trace_id(struct json_line *l, const json_t *v, struct arena *arena)
{
	(void)arena;
	return take_id(l->trace_id.b, sizeof(l->trace_id.b), v);
}

static bool take_span_id(struct json_line *l, const json_t *v, struct arena *arena)
{
	(void)arena;
	return take_id(l->span_id.b, sizeof(l->span_id.b), v);
}

static const struct known {
	struct str name[4];
	bool (*take)(struct json_line *l, const json_t *v, struct arena *arena);
} known[] = {
	{ { STR("message"), STR("msg"), STR("event") }, take_message },
	{ { STR("level"), STR("severity"), STR("lvl"), STR("log.level") }, take_level },
	{ { STR("timestamp"), STR("time"), STR("ts"), STR("@timestamp") }, take_time },
	{ { STR("trace_id"), STR("traceId"), STR("trace.id") }, take_trace_id },
	{ { STR("span_id"), STR("spanId"), STR("span.id") }, take_span_id },
};

static bool take_known(struct json_line *l, struct str key, const json_t *v, struct arena *arena)
{
	for (size_t i = 0; key.n && i < sizeof(known) / sizeof(known[0]); i++)
		if (is_one(key, known[i].name, sizeof(known[i].name) / sizeof(known[i].name[0])))
			return known[i].take(l, v, arena);
	return false;
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static struct value value_of(const json_t *v, struct arena *arena, int deep);

static struct value array_of(const json_t *v, struct arena *arena, int deep)
{
	size_t n = json_array_size(v);
	struct value out = { .type = VALUE_ARRAY };
	struct value *item = n ? arena_take_n(arena, struct value, n) : NULL;

	for (size_t i = 0; item && i < n; i++)
		item[i] = value_of(json_array_get(v, i), arena, deep);
	out.array.item = item;
	out.array.n = item ? n : 0;
	return out;
}

static struct value map_of(const json_t *v, struct arena *arena, int deep)
{
	size_t n = json_object_size(v), i = 0;
	struct value out = { .type = VALUE_MAP };
	struct attribute *item = n ? arena_take_n(arena, struct attribute, n) : NULL;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)v, key, member)
	{
		if (!item || i == n)
			break;
		item[i++] = (struct attribute){ arena_copy(arena, str_of(key)),
						value_of(member, arena, deep) };
	}
	out.map.item = item;
	out.map.n = item ? i : 0;
	return out;
}

static struct value value_of(const json_t *v, struct arena *arena, int deep)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return (struct value){ .type = VALUE_STRING,
				       .text = arena_copy(arena, text_of(v)) };
	case JSON_INTEGER:
		return (struct value){ .type = VALUE_INT, .integer = json_integer_value(v) };
	case JSON_REAL:
		return (struct value){ .type = VALUE_DOUBLE, .number = json_real_value(v) };
	case JSON_TRUE:
	case JSON_FALSE:
		return (struct value){ .type = VALUE_BOOL, .boolean = json_is_true(v) };
	case JSON_ARRAY:
		return deep ? array_of(v, arena, deep - 1) : (struct value){ 0 };
	case JSON_OBJECT:
		return deep ? map_of(v, arena, deep - 1) : (struct value){ 0 };
	case JSON_NULL:
		break;
	}
	return (struct value){ 0 };
}

bool json_line_read(struct json_line *line, struct str text, struct arena *arena)
{
	json_error_t error;
	const char *key;
	json_t *all, *member;

	text = str_trim(text);
	if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}')
		return false;
	all = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &error);
	if (!json_is_object(all)) {
		json_decref(all);
		return false;
	}
	json_object_foreach(all, key, member)
	{
		if (!key[0] || take_known(line, str_of(key), member, arena))
			continue;
		if (line->n < line->most)
			line->item[line->n++] = (struct attribute){ arena_copy(arena, str_of(key)),
								    value_of(member, arena, DEEP) };
		else
			line->dropped++;
	}
	json_decref(all);
	return true;
}
